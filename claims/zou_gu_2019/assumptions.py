"""Assumptions 3.1 and 3.2: unit inputs with a common last coordinate, separated from one another."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.spectra import spectral_norm

DATA_ALONE = Domain(draws={"m": (4, 8), "L": (1, 1), "n": (2, 6)}, fixed={"k": 1, "ratio": 1})
"""Statements about the inputs: the network is not looked at."""


@claim(
    "zou-gu-2019/assumption-3.1",
    sentence="Inputs have norm 1 and a common last coordinate μ > 0.",
    source=ZOU_GU_2019.at("Assumption 3.1"),
    statement=r"\|x_i\|_2 = 1, (x_i)_d = \mu > 0; \quad \|x_i + x_j\|_2 \ge 2\mu, \; \|X\|_2^2 \ge n \mu^2",
    kind="DEF",
    bound="upper",
    stated=1.0,
    domain=DATA_ALONE,
    quantifiers="for all i, j ≤ n",
    controls=(
        Control(
            "opposite inputs",
            "the same with the inputs and their negatives, which have no common coordinate",
            measure=lambda case: _common_coordinate(case, torch.cat([case.inputs, -case.inputs])),
        ),
    ),
    notes="What the paper uses of it: no two inputs are nearly opposite, and the data matrix is as large as n μ².",
)
def inputs_share_a_coordinate(case: Case) -> Measurement:
    """Deviations of norms and of the last coordinate, and both consequences, as ratios that are at most 1."""
    return _common_coordinate(case, case.inputs)


def _common_coordinate(case: Case, x: Tensor) -> Measurement:
    mu = x[0, -1].abs()
    tolerance = 4096 * torch.finfo(x.dtype).eps
    norms = (torch.linalg.vector_norm(x, dim=-1) - 1).abs().amax() / tolerance
    coordinates = (x[:, -1] - mu).abs().amax() / tolerance
    sums = 2 * mu / torch.linalg.vector_norm(x[:, None] + x, dim=-1).amin()
    whole = len(x) * mu.square() / spectral_norm(x).square()
    # Rounding may put an attained bound a hair above 1.
    consequences = torch.stack([sums, whole]) * (1 - tolerance)
    return Measurement(case.for_each(torch.cat([torch.stack([norms, coordinates]), consequences])), axes=("part",))


@claim(
    "zou-gu-2019/assumption-3.2",
    sentence="Inputs are pairwise separated by φ.",
    source=ZOU_GU_2019.at("Assumption 3.2"),
    statement=r"\|x_i - x_j\|_2 \ge \phi > 0, \quad \phi \le \sqrt{2 n (1 - \mu^2) / (n - 1)}",
    kind="DEF",
    bound="upper",
    stated=1.0,
    domain=replace(DATA_ALONE, n=(2, None)),
    quantifiers="for all i ≠ j",
    controls=(
        Control(
            "a larger separation",
            "the same with twice the separation that the inputs have",
            measure=lambda case: _separated(case, 2 * case.data.separation),
        ),
    ),
    notes="The largest separation is the regular simplex's: 2 √(1 − μ²) for two inputs, √2 √(1 − μ²) for many.",
)
def inputs_are_separated(case: Case) -> Measurement:
    """The claimed separation over the smallest distance, and over the largest that n inputs allow."""
    return _separated(case, case.data.separation)


def _separated(case: Case, phi: float) -> Measurement:
    n, mu = len(case.inputs), float(case.inputs[0, -1])
    largest = math.sqrt(2 * n * (1 - mu**2) / (n - 1))
    smallest = torch.nn.functional.pdist(case.inputs).amin()
    ratios = torch.stack([phi / smallest, smallest / largest]) * (1 - 1e-12)
    return Measurement(case.for_each(ratios), axes=("part",))
