"""Statements run inside their own conditions."""
