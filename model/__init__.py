"""The mathematical objects of the papers: networks, traces, balls, attacks, training.

Knows nothing of claims, tests or statistics. Weight matrices are stored with units as rows,
`(out_features, in_features)`; Cao & Gu (2020) writes the transpose. Every tensor that belongs to
a random initialisation has a leading axis S over independent initialisations.

The floors, from the ground up; a module imports only from floors below its own:

    probability, settings, randomness, draws, deadline, interrupts, thin: conventions, chance, time, thin products
    orthonormal, columns: orthonormal rows, factors that grow
    spectra, affordable, limits, activations, curvature: algebra, constants, calculus
    data, losses, kernels, gaussian, deferred: examples, losses, infinite width, the random matrices
    margins, changes, fully_connected: how labels are separated, what a layer moves by, other papers' networks
    separability, spanned, watched: the margins of a data set, the changes of a deferred matrix, and their gradients
    network: matrices and their changes
    trace, ball: one pass through a network, the neighbourhood of its weights
    difference, imposing, training, reach, empirical_kernels, reference_class: what is made of passes
    crossing: kinks of all layers at once
    attacks, blocks, streaming: the worst weights of a ball, runs at widths that nothing holds whole
"""
