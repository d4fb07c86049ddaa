"""The paper's exponents as data: what Theorems 4.5 and 4.7 state, and the schedule that their proofs support.

Logarithms and absolute constants are left out, as Õ has it. `two` and `two_to_L` are the numbers 2 and 2^L, as bases.
"""

from lemmata.claims.cao_gu_2020.gradients_bounded import loss_gradients_are_bounded
from lemmata.claims.cao_gu_2020.paper import PRE_5, PRINTED, WIDE, Schedule
from lemmata.claims.cao_gu_2020.semi_smooth import loss_is_almost_smooth
from lemmata.claims.language.derivation import Derivation, substitute
from lemmata.claims.language.scaling import Scaling

LAYERS = Scaling(L=1)
HALF_EPS = Scaling(two=-1, eps=1)
DESCENT = Scaling(E_S=2, B=2, m=1, eta=1)
"""By how much a step decreases the loss: η ‖∇_{W_L} L_S‖² by (4.1)."""

THEOREM_4_5 = (
    Scaling(L=1, tau=1, m="1/2", n="-1/2"),
    Scaling(L=4, m="1/2", log_m="1/2", tau="4/3"),
)
"""The two terms of the bound."""

RADIUS_BELOW = PRE_5[1].bounds[0]
RADIUS_ABOVE = WIDE.bounds[1].without_logs()
"""Conditions of Theorem 4.5 and of Lemmas 5.1 and 5.2: τ at most the first, m at least the second."""

PATH = Scaling(K="1/2", eta="1/2", B=-1, log_n_delta="1/2")
"""Left side of (5.2), which bounds the distance from initialisation."""

ERROR = Scaling(K="-1/2", eta="-1/2", m="-1/2", B=-1)
"""Left side of (5.5), which bounds the surrogate error."""

COROLLARY_4_9 = (
    Scaling(L=2, B=-1, eps=-1, n="-1/2"),
    Scaling(L=4, B="-4/3", eps="-4/3", m="-1/6"),
)
"""The two printed terms of the bound, beside ε."""


def kink_term(d: Derivation) -> Scaling:
    """The first term of Lemma 5.2's bound at a gradient step, summed over layers."""
    step, layers = _step(d)
    kink = d.take("kink term per ‖step‖ E_S", loss_is_almost_smooth.terms[0], "Lemma 5.2")
    return d.multiply("kink term of a step", layers, kink, step, Scaling(E_S=1))


def quadratic_term(d: Derivation) -> Scaling:
    """The last term of Lemma 5.2's bound at a gradient step, summed over layers."""
    step, layers = _step(d)
    quadratic = d.take("quadratic term per ‖step‖²", loss_is_almost_smooth.terms[1], "Lemma 5.2")
    return d.multiply("quadratic term of a step", layers, quadratic, step**2)


def _step(d: Derivation) -> tuple[Scaling, Scaling]:
    gradient = d.take("gradient of a layer", loss_gradients_are_bounded.terms[0] * Scaling(E_S=1), "Lemma 5.1")
    layers = d.take("number of layers", LAYERS, "Σ_l in Lemma 5.2")
    return d.multiply("length of a layer's step", Scaling(eta=1), gradient), layers


def _consistent() -> Schedule:
    """The schedule that the proof of Theorem 4.7 supports, solved from its conditions one after the other."""
    d = Derivation()
    step = d.largest("eta", "(5.6), quadratic term", quadratic_term(d), DESCENT)
    iterations = d.least("K", "(5.5)", substitute(ERROR, eta=step), Scaling(eps=1))
    radius = substitute(PATH, K=iterations, eta=step).without_logs()
    width = d.least("m", "(5.6), kink term", substitute(kink_term(d), tau=radius), DESCENT)
    return Schedule(radius, step, iterations, width.without_logs())


CONSISTENT = _consistent()
SCHEDULES = {"@printed": PRINTED, "": CONSISTENT}
COROLLARIES = {
    "@printed": COROLLARY_4_9,
    "": tuple(substitute(term, tau=CONSISTENT.radius).without_logs() for term in THEOREM_4_5),
}
"""The two terms of Corollary 4.9, as printed and as they follow from the consistent schedule."""
