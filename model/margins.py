"""How well labels are separated: quadratic programmes over weights of the examples, and Assumption 4.10.

Each comes with a certificate: a duality gap, a bracket, or a second programme with the same optimum.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linprog, nnls
from scipy.special import gammaln, ndtri
from torch import Tensor

from lemmata.model.deadline import seconds_left
from lemmata.model.kernels import UNIT_NORM
from lemmata.model.randomness import generator, stream

LARGEST_RANDOM_FEATURE_MARGIN = 1 / math.sqrt(2 * math.pi)
"""No data has a larger γ in Assumption 4.10: E|c(u) σ(u·x)| ≤ E σ(u·x) = 1/√2π for a unit vector x."""

ROUNDING = 0.6
"""Asymmetry and negative eigenvalues up to eps to this power, of the largest entry, pass for rounding."""

PLANAR_ROUNDS = 12
"""Programmes solved at most for inputs in a plane; the cuts converge quadratically."""

QUARTER_TURNS = np.array([-0.5, 0.5]) * math.pi

REPLICATES = 16
"""Independent random shifts of the point set from which the error of a sampled margin is estimated."""


class SimplexMinimum(NamedTuple):
    """min pᵀ G p over the probability simplex.

    Attributes:
        value: pᵀ G p, (…,): at most `gap` above the minimum.
        minimiser: p, (…, n).
        gap: 2 (pᵀ G p − min_i (G p)_i), (…,): the duality gap at p, zero only at the minimum.
    """

    value: Tensor
    minimiser: Tensor
    gap: Tensor


class RandomFeatureMargin(NamedTuple):
    """A bracket of the largest γ of cao-gu-2020 Assumption 4.10.

    Attributes:
        lower: the margin of f(x) = E[c(u) σ(u·x)] with c(u) = sign Σ_i p_i y_i σ(u·x_i).
        upper: E|Σ_i p_i y_i σ(u·x_i)|, which no f exceeds.
        error: bounds the error of either expectation: four standard errors, or rounding where it is exact.
        weights: p, (n,).
    """

    lower: float
    upper: float
    error: float
    weights: Tensor


class PlanarFeature(NamedTuple):
    """f(x) = E[c(u) σ(u·x)] with c constant on arcs of the direction of u in the inputs' plane.

    Attributes:
        basis: orthonormal rows that span the plane, (2, d).
        starts: where each arc begins, ascending in [0, 2π), (a,); the last one wraps.
        c: on each arc, in [−1, 1], (a,).
        values: f(x_i), exact, (n,).
    """

    basis: Tensor
    starts: Tensor
    c: Tensor
    values: Tensor

    def at(self, u: Tensor) -> Tensor:
        """c(u) for rows u, (…, d) -> (…)."""
        plane = u @ self.basis.mT
        angle = torch.atan2(plane[..., 1], plane[..., 0]) % (2 * math.pi)
        return self.c[torch.searchsorted(self.starts, angle.contiguous(), right=True) - 1]


def simplex_minimum(gram: Tensor) -> SimplexMinimum:
    """min over the probability simplex of pᵀ G p, by a finite active-set method (Wolfe 1976).

    Args:
        gram: (…, n, n), symmetric positive semidefinite.

    Raises:
        ValueError: if G is not square, finite, symmetric and positive semidefinite to rounding.
    """
    if gram.ndim < 2 or gram.shape[-1] != gram.shape[-2] or not gram.shape[-1]:
        raise ValueError(f"shape {tuple(gram.shape)} must end in two equal positive sizes")
    flat = gram.detach().cpu().double().reshape(-1, *gram.shape[-2:]).numpy()
    rounding = torch.finfo(gram.dtype).eps ** ROUNDING
    weights = torch.from_numpy(np.stack([_simplex_minimiser(g, rounding) for g in flat])).to(gram)
    minimiser = weights.reshape(gram.shape[:-1])
    pull = (gram @ minimiser[..., None]).squeeze(-1)
    value = (minimiser * pull).sum(-1)
    return SimplexMinimum(value, minimiser, 2 * (value - pull.amin(-1)))


def signed(kernel: Tensor, labels: Tensor) -> Tensor:
    """Y K Y, (…, n, n), for labels ±1, (n, 1) or (…, n, 1).

    Raises:
        ValueError: if a label is not ±1, or there is not one for each row of the kernel.
    """
    labels = _signs(labels, kernel.shape[-1]).to(kernel)
    return labels * kernel * labels.mT


def hard_margin(kernel: Tensor, labels: Tensor) -> Tensor:
    """max over ‖f‖ ≤ 1 in the kernel's Hilbert space of min_i y_i f(x_i) = √(min_p pᵀ Y K Y p), (…,).

    Of κ^{(L−1)} it is the largest γ of cao-gu-2020 Assumption 4.12; of H_L it is the limit of B in (4.1).

    Args:
        kernel: (…, n, n).
        labels: ±1, (n, 1).
    """
    return simplex_minimum(signed(kernel, labels)).value.clamp_min(0).sqrt()


def label_complexity(kernel: Tensor, labels: Tensor) -> Tensor:
    """inf over ỹ_i y_i ≥ 1 of ỹᵀ Θ⁻¹ ỹ, (…,), which is 1 / `hard_margin`², by a programme of its own.

    With Θ = R Rᵀ and ỹ = Y (1 + t) it is the non-negative least-squares problem min_{t ≥ 0} ‖R⁻¹ Y (1 + t)‖².

    Args:
        kernel: Θ, (…, n, n), positive semidefinite; infinite where it has no inverse, up to rounding.
        labels: ±1, (n, 1).

    Source: cao-gu-2019-slides, Corollary (NTK bound).
    """
    factor, failed = torch.linalg.cholesky_ex(signed(kernel, labels).detach().cpu().double())
    eye = torch.eye(kernel.shape[-1], dtype=factor.dtype)
    inverse = torch.linalg.solve_triangular(torch.where(failed[..., None, None] > 0, eye, factor), eye, upper=False)
    roots = inverse.reshape(-1, *inverse.shape[-2:]).numpy()
    values = torch.tensor([nnls(root, -root.sum(-1))[1] ** 2 for root in roots], dtype=torch.float64)
    return torch.where(failed > 0, math.inf, values.reshape(kernel.shape[:-2])).to(kernel)


def random_feature_margin(inputs: Tensor, labels: Tensor, *, points: int = 2**12) -> RandomFeatureMargin:
    """The largest γ of Assumption 4.10, min over the simplex of E_u|Σ_i p_i y_i σ(u·x_i)|.

    Both sides of the minimax identity are evaluated at one p, so that the bracket needs no trust in the
    search. In a plane the expectations are integrals of sines and exact; otherwise they are averages over
    16 random shifts of a Sobol' set on the sphere of the inputs' span, the same at every call.

    Args:
        inputs: (n, d), unit rows.
        labels: ±1, (n, 1).
        points: directions in each of the 16 samples, a power of two.

    Raises:
        ValueError: if an input is not a unit vector, a label not ±1, or the number of points no power of two.
        ArithmeticError: if the bracket lies above 1/√2π by more than its error, which no data can.

    Source: cao-gu-2020 Assumption 4.10.
    """
    if points < 2 or points & (points - 1):
        raise ValueError(f"{points=} must be a power of two")
    norms = torch.linalg.vector_norm(inputs, dim=-1)
    if not bool(((norms - 1).abs() <= UNIT_NORM).all()):
        raise ValueError(f"norms in [{float(norms.min())}, {float(norms.max())}] must all be 1")
    signs = _signs(labels, len(inputs))[:, 0].cpu().double().numpy()
    coordinates, _ = _in_span(inputs.detach().cpu().double().numpy())
    if coordinates.shape[1] == 2:
        margin, _, _ = _planar_margin(coordinates, signs)
    else:
        margin = _sampled_margin(coordinates, signs, points)
    if not margin.lower <= LARGEST_RANDOM_FEATURE_MARGIN + margin.error:
        raise ArithmeticError(f"{margin} must not exceed {LARGEST_RANDOM_FEATURE_MARGIN}")
    return margin


def planar_feature(inputs: Tensor, labels: Tensor) -> PlanarFeature:
    """The random ReLU feature that attains the lower end of `random_feature_margin`, for inputs in a plane.

    Args:
        inputs: (n, d), unit rows in one plane, d ≥ 2.
        labels: ±1, (n, 1).

    Raises:
        ValueError: if the inputs span more than a plane or less than d = 2 has room for, or a label is not ±1.
    """
    rows = inputs.detach().cpu().double().numpy()
    coordinates, basis = _in_span(rows)
    if coordinates.shape[1] > 2 or rows.shape[1] < 2:
        raise ValueError(f"inputs span {coordinates.shape[1]} dimensions of {rows.shape[1]}: must span at most 2 of 2")
    _, cuts, c = _planar_margin(coordinates, _signs(labels, len(inputs))[:, 0].cpu().double().numpy())
    starts = np.unique(cuts % (2 * math.pi))
    values = c @ _arc_features(cuts, coordinates)
    return PlanarFeature(*(torch.from_numpy(part).to(inputs) for part in (basis, starts, c, values)))


def _signs(labels: Tensor, examples: int) -> Tensor:
    if labels.shape[-2:] != (examples, 1) or not bool((labels.abs() == 1).all()):
        raise ValueError(f"labels of shape {tuple(labels.shape)} must be ±1, of shape {(examples, 1)}")
    return labels


def _simplex_minimiser(gram: np.ndarray, rounding: float) -> np.ndarray:
    """p, (n,)."""
    scale = np.abs(gram).max()
    if not np.isfinite(scale) or not np.abs(gram - gram.T).max() <= rounding * scale:
        raise ValueError("the Gram matrix must be finite and symmetric")
    if scale == 0:
        return np.full(len(gram), 1 / len(gram))
    smallest = np.linalg.eigvalsh(gram / scale)[0]
    if smallest < -rounding:
        raise ValueError(f"smallest eigenvalue {smallest * scale} of the Gram matrix must not be negative")
    return _nearest_point(gram / scale)


def _nearest_point(gram: np.ndarray) -> np.ndarray:
    """Wolfe's method: p, (n,), for the point of a convex hull nearest to 0, given the Gram of its vertices.

    The support grows by the vertex that the current point is furthest beyond, and shrinks when the minimiser
    of its affine hull leaves the simplex. Every round lowers the value, or is the last. Where the minimiser of
    the whole affine hull lies in the simplex it is the answer, in one step.
    """
    if (whole := _affine_minimiser(gram)).min() >= 0:
        return whole / whole.sum()
    vertex = int(gram.diagonal().argmin())
    support, p = [vertex], np.ones(1)
    value = gram[vertex, vertex]
    while True:
        pull = gram[:, support] @ p
        entering = int(pull.argmin())
        if entering in support:
            break
        trial, q = [*support, entering], np.append(p, 0.0)
        part = gram[trial][:, trial]
        while (target := _affine_minimiser(part)).min() < 0:
            falling = target < q
            step = np.where(falling, q / np.where(falling, q - target, 1.0), 1.0)
            q = q + min(step.min(), 1.0) * (target - q)
            kept = (q > 0) & (np.arange(len(q)) != step.argmin())
            trial, q, part = [i for i, keep in zip(trial, kept, strict=True) if keep], q[kept], part[kept][:, kept]
        lower = target @ part @ target
        if not lower < value:
            break
        support, p, value = trial, target, lower
    weights = np.zeros(len(gram))
    weights[support] = p
    return weights / weights.sum()


def _affine_minimiser(gram: np.ndarray) -> np.ndarray:
    """q, (s,), with 1ᵀ q = 1 and G q constant, from the bordered system; least squares where it is singular."""
    size = len(gram)
    bordered, target = np.ones((size + 1, size + 1)), np.zeros(size + 1)
    bordered[:size, :size], bordered[size, size], target[size] = gram, 0.0, 1.0
    return np.linalg.lstsq(bordered, target, rcond=None)[0][:-1]


def _in_span(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inputs in an orthonormal basis of their span, (n, r), r ≥ 2, and the basis, (r, d) where d has room.

    What u·x depends on is Gaussian there too.
    """
    left, values, right = np.linalg.svd(inputs, full_matrices=inputs.shape[0] < 2)
    rank = max(2, int((values > values[0] * len(inputs) * np.finfo(float).eps).sum()))
    coordinates = (left[:, : len(values)] * values)[:, :rank]
    return np.pad(coordinates, ((0, 0), (0, rank - coordinates.shape[1]))), right[:rank]


def _planar_margin(inputs: np.ndarray, signs: np.ndarray) -> tuple[RandomFeatureMargin, np.ndarray, np.ndarray]:
    """The margin of inputs (n, 2) by column generation: c constant on arcs, cut where the optimum wants them cut.

    Returns the cuts and the c of the lower bound too.

    On an arc between kinks the features are sines, with exact integrals, and c constant on arcs is a feasible
    function whose best margin is a linear programme: the lower bound. Its dual solution p gives the upper
    bound, and new cuts where Σ_i p_i y_i σ(u·x_i) changes its sign. The arcs beside those are halved as well:
    p is a vertex of the solutions, and its own sign changes alone may all be cuts already.
    """
    kinks = (np.arctan2(inputs[:, 1], inputs[:, 0])[:, None] + QUARTER_TURNS).ravel()
    cuts = np.append(kinks, np.linspace(0, 2 * math.pi, 64, endpoint=False))
    lower, upper, best, witness = -1.0, math.inf, np.empty(0), (cuts, np.empty(0))
    error = 16 * len(inputs) * float(np.finfo(float).eps)
    for _ in range(PLANAR_ROUNDS):
        margin, weights, c = _largest_margin(signs * _arc_features(cuts, inputs))
        zeros = _sign_changes(kinks, inputs, signs * weights)
        bound = float(np.abs(_arc_features(np.append(kinks, zeros), inputs) @ (signs * weights)).sum())
        lower, witness = (margin, (cuts, c)) if margin > lower else (lower, witness)
        upper, best = (bound, weights) if bound < upper else (upper, best)
        if upper - lower <= error:
            break
        middles = _arcs(np.append(cuts, zeros)).mean(1)
        beside = np.searchsorted(middles, zeros % (2 * math.pi))
        cuts = np.concatenate([cuts, zeros, middles[beside - 1], middles[beside % len(middles)]])
    return RandomFeatureMargin(lower, upper, error, torch.from_numpy(best)), *witness


def _sign_changes(kinks: np.ndarray, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Where Σ_i w_i σ(u·x_i) may vanish: u orthogonal to Σ_active w_i x_i, on each arc between kinks."""
    active = _directions(_arcs(kinks).mean(1)) @ inputs.T > 0
    z = (active * weights) @ inputs
    angles = np.arctan2(z[:, 1], z[:, 0])[:, None] + QUARTER_TURNS
    start, end = _arcs(kinks).T[:, :, None]
    return angles[(angles - start) % (2 * math.pi) < end - start]


def _arcs(cuts: np.ndarray) -> np.ndarray:
    """The arcs of the circle between neighbouring cuts, (cuts, 2), ends in order; the last one wraps."""
    start = np.unique(cuts % (2 * math.pi))
    return np.stack([start, np.append(start[1:], start[0] + 2 * math.pi)], 1)


def _directions(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], -1)


def _arc_features(cuts: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """E[σ(u·x_i) 1{u in arc}] for u Gaussian in the plane, (arcs, n), the kinks being among the cuts."""
    arcs = _arcs(cuts)
    middle, half = arcs.mean(1), (arcs[:, 1] - arcs[:, 0]) / 2
    # The integral of x·u over an arc is 2 sin(half its length) x·u at its middle; E‖u‖ = √(π/2).
    scale = 2 * np.sin(half) * math.sqrt(math.pi / 2) / (2 * math.pi)
    return scale[:, None] * (_directions(middle) @ inputs.T).clip(0)


def _largest_margin(features: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """max over c in [−1, 1]^N of min_i Σ_u c_u features_{ui}, at least the 0 of c = 0, its dual p, (n,), and c."""
    size, n = features.shape
    scale = np.abs(features).sum(0).max()
    result = linprog(
        np.append(np.zeros(size), -1.0),
        A_ub=np.hstack([-features.T / scale, np.ones((n, 1))]),
        b_ub=np.zeros(n),
        bounds=[*[(-1, 1)] * size, (None, None)],
        method="highs",
        options={
            "primal_feasibility_tolerance": 1e-10,
            "dual_feasibility_tolerance": 1e-10,
            "time_limit": seconds_left(),
        },
    )
    if result.status == 1:
        raise TimeoutError(f"linear programme of {n} rows and {size} columns")
    if result.status != 0:
        raise ArithmeticError(f"linear programme failed: {result.message}")
    weights = (-result.ineqlin.marginals).clip(0)
    c = result.x[:-1].clip(-1, 1)
    margin = float((c @ features).min())
    return max(0.0, margin), weights / weights.sum(), c if margin > 0 else np.zeros(size)


def _sampled_margin(inputs: np.ndarray, signs: np.ndarray, points: int) -> RandomFeatureMargin:
    """The margin of inputs (n, r) from averages over directions.

    The optimum of an average is on average at most the optimum: the lower bound. The average over fresh
    directions at any p is on average at least the optimum: the upper bound.
    """
    rng = generator(stream(0, "random-feature-margin"))
    fits = [_largest_margin(signs * _sampled_features(inputs, points, rng)) for _ in range(REPLICATES)]
    weights = np.mean([p for _, p, _ in fits], 0)
    lower = np.array([value for value, _, _ in fits])
    upper = [np.abs(_sampled_features(inputs, points, rng) @ (weights * signs)).sum() for _ in range(REPLICATES)]
    error = 4 * max(np.std(lower, ddof=1), np.std(upper, ddof=1)) / math.sqrt(REPLICATES)
    return RandomFeatureMargin(float(lower.mean()), float(np.mean(upper)), float(error), torch.from_numpy(weights))


def _sampled_features(inputs: np.ndarray, points: int, rng: np.random.Generator) -> np.ndarray:
    """σ(u·x_i) E‖u‖ / N at N directions u, spread evenly up to one random shift, and their opposites, (N, n)."""
    from scipy.stats import qmc  # slow to import, and needed here alone

    r = inputs.shape[1]
    cube = qmc.Sobol(r, scramble=False).random_base2((points // 2).bit_length() - 1)
    u = ndtri(((cube + rng.random(r)) % 1.0).clip(1e-16, 1 - 1e-16))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    length = math.sqrt(2) * math.exp(gammaln((r + 1) / 2) - gammaln(r / 2))
    return length / (2 * len(u)) * (np.vstack([u, -u]) @ inputs.T).clip(0)
