"""Cao & Gu (2020): generalisation and convergence of gradient descent for deep ReLU networks.

Notation, paper -> here:
    W_l (m_{l−1} × m_l, units are columns)   the transpose, units are rows
    x_{l,i}                                  `trace.features[l][:, i]`, x_0 the input
    Σ_l(x_i)                                 `trace.patterns[l − 1][:, i]`, strict inequality
    v^T Π_{r>l} Σ_r W_r^T  (to x_l)          `trace.unmasked_signals[l − 1]`; times Σ_l: `trace.signals[l − 1]`
    W^(0), W̃, Ŵ                             `case.at_initial`, `case.at_expansion`, `case.at_moved`
    Ŵ − W̃                                   `case.difference`
    E_S                                      `model.losses.surrogate_error`
    τ, W_τ                                   per-layer Frobenius ball, `model.ball.Ball`

The modules below are the paper's statements, in its order.
"""

from lemmata.claims.cao_gu_2020 import (
    networks_defined,
    assumptions_hold,
    norms_relaxed,
    loss_facts,
    generalization,
    capacity_bounded,
    weights_close,
    gradient_dominated,
    descent_converges,
    width_free,
    data_separable,
    learned_distributions,
    gradients_bounded,
    almost_linear,
    semi_smooth,
    outputs_bounded,
    gradients_bounded_below,
    matrix_products,
    norms_bounded,
    features_lipschitz,
    patterns_stable,
    signals_bounded,
    difference_splits,
    difference_bounded,
    loss_difference_bounded,
    features_separable,
    initial_gradients_bounded_below,
    gradients_near_initial,
    witnesses_constructed,
    error_bounds,
    convergence_conditions,
    corollary_sizes,
    depth_bookkeeping,
    errata,
)
