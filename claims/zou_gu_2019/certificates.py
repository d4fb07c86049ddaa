"""Sound bounds, over the whole ball, of the ratios that the lemmas of this paper measure at one hidden layer."""

import math

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.model.certificates import flippable_output
from lemmata.model.spectra import spectral_norm


def gradient(case: Case) -> Tensor:
    """Lemma 4.1, from below: √K loses at most the norm of V on the units that can flip; NaN for more layers."""
    if case.hidden > 1:
        return torch.full_like(case.initial.like, math.nan)
    p, n = case.parameters, len(case.inputs)
    kernel = case.at_initial.ntk().flatten(3, 4).flatten(1, 2)
    root = torch.linalg.eigvalsh(kernel)[..., 0].clamp_min(0).sqrt()
    sizes = torch.linalg.vector_norm(case.inputs, dim=-1).square()
    # Σ_i (Vᵀ r_i ∘ flips_i) x_iᵀ is at most ‖r‖ times this in Frobenius norm.
    lost = (flippable_output(case.at_initial, case.tau, both=False) * sizes).sum(-1).sqrt()
    return 2 / n * (root - lost).clamp_min(0).square() * p["k"] * n**2 / (p["m"] * p["phi"])


def semi_smooth(case: Case) -> Tensor:
    """Lemma 4.4: √(2L) times V on the units that can flip, and ½ ‖V‖_2² for the square; NaN for more layers."""
    if case.hidden > 1:
        return torch.full_like(case.initial.like, math.nan)
    p = case.parameters
    size = torch.linalg.vector_norm(case.inputs, dim=-1).amax()
    flipped = flippable_output(case.at_initial, case.tau, both=True).amax(-1)
    kinks = (2 * p["k"] * flipped).sqrt() * size / (p["tau"] ** (1 / 3) * math.sqrt(p["m"] * math.log(p["m"])))
    output = spectral_norm(case.initial.materialise(1))
    return torch.maximum(kinks, (output * size).square() * p["k"] / (2 * p["m"]))
