"""From numbers to verdicts: evidence, growth, constants. Knows nothing of how they are shown."""
