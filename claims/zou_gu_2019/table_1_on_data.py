"""Table 1 on data: the last row asks for least where λ_0 is of order φ/n², and not on nearly orthogonal inputs."""

from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import ONE
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.gram_positive import smallest_eigenvalue
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.claims.zou_gu_2019.table_1 import WORST_CASE, on_data
from lemmata.model.spectra import spectral_norm

NEARLY_ORTHOGONAL = Domain(
    n=(2, None),
    draws={"m": (4, 8), "L": (1, 1), "n": (2, 12)},
    fixed={"data": "simplex", "d": 40, "phi": 1.3, "mu": 0.3, "k": 1, "ratio": 1},
)

NEARLY_ORTHOGONAL_PLAN = Plan(lines={"n": (2, 4, 8, 16, 32)}, start={"n": 2, "m": 4})


def _against_the_others(case: Case, lambda_0: float) -> Measurement:
    """Width and iterations of the last row over the least of the others, without constants and logarithms: (S, 2)."""
    norm = float(spectral_norm(case.inputs))
    n, phi = len(case.inputs), case.parameters["phi"]
    rows = on_data(lambda_0=lambda_0, norm=norm, n=n, phi=phi, eps=0.1)
    ours = rows.pop("this-paper")
    least = case.inputs.new_tensor(list(rows.values())).amin(dim=0)
    return Measurement(case.for_each(case.inputs.new_tensor(ours) / least), axes=("column",))


@claim(
    "zou-gu-2019/erratum-E-41",
    sentence="With φ/n² in place of λ_0, the last row of Table 1 is at most every other one.",
    source=ZOU_GU_2019.at("end of section 1, Table 1, with λ_0 of order φ/n²"),
    statement=r"\text{the last row of Table 1} \le C \text{ times every other one, at } \lambda_0 = \phi n^{-2}",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=NEARLY_ORTHOGONAL,
    plan=NEARLY_ORTHOGONAL_PLAN,
    quantifiers="for the n, φ and ‖X‖_2 of all inputs under Assumptions 3.1 and 3.2, L = k = 1",
    erratum="E-41",
    notes="The exponents alone: table-1-dominance. No row about smooth activations.",
)
def last_row_is_least_at_the_worst_eigenvalue(case: Case) -> Measurement:
    """The last row against the least of the others, with φ/n² in the place of λ_0."""
    return _against_the_others(case, WORST_CASE.value(case.parameters))


@claim(
    "zou-gu-2019/erratum-E-41@printed",
    sentence="The last row of Table 1 is at most every other one on data, as printed.",
    source=ZOU_GU_2019.at("end of section 1, Table 1, on data"),
    statement=r"\text{the last row of Table 1} \le C \text{ times every other one}",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=NEARLY_ORTHOGONAL,
    plan=NEARLY_ORTHOGONAL_PLAN,
    quantifiers="for all inputs under Assumptions 3.1 and 3.2, L = k = 1",
    erratum="E-41",
    expected="refuted",
)
def last_row_is_least_on_data(case: Case) -> Measurement:
    """The last row against the least of the others, with λ_0 = λ_min(H) of the inputs."""
    return _against_the_others(case, float(smallest_eigenvalue(case.inputs)))
