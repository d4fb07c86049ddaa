"""A file per line of `lemmata --help`."""
