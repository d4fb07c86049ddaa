"""Zou & Gu (2019): global convergence of (stochastic) gradient descent for deep ReLU networks.

Notation, paper -> here:
    W_l (m × m, units are rows)              the same; W_1 is m × d
    V (k × m), fixed, rows N(0, I/k)         the output layer; k is `case.parameters["k"]`
    x_{l,i}                                  `trace.features[l][:, i]`, x_0 the input
    σ'(⟨w_{l,j}, x_{l−1,i}⟩)                 `trace.patterns[l − 1][:, i]`, 0 at 0
    L (depth), L(W) (loss)                   L counts hidden layers; the loss is ½‖f(x) − y‖², averaged over n
    W^(0), W^(t)                             `case.at_initial`; along a run, `model.training`
    ‖W‖_2, ‖W‖_F of a collection             the largest spectral norm of a layer; the root of the sum of squares
    B(W^(0), τ)                              per-layer spectral ball, `model.ball.Ball`
    B (minibatch)                            `batch`, so that B is Cao & Gu's gradient bound everywhere
    φ, μ, λ_0                                smallest distance of two inputs, their last coordinate, λ_min(H)

The modules below are the paper's statements, in its order.
"""

from lemmata.claims.zou_gu_2019 import (
    definitions,
    algorithm,
    gram_positive,
    table_1,
    table_1_on_data,
    assumptions,
    descent_converges,
    improvements,
    data_norms,
    stochastic_descent_converges,
    gradients_split,
    gradient_regions,
    gradient_bounded_below,
    trajectory_short,
    initial_loss,
    semi_smooth,
    linear_rate,
    labels_fitted,
    proof_exponents,
    errata,
)
