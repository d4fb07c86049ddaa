"""Cao & Gu (2019), slides: generalisation bounds of stochastic gradient descent for wide and deep networks.

Notation, paper -> here:
    L                                        all weight layers: L − 1 hidden ones and the trained top layer
    √m · W_L σ(W_{L−1} … σ(W_1 x))           `scale` times the output layer, which is W_L and moves
    W_l, l < L (units are rows), W_L (1 × m) hidden entries N(0, 2/m), top entries N(0, 1/m)
    L_{(x_i, y_i)}(W)                        the logistic loss of one example
    F(W^(0), R)                              linear in increments of at most R m^{−1/2} per layer, Frobenius
    Θ^(L)                                    limit of ⟨∇f(x_i), ∇f(x_j)⟩ / m over all L layers, `model.kernels`
    Ŵ                                        uniform over W^(0), …, W^(n−1)

The modules below are the slides' statements, in their order.
"""

from lemmata.claims.cao_gu_2019_slides import (
    networks_defined,
    initial_weights,
    losses_defined,
    one_pass,
    class_width,
    sgd_generalises,
    tangent_kernel_limit,
    classifiability,
    class_radius,
    almost_linear,
    loss_shapes,
    width_free,
    proof_overview,
    errata,
)
