"""Verdicts as tables, documents, pages and figures. Computes no statistics."""
