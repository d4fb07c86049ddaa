"""Sound bounds, over the whole ball, of the ratios that the lemmas of this paper measure."""

import math

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.model.reach import Reach
from lemmata.model.spectra import spectral_norm


def gradient(case: Case) -> Tensor:
    """Lemma 4.1, from below: √λ_min of the tangent kernel loses at most the norm of all gradients' changes."""
    p, n = case.parameters, len(case.inputs)
    kernel = case.at_initial.ntk().flatten(3, 4).flatten(1, 2)
    root = torch.linalg.eigvalsh(kernel)[..., 0].clamp_min(0).sqrt()
    lost = Reach(case.at_initial, case.tau).gradient_changes().square().sum((1, 2, 3)).sqrt()
    return 2 / n * (root - lost).clamp_min(0).square() * p["k"] * n**2 / (p["m"] * p["phi"])


def semi_smooth(case: Case) -> Tensor:
    """Lemma 4.4: the linearisation errors against the first term, and ½ ‖Δf‖².

    (1/n) Σ <r_i, R_i> is at most √2L times the root mean square of ‖R_i‖, and every layer's step at most the largest.
    Of an only output R_i has the sign of r_i, which may be known. The latter counts by the second term's share of the
    right-hand side, largest where steps are 2τ and L is least.
    """
    p, at = case.parameters, Reach(case.at_initial, case.tau)
    lipschitz = at.gradients().square().sum(-1).sqrt().sum(1)
    residual = case.at_initial.outputs - case.labels
    sign = residual.sign().where(residual.abs() > at.radius * lipschitz[..., None], 0.0)
    rates = at.crossing_rates(sign).sum(-1) + 2 * at.radius * at.compounds().sum((-2, -1))
    scale = p["L"] ** 2 * p["tau"] ** (1 / 3) * math.sqrt(p["m"] * math.log(p["m"]) / p["k"])
    kinks = rates.square().mean(-1).sqrt() * math.sqrt(2) / scale
    squares = lipschitz.square().mean(-1) / 2
    if case.hidden == 1:
        size = torch.linalg.vector_norm(case.inputs, dim=-1).amax()
        squares = torch.minimum(squares, (spectral_norm(case.initial.materialise(1)) * size).square() / 2)
    quadratic = p["L"] ** 2 * p["m"] / p["k"]
    left = (torch.linalg.vector_norm(residual, dim=-1) - at.radius * lipschitz).clamp_min(0)
    loss = left.square().mean(-1) / 2
    share = 2 * at.radius * quadratic / (2 * at.radius * quadratic + scale * loss.sqrt())
    return kinks + (squares / quadratic - kinks).clamp_min(0) * share
