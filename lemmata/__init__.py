"""Theorem-checking property tests for the lemmas of over-parameterised deep ReLU network theory."""
