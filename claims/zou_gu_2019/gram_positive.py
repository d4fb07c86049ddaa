"""Proposition 3.6 and its use in the introduction: separated inputs make the Gram matrix H positive definite."""

import math

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason, Sides
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.assumptions import DATA_ALONE
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.kernels import two_layer_gram

SINGULAR = 1e-12
"""Eigenvalues below this are rounding; the closest inputs of generated cases are at 0.01, where λ_0 is 1e-3."""

ORDER = Scaling(phi=1, n=-2)

_PAIR_OR_CHAIN = Domain(
    n=(2, None),
    draws={"m": (4, 8), "L": (1, 1), "n": (2, 6)},
    fixed={"data": "chain", "d": 3, "mu": 0.3, "k": 1, "ratio": 1},
    values={"phi": (0.5, 0.1, 0.01, 0.001)},
)

_PAIR_OR_CHAIN_PLAN = Plan(lines={"phi": DRAWN, "n": (2, 4, 8, 16, 32)}, start={"n": 2, "phi": 0.1, "m": 4})
_ONE_POWER_LESS = Reason(
    "proof",
    "Lemma 4.1 at k = L = 1 and infinite width, for the residual along the lowest eigenvector, is λ_0 ≥ C φ/n "
    "(erratum-E-42)",
)


def smallest_eigenvalue(inputs: Tensor) -> Tensor:
    """λ_0 = λ_min(H), ()."""
    return torch.linalg.eigvalsh(two_layer_gram(inputs))[0]


def _equivalence(case: Case, inputs: Tensor) -> Sides:
    inputs = inputs.double()  # whatever precision they come in, equal ones are equal
    repeated = torch.cat([inputs, inputs[:1]])
    positive = torch.stack([smallest_eigenvalue(x) > SINGULAR for x in (inputs, repeated)])
    distinct = torch.tensor([True, False])
    return Sides.of(case.for_each(positive), case.for_each(distinct), ("inputs",))


def _flat_hexagon() -> Tensor:
    """Six distinct unit vectors of the plane, at distance 1, on which H is singular."""
    angles = torch.arange(6, dtype=torch.float64)[:, None] * (math.pi / 3)
    return torch.cat([torch.cos(angles), torch.sin(angles)], 1)


@claim(
    "zou-gu-2019/intro-lambda0-equivalence",
    sentence="The kernel is positive definite exactly when all inputs differ.",
    source=ZOU_GU_2019.at("section 1, before the contributions"),
    statement=r"\lambda_0 > 0 \iff \min_{i \ne j} \|x_i - x_j\|_2 > 0",
    kind="EXACT",
    bound="equality",
    domain=DATA_ALONE,
    quantifiers="for all inputs under Assumption 3.1",
    erratum="E-68",
    notes="The introduction names unit norm as the only assumption, which the flat hexagon refutes (see the print); "
    "Proposition 3.6 has Assumption 3.1 as well.",
)
def separation_is_positivity_in_the_introduction(case: Case) -> Sides:
    """Whether H is positive definite, on the inputs and with one of them repeated, against whether all differ."""
    return _equivalence(case, case.inputs)


@claim(
    "zou-gu-2019/intro-lambda0-equivalence@printed",
    sentence="The same for all inputs of unit norm, as printed: opposite inputs break it.",
    source=ZOU_GU_2019.at("section 1, before the contributions"),
    statement=r"\|x_i\|_2 = 1 \implies [\lambda_0 > 0 \iff \min_{i \ne j} \|x_i - x_j\|_2 > 0]",
    kind="EXACT",
    bound="equality",
    domain=DATA_ALONE,
    quantifiers="for all inputs of unit norm",
    expected="refuted",
    erratum="E-68",
    notes="Measured on the regular hexagon of the plane, three pairs of opposite inputs. With the common coordinate of "
    "Assumption 3.1 no two inputs are opposite.",
)
def separation_is_positivity_for_unit_norm(case: Case) -> Sides:
    """Whether H is positive definite on the flat hexagon, whose corners all differ."""
    return _equivalence(case, _flat_hexagon())


@claim(
    "zou-gu-2019/prop-3.6-equivalence",
    sentence="The two-layer kernel is positive definite exactly when the inputs are separated.",
    source=ZOU_GU_2019.at("Proposition 3.6, first part"),
    statement=r"H_{ij} = E_w[\langle x_i, x_j \rangle \sigma'(w \cdot x_i) \sigma'(w \cdot x_j)]: \quad"
    r" \lambda_{\min}(H) > 0 \iff \text{Assumption 3.2}",
    kind="EXACT",
    bound="equality",
    domain=DATA_ALONE,
    quantifiers="for all inputs under Assumption 3.1",
    controls=(
        Control(
            "unit norm alone",
            "the same without the common coordinate: the regular hexagon of the plane has λ_0 = 0",
            measure=lambda case: _equivalence(case, _flat_hexagon()),
        ),
    ),
)
def separation_is_positivity(case: Case) -> Sides:
    """Whether H is positive definite, on the inputs and with one of them repeated, against whether all differ."""
    return _equivalence(case, case.inputs)


@claim(
    "zou-gu-2019/intro-lambda0-order",
    sentence="The kernel's least eigenvalue is at least of order φ/n².",
    source=ZOU_GU_2019.at("section 1, before the contributions"),
    statement=r"\lambda_0 = \Omega(n^{-2} \phi)",
    kind="DET",
    bound="lower",
    terms=(ORDER,),
    domain=_PAIR_OR_CHAIN,
    plan=_PAIR_OR_CHAIN_PLAN,
    quantifiers="for all inputs under Assumptions 3.1 and 3.2",
    limit=lambda c: 2 / math.pi if c.n == 2 else None,
    erratum="E-19",
    unrefuted={"n": _ONE_POWER_LESS},
)
def eigenvalue_is_at_least_of_the_order(case: Case) -> Measurement:
    """λ_min(H)."""
    return Measurement(case.for_each(smallest_eigenvalue(case.inputs)))


@claim(
    "zou-gu-2019/intro-lambda0-order@printed",
    sentence="The same with at most in the place of at least, as printed: it can be far larger.",
    source=ZOU_GU_2019.at("section 1, before the contributions"),
    statement=r"\lambda_0 = O(n^{-2} \phi)",
    kind="DET",
    bound="upper",
    terms=(ORDER,),
    domain=Domain(
        draws={"m": (4, 8), "L": (1, 1), "n": (2, 12)},
        fixed={"data": "simplex", "d": 40, "phi": 1.3, "mu": 0.3, "k": 1, "ratio": 1},
    ),
    plan=Plan(lines={"n": (2, 4, 8, 16, 32)}, start={"n": 2, "m": 4}),
    quantifiers="for all inputs under Assumptions 3.1 and 3.2",
    erratum="E-19",
    expected="refuted",
    notes="Printed as an upper bound. Nearly orthogonal inputs have λ_0 ≈ 1/2 whatever n is.",
)
def eigenvalue_is_at_most_of_the_order(case: Case) -> Measurement:
    """λ_min(H), on inputs at almost the largest common distance."""
    return Measurement(case.for_each(smallest_eigenvalue(case.inputs)))


@claim(
    "zou-gu-2019/prop-3.6-lower",
    sentence="The kernel's least eigenvalue is at least of order φ/n², with a constant that μ decides.",
    source=ZOU_GU_2019.at("Proposition 3.6, second part"),
    statement=r"\lambda_0 \ge C(\mu) \, \phi n^{-2}",
    kind="DET",
    bound="lower",
    terms=(ORDER,),
    domain=_PAIR_OR_CHAIN,
    plan=_PAIR_OR_CHAIN_PLAN,
    quantifiers="for all inputs under Assumptions 3.1 and 3.2 with a given μ",
    limit=lambda c: 2 / math.pi if c.n == 2 else None,
    erratum="E-48",
    unrefuted={"n": _ONE_POWER_LESS},
)
def eigenvalue_is_bounded_below(case: Case) -> Measurement:
    """λ_min(H); for two inputs φ/(2π) as φ → 0, for a chain φ/(4π)."""
    return Measurement(case.for_each(smallest_eigenvalue(case.inputs)))


@claim(
    "zou-gu-2019/prop-3.6-lower@printed",
    sentence="The same with one constant for every μ, as printed: nearly opposite inputs break it.",
    source=ZOU_GU_2019.at("Proposition 3.6, second part"),
    statement=r"\lambda_0 \ge C \phi n^{-2}",
    kind="DET",
    bound="lower",
    terms=(ORDER,),
    domain=Domain(
        draws={"m": (4, 8), "L": (1, 1), "n": (6, 6)},
        fixed={"data": "hexagon", "d": 3, "k": 1, "ratio": 1},
        values={"mu": (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)},
    ),
    plan=Plan(lines={"mu": DRAWN}, start={"n": 6, "m": 4}),
    quantifiers="for all inputs under Assumptions 3.1 and 3.2",
    limit=lambda c: None if c.mu is None else 36 * c.mu / math.pi,
    erratum="E-48",
    expected="refuted",
    notes="Printed with a constant that depends on nothing. On the hexagon lifted to height μ, whose inputs are at "
    "distance almost 1, λ_0 → μ/π.",
)
def eigenvalue_is_bounded_below_uniformly(case: Case) -> Measurement:
    """λ_min(H) on three nearly opposite pairs."""
    return Measurement(case.for_each(smallest_eigenvalue(case.inputs)))
