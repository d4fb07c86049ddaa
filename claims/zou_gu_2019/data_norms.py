"""Footnote 2: how large the data matrix is."""

import math

import torch

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.data import unit_rows
from lemmata.model.randomness import gaussian
from lemmata.model.spectra import spectral_norm

_RANDOM = {"data": "sphere", "mu": None, "k": 1, "ratio": 1}


WITH_PROBABILITY_OF_DATA = "at least 1 − δ over the inputs"


def _square_norm(inputs: torch.Tensor) -> torch.Tensor:
    """‖X‖_2²."""
    return spectral_norm(inputs).square()


def _random_inputs(case: Case) -> torch.Tensor:
    """Independent uniform inputs for every initialisation, (S, n, d)."""
    return unit_rows(gaussian(case.streams("inputs"), tuple(case.inputs.shape), 1.0, case.initial.like))


@claim(
    "zou-gu-2019/footnote-2-small",
    sentence="Independent inputs in at least as many dimensions have a data matrix of norm O(1).",
    source=ZOU_GU_2019.at("footnote 2, first part"),
    statement=r"\|X\|_2^2 = O(1), \quad d \gtrsim n",
    kind="PROB",
    bound="upper",
    terms=(ONE,),
    domain=Domain(draws={"m": (4, 8), "L": (1, 1), "n": (64, 64)}, fixed=_RANDOM, values={"d": (64, 128, 256, 512)}),
    plan=Plan(lines={"d": DRAWN}, start={"m": 4, "n": 64}),
    quantifiers="for independent uniform inputs, without Assumption 3.1",
    probability=WITH_PROBABILITY_OF_DATA,
    limit=lambda c: (1 + math.sqrt(c.n / c.d)) ** 2,
    erratum="E-23",
    notes="With n ≤ d. Under Assumption 3.1 ‖X‖² ≥ n μ², so that only the worst case O(n) is left.",
)
def data_matrix_is_small(case: Case) -> Measurement:
    """‖X‖_2² for independent uniform inputs in at least as many dimensions; at most 4 in the limit."""
    return Measurement(_square_norm(_random_inputs(case)))


@claim(
    "zou-gu-2019/footnote-2-small@printed",
    sentence="The same for at most as many dimensions, as printed: the inequality is turned round.",
    source=ZOU_GU_2019.at("footnote 2, first part"),
    statement=r"\|X\|_2^2 = O(1), \quad d \lesssim n",
    kind="PROB",
    bound="upper",
    terms=(ONE,),
    domain=Domain(draws={"m": (4, 8), "L": (1, 1), "n": (32, 128)}, fixed={**_RANDOM, "d": 4}),
    plan=Plan(lines={"n": (8, 32, 128, 512)}, start={"m": 4, "n": 8}),
    quantifiers="for inputs in general position, without Assumption 3.1",
    probability=WITH_PROBABILITY_OF_DATA,
    erratum="E-23",
    expected="refuted",
    notes="Printed with the inequality the wrong way round: ‖X‖² ≥ ‖X‖_F² / d = n/d.",
)
def data_matrix_is_small_as_printed(case: Case) -> Measurement:
    """‖X‖_2² for more inputs than dimensions."""
    return Measurement(_square_norm(_random_inputs(case)))


@claim(
    "zou-gu-2019/footnote-2-random",
    sentence="Independent inputs have a data matrix of squared norm of order n/d.",
    source=ZOU_GU_2019.at("footnote 2, second part"),
    statement=r"\|X\|_2^2 = O(n / d)",
    kind="PROB",
    bound="upper",
    terms=(Scaling(n=1),),
    domain=Domain(draws={"m": (4, 8), "L": (1, 1), "n": (8, 32)}, fixed={**_RANDOM, "d": 8}),
    plan=Plan(lines={"n": (8, 32, 128, 512, 2048)}, start={"m": 4, "n": 64}),
    quantifiers="for independent uniform inputs, n ≥ d, without Assumption 3.1",
    probability=WITH_PROBABILITY_OF_DATA,
    limit=lambda c: (1 + math.sqrt(c.d / c.n)) ** 2,
    erratum="E-23",
)
def random_data_matrix_is_balanced(case: Case) -> Measurement:
    """d ‖X‖_2² against n: at most 4 for n ≥ d, and 1 for many inputs."""
    return Measurement(_square_norm(_random_inputs(case)) * case.parameters["d"])


@claim(
    "zou-gu-2019/footnote-2-worst",
    sentence="The squared norm of the data matrix is at most n.",
    source=ZOU_GU_2019.at("footnote 2, last part"),
    statement=r"\|X\|_2^2 \le n",
    kind="DET",
    bound="upper",
    stated=1.0,
    terms=(Scaling(n=1),),
    domain=Domain(draws={"m": (4, 8), "L": (1, 1), "n": (2, 6)}, fixed={"k": 1, "ratio": 1}),
    quantifiers="for all unit inputs",
    controls=(
        Control(
            "nine tenths of it",
            "the same bound times 0.9, on inputs that almost agree",
            measure=lambda case: Measurement(case.for_each(_square_norm(_nearly_equal(case.inputs)) / 0.9)),
        ),
    ),
    notes="‖X‖_2² ≤ ‖X‖_F² = n, attained when all inputs agree; with a common coordinate μ at least n μ².",
)
def data_matrix_is_at_most_as_large_as_it_can_be(case: Case) -> Measurement:
    """‖X‖_2² against n."""
    return Measurement(case.for_each(_square_norm(case.inputs)))


def _nearly_equal(inputs: torch.Tensor) -> torch.Tensor:
    close = inputs[:1] + 1e-3 * inputs
    return close / torch.linalg.vector_norm(close, dim=-1, keepdim=True)
