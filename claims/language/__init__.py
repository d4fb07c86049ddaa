"""What a statement is written in. Knows no claim."""
