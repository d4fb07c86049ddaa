"""Assumptions 3.1 and 3.2 on the inputs, and the bounded labels that the lemmas use without saying so."""

import torch

from claims.case import Case
from claims.claim import Control, Domain, Measurement, Sides, claim
from claims.zou_gu_2019.kernel_regime import MU
from claims.zou_gu_2019.paper import ZOU_GU_2019

INPUTS = Domain(
    samples=(2, 6),
    depth=(1, 1),
    width=(32, 32),
    fixed={"data": "simplex", "m": 32, "n": 3, "d": 8, "mu": MU, "phi": 0.5},
    lines={"n": (2, 3, 6), "phi": (0.01, 0.1, 1.0)},
    examples=8,
)
"""Inputs that are constructed to satisfy the assumptions: the network plays no part."""


def _on_the_sphere(case: Case, shift: float = 0.0) -> Sides:
    """Norms against 1, last coordinates against that of the first input."""
    last = case.inputs[:, -1]
    left = torch.stack([case.inputs.square().sum(-1), last])
    right = torch.stack([torch.ones_like(last), last[:1].expand_as(last) + shift])
    return Sides.of(case.for_each(left), case.for_each(right))


@claim(
    "zou-gu-2019/assumption-3.1",
    source=ZOU_GU_2019.at("Assumption 3.1"),
    statement=r"\|x_i\|_2 = 1, \quad (x_i)_d = \mu > 0",
    kind="DEF",
    bound="equality",
    constant="stated",
    stated=1.0,
    domain=INPUTS,
    quantifiers="for all i ≤ n",
    controls=(
        Control("another μ", "the last coordinate is 0.01 more", measure=lambda case: _on_the_sphere(case, 0.01)),
    ),
)
def inputs_end_in_one_coordinate(case: Case) -> Sides:
    """Squared norms and last coordinates of the inputs."""
    return _on_the_sphere(case)


def _separations(case: Case) -> Measurement:
    """‖x_i − x_j‖ of every pair i ≠ j, coordinate by coordinate, against the φ that was asked for."""
    apart = (case.inputs[:, None] - case.inputs[None]).square().sum(-1).sqrt()
    apart = apart.masked_fill(torch.eye(len(apart), dtype=torch.bool, device=apart.device), torch.inf)
    asked = case.configuration.phi or case.data.separation
    return Measurement(case.for_each(apart), (asked,), ("example", "other"))


@claim(
    "zou-gu-2019/assumption-3.2",
    source=ZOU_GU_2019.at("Assumption 3.2"),
    statement=r"\|x_i - x_j\|_2 \ge \phi > 0",
    kind="DEF",
    bound="lower",
    constant="stated",
    stated=1.0,
    domain=INPUTS,
    quantifiers="for all i ≠ j",
    controls=(Control("twice as far", "‖x_i − x_j‖ ≥ 2φ", factor=2.0),),
    notes="n points with last coordinate μ admit at most φ = √(2n(1 − μ²)/(n − 1)).",
)
def inputs_are_separated(case: Case) -> Measurement:
    """Every pairwise distance."""
    return _separations(case)


@claim(
    "zou-gu-2019/outer-loss-bounded-labels",
    source=ZOU_GU_2019.at("implicit in Lemma 4.3"),
    statement=r"\max_i \|y_i\|_2 = O(1)",
    kind="DEF",
    bound="upper",
    constant="stated",
    stated=1.0,
    domain=Domain(
        samples=(1, 6), depth=(1, 1), width=(32, 32), fixed={"mu": MU, "m": 32, "n": 3}, lines={"n": (1, 6)}, examples=8
    ),
    quantifiers="for all i ≤ n",
    erratum="E-49",
    controls=(
        Control(
            "labels that grow",
            "i y_i in place of y_i",
            measure=lambda case: Measurement(
                case.for_each(case.labels.norm(dim=-1) * torch.arange(1, 1 + len(case.labels))), axes=("example",)
            ),
        ),
    ),
    notes="Not stated in the paper; without it Lemma 4.3 is false (lemma-4.3@printed). Generated labels have norm 1.",
)
def labels_are_bounded(case: Case) -> Measurement:
    """‖y_i‖ of every example."""
    return Measurement(case.for_each(torch.linalg.vector_norm(case.labels, dim=-1)), axes=("example",))
