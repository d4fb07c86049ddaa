"""From jobs to numbers, in parallel, kept as they land. Knows nothing of verdicts."""
