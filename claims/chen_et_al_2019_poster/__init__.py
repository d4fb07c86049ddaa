"""Chen, Cao, Zou & Gu (2019), poster: how much over-parameterisation is sufficient to learn deep ReLU networks.

Notation, paper -> here:
    L                                        all weight layers: L − 1 hidden ones and the trained top layer
    m^α · W_L σ(W_{L−1} … σ(W_1 x))          `setting.scaled(alpha)`; α is in (0, 1/2], and 1/2 is the slides' network
    W_l, l < L (units are rows), W_L (1 × m) hidden entries N(0, 2/m), top entries N(0, 1/m)
    L_i, L_S                                 the logistic loss of example i, and its mean
    B(W^(0), R m^{−α})                       printed without a norm; per-layer Frobenius here, as its exponents need
    W*                                       a reference in that ball with every L_i(W*) < ε
    m^α in exponent arithmetic               `m_to_alpha`

The modules below are the poster's statements, in its order.
"""

from lemmata.claims.chen_et_al_2019_poster import (
    networks_defined,
    initial_weights,
    losses_defined,
    reference_points,
    descent_converges,
    iterates_generalise,
    exponents,
    errata,
)
