"""The mathematical objects of the papers: networks, traces, balls, attacks, training.

Knows nothing of claims, tests or statistics. Weight matrices are stored with units as rows,
`(out_features, in_features)`; Cao & Gu (2020) writes the transpose. Every tensor that belongs to
a random initialisation has a leading axis S over independent initialisations.
"""
