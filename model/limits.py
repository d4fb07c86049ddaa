"""Limits at infinite width that are known in closed form.

The first-layer constants follow from the density √(m / 4π) of the pre-activations N(0, 2/m) at zero.
"""

import math

from scipy.special import ndtri

FLIPS = (3 / math.pi) ** (1 / 3)
"""Units flipped by a first-layer change of Frobenius norm τ, over m τ^{2/3}: 0.9847."""

FLIPPED_SIGNAL = math.sqrt(FLIPS)
"""sup ‖vᵀ(Σ − Σ⁽⁰⁾)‖ over the ball at one hidden layer, over √m τ^{1/3}: 0.9923."""

PAIR_FLIPS = (6 / math.pi) ** (1 / 3)
"""The same between two networks that both lie within τ: 1.2407."""

ACTIVATED = (6 * math.sqrt(math.pi)) ** (1 / 3) / (2 * math.sqrt(math.pi))
"""Units that can be switched on, or flipped with one sign of v, over m τ^{2/3}: 0.6204."""

LINEARISATION = 0.75 * (4 * math.sqrt(math.pi)) ** (-1 / 3)
"""Largest linearisation error from W⁽⁰⁾ at one hidden layer, over √m τ^{4/3}: 0.3904."""

KINK_PLACEMENT = math.sqrt(ACTIVATED)
"""Linearisation error over √m τ^{1/3} ‖step‖ from a W̃ on the kinks, one hidden layer: 0.7876."""

KINK_CERTIFICATE = KINK_PLACEMENT * 2 ** (1 / 6)
"""No pair in the ball exceeds this multiple of √m τ^{1/3} ‖step‖, one hidden layer: 0.884."""

GAUSSIAN_FLIPS = (3 / math.pi) ** (1 / 6) * (2 * math.sqrt(2 / math.pi)) ** (1 / 3)
"""Norm of a Gaussian V on the units that a change of norm τ can flip, over √(m/k) τ^{1/3}, one hidden layer: 1.1596."""

GAUSSIAN_KINK_PLACEMENT = GAUSSIAN_FLIPS * 2 ** (-1 / 3)
"""`KINK_PLACEMENT` for a Gaussian V with one output: half of the units have the sign that is needed: 0.9204."""

OUTPUT_VARIANCE = 1 - 1 / math.pi
"""Var f(x) at initialisation with a balanced v, exact at every even width and depth."""


FEWEST = 3
"""Flipped units below which a worst case may flip none: then Ŵ and W⁽⁰⁾ have the same patterns."""


def flipping_radius(units: float, width: int) -> float:
    """The radius at which the closed-form worst case flips about `units` of `width` units.

    Pre-activations are N(0, 2/m), dense enough at 0 for the distances to the kink, in increasing order, to be
    √π m^{−3/2} times the arrivals of a Poisson process. The k-th has mean square π m^{−3} k (k + 1), and the
    first K sum to τ² = (π/3) m^{−3} K (K + 1) (K + 2) on average: K is about (3/π)^{1/3} m τ^{2/3}.
    """
    return math.sqrt(math.pi / 3 * units * (units + 1) * (units + 2) / width**3)


def spectral_edge(out_features: float, in_features: float) -> float:
    """‖W‖_2 of an out × in matrix with entries N(0, 2/out): √2 (1 + √(in / out))."""
    return math.sqrt(2) * (1 + math.sqrt(in_features / out_features))


def propagator_edge(layers: int) -> float:
    """‖M_{r→r+layers}‖_2 between equal widths: √((k + 1)^{k+1} / k^k) at k = layers."""
    k = layers
    return math.sqrt((k + 1) ** (k + 1) / k**k) if k else 1.0


def product_edge(factors: int) -> float:
    """‖Π Σ_r W_r‖_2 of `factors` square masked layers whose innermost input is unmasked.

    x* = (1 + z)^k (2 + z) / z at the positive root of 1/z = k / (1 + z) + 1 / (2 + z); the norm is √x*.
    """
    k = factors
    # (1 + z)(2 + z) = k z (2 + z) + z (1 + z)  <=>  k z² + (2k − 2) z − 2 = 0
    z = (-(k - 1) + math.sqrt((k - 1) ** 2 + 2 * k)) / k
    return math.sqrt((1 + z) ** k * (2 + z) / z)


def feature_stretch(depth: int, radius: float) -> float:
    """sup ‖x_L‖ over the Frobenius ball, to first order in the radius: 1 + τ Σ_{k<L} √(k + 1)."""
    return 1 + radius * sum(math.sqrt(k + 1) for k in range(depth))


def top_entries(share: float) -> float:
    """Norm of the ⌈share · m⌉ largest entries of a standard Gaussian vector, over √m."""
    if not 0 < share < 1:
        return float(share > 0)
    q = -ndtri(share / 2)
    density = math.exp(-q * q / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(2 * q * density + share)


def deep_kink_placement(depth: int) -> float:
    """`KINK_PLACEMENT` with kinks of all layers and the layers' budgets shared: max √Σ_l c_l (Σ_{r≤l} a_rl)^{2/3}.

    Over rows a_r ≥ 0 of length 1: what layer r spends on the kinks of the layers above it and on its own. c_l is
    `GAUSSIAN_KINK_PLACEMENT`² below the top, whose signal is ±1 with c_L = `KINK_PLACEMENT`². The sum is concave, so
    the rows that lie along its slope, to which the iteration comes, are its maximum. It is a lower bound of the worst
    case, to leading order in small τ at infinite width, conjectured to be attained.
    """
    worth = [GAUSSIAN_KINK_PLACEMENT**2] * (depth - 1) + [KINK_PLACEMENT**2]
    rows = [[float(l >= r) for l in range(depth)] for r in range(depth)]
    for _ in range(200):
        spent = [sum(rows[r][l] for r in range(l + 1)) for l in range(depth)]
        slopes = [c * s ** (-1 / 3) for c, s in zip(worth, spent, strict=True)]
        rows = [[slope * (l >= r) for l, slope in enumerate(slopes)] for r in range(depth)]
        rows = [[x / math.hypot(*row) for x in row] for row in rows]
    return math.sqrt(sum(c * sum(row[l] for row in rows) ** (2 / 3) for l, c in enumerate(worth)))
