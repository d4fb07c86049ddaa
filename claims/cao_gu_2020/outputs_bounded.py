"""Lemma 5.3: outputs at initialisation are at most C √log(n/δ)."""

from claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020, WITH_PROBABILITY
from claims.case import Case
from claims.claim import Measurement, claim
from claims.scaling import Scaling


@claim(
    "cao-gu-2020/lemma-5.3",
    source=CAO_GU_2020.at("Lemma 5.3"),
    statement=r"|f_{W^{(0)}}(x_i)| \le C \sqrt{\log(n/\delta)}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(log_n_delta="1/2"),),
    domain=AT_INITIALISATION,
    quantifiers="for all i ≤ n",
    probability=WITH_PROBABILITY,
    erratum="E-16",
    notes="Printed without a condition on the width; it needs m of order L log(nL/δ).",
)
def outputs_are_bounded(case: Case) -> Measurement:
    """|f(x_i)| at W⁽⁰⁾; Gaussian in the limit, with variance 1 − 1/π."""
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))
