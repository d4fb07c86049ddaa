"""Proof of Theorem 4.5: uniform convergence, and the Rademacher complexity of the ball."""

import itertools
import math

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.generalization import NOISE, SAMPLING, fresh_margins, no_population
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, PRE_5, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason, Sides
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model import settings
from lemmata.model.ball import Ball
from lemmata.model.difference import Difference
from lemmata.model.limits import LINEARISATION
from lemmata.model.losses import surrogate, surrogate_error
from lemmata.model.trace import Trace

UNIFORM = 3 / math.sqrt(2)
"""C_1 of the bounded-differences argument."""

MOST_SIGNED = 12
"""Examples whose sign vectors are enumerated."""

POPULATION = 4000
"""Examples on which the population surrogate error is measured."""


@claim(
    "cao-gu-2020/thm-4.5-symmetrization",
    sentence="Surrogate errors of sample and distribution differ by twice the Rademacher complexity and a tail.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5, first display"),
    statement=r"\sup_{W \in \mathcal{W}_\tau} |\mathcal{E}_S(W) - \mathcal{E}_D(W)| \le"
    r" 2 \hat R_n[\mathcal{F}_\tau] + C_1 \sqrt{\log(1/\delta) / n}, \quad C_1 = 3 / \sqrt 2",
    kind="PROB",
    bound="upper",
    stated=1.0,
    domain=Domain(tau=ANY, draws={"m": (64, 256), "L": (1, 2), "n": (16, 64)}, fixed={**NOISE, "d": 8}),
    plan=Plan(lines={"n": (16, 64, 256), "tau": (0.01, 0.1)}, examples=4),
    quantifiers="for all W in the ball at once",
    probability="at least 1 − δ over the sample",
    resampled=True,
    attacks=("stay", "memorise"),
    obstacle=no_population,
    controls=(
        Control(
            "without the second term",
            "the complexity alone bounds the deviation",
            measure=lambda case: _deviation(case, confidence=0.0),
        ),
        Control(
            "without the complexity",
            "a fixed function's deviation, for all W in the ball",
            measure=lambda case: _deviation(case, capacity=0.0),
            unrefuted=Reason(
                "out of reach",
                "false in balls in which noise is fitted: the deviation is then 0.3 or more, and C_1 √(log(1/δ)/n) "
                "less than that from n = 150 on; the radii that are drawn fit far fewer",
            ),
        ),
    ),
    notes="R̂_n is replaced by what is less: Khintchine's lower bound of its linear part. The population error is "
    "measured on 4000 fresh examples, and its Hoeffding interval at level 1e-4 given to the claim.",
)
def surrogate_errors_converge_uniformly(case: Case) -> Measurement:
    """|E_S − E_D| at the W that fits the sample best."""
    return _deviation(case)


def _deviation(case: Case, *, confidence: float = UNIFORM, capacity: float = 2.0) -> Measurement:
    trace, n = case.at_moved, case.n
    population = surrogate(fresh_margins(case, trace, POPULATION)).mean(-1)
    interval = math.sqrt(math.log(2 / SAMPLING) / (2 * POPULATION))
    gap = ((surrogate_error(trace.outputs, case.labels) - population).abs() - interval).clamp_min(0)
    complexity = jensen(case) / math.sqrt(2)
    return Measurement(gap, (capacity * complexity + confidence * math.sqrt(math.log(1 / case.delta) / n),))


def jensen(case: Case) -> Tensor:
    """(τ/n) Σ_l √(Σ_i ‖∇_{W_l} f(x_i)‖_F²) at W⁽⁰⁾, between I_2 and √2 I_2, (S,)."""
    squares = case.at_initial.gradient_norms().square().sum((-2, -1))
    return case.tau / case.n * squares.sqrt().sum(-1)


def too_many_signs(case: Case) -> str:
    """Why not all sign vectors can be visited; empty where they can."""
    n = len(case.inputs)
    return "" if n <= MOST_SIGNED else f"averages over 2^n sign vectors, n = {n} is more than {MOST_SIGNED}"


def signs(case: Case) -> Tensor:
    """All of {±1}^n, (2^n, n)."""
    both = list(itertools.product((-1.0, 1.0), repeat=len(case.inputs)))
    return torch.tensor(both).to(case.inputs)


@claim(
    "cao-gu-2020/eq-5.1",
    sentence="The Rademacher complexity is at most linearisation errors plus the complexity of the linear part.",
    source=CAO_GU_2020.at("equation (5.1)"),
    statement=r"\hat R_n[\mathcal{F}_\tau] \le I_1 + I_2",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all families of W, here W⁽⁰⁾, W̃ and Ŵ, and all sign vectors at once",
    attacks=("random", "along-gradient", "overshoot-kinks", "place-on-kinks"),
    obstacle=too_many_signs,
    controls=(
        Control("without I_1", "R̂_n ≤ I_2", measure=lambda case: _complexities(case, (0.0, 1.0))),
        Control("without I_2", "R̂_n ≤ I_1", measure=lambda case: _complexities(case, (1.0, 0.0))),
    ),
    notes="f_{W⁽⁰⁾} is subtracted everywhere: it does not depend on W, and averages to 0 over the signs.",
)
def complexity_splits_in_two(case: Case) -> Measurement:
    """Averages over all 2^n sign vectors of suprema over the family: outputs, linearisation errors, linear parts."""
    return _complexities(case, (1.0, 1.0))


def _complexities(case: Case, weights: tuple[float, float]) -> Measurement:
    differences, all_signs = _family(case), signs(case)
    errors = _complexity(all_signs, [d.linearisation_error for d in differences])
    linear = _complexity(all_signs, [d.linear for d in differences])
    return Measurement(
        _complexity(all_signs, [d.linearisation_error + d.linear for d in differences]),
        (weights[0] * errors + weights[1] * linear,),
    )


def _family(case: Case) -> tuple[Difference, Difference]:
    """W̃ and Ŵ against W⁽⁰⁾, which is a member itself."""
    return Difference(case.at_initial, case.pair.tilde), case.difference_from_initial


def _complexity(all_signs: Tensor, values: list[Tensor]) -> Tensor:
    """E_ξ sup (1/n) Σ ξ_i g(x_i) over these functions, (S, n, 1) each, and 0; over all sign vectors, (S,)."""
    xi = all_signs / all_signs.shape[-1]
    sums = torch.stack([torch.einsum("qi,si->sq", xi, value[..., 0]) for value in values], -1)
    return sums.amax(-1).clamp_min(0).mean(-1)


@claim(
    "cao-gu-2020/thm-4.5-links",
    sentence="The middle links: averages over signs are at most the largest error, and roots of sums of squares.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5, middle links of the bounds of I_1 and I_2"),
    statement=r"I_1 \le \sup_{W \in \mathcal{W}_\tau} \max_i |f_W(x_i) - F_{W^{(0)}, W}(x_i)|, \quad"
    r" \sum_l E_\xi \|\sum_i \xi_i \nabla_{W_l} f_{W^{(0)}}(x_i)\|_F"
    r" \le \sum_l [\sum_i \|\nabla_{W_l} f_{W^{(0)}}(x_i)\|_F^2]^{1/2}",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all families of W, here W⁽⁰⁾, W̃ and Ŵ, and all sign vectors at once; each link for itself",
    attacks=("random", "along-gradient", "overshoot-kinks", "place-on-kinks"),
    obstacle=too_many_signs,
    controls=(
        Control(
            "the least error for the largest",
            "I_1 ≤ sup_W min_i |f_W(x_i) − F(x_i)|",
            measure=lambda case: _links(case, least=True),
        ),
        Control(
            "root of the mean square",
            "E_ξ ‖Σ_i ξ_i ∇_{W_l} f‖_F ≤ [Σ_i ‖∇_{W_l} f‖_F² / 2]^(1/2)",
            measure=lambda case: _links(case, squares=0.5),
        ),
    ),
    notes="By Jensen's inequality and a maximum, for all weights. The first link of I_2 is an equality, thm-4.5-I2; "
    "its last is thm-4.5-I2-bound, that of I_1 is thm-4.5-I1.",
)
def averages_are_below_maxima(case: Case) -> Measurement:
    """I_1 of the family against its largest error, and the averages of norms against Jensen's bound."""
    return _links(case)


def _signed_norms(trace: Trace, all_signs: Tensor) -> Tensor:
    """‖Σ_i ξ_i ∇_{W_l} f(x_i)‖_F for every sign vector, (2^n, S, layers)."""
    return torch.stack([trace.batch_gradient_norms(row[:, None]) for row in all_signs])


def _links(case: Case, *, least: bool = False, squares: float = 1.0) -> Measurement:
    errors = [d.linearisation_error for d in _family(case)]
    sizes = torch.stack(errors)[..., 0].abs()
    extreme = (sizes.amin(-1) if least else sizes.amax(-1)).amax(0)
    trace = case.at_initial
    all_signs = signs(case)
    average = _signed_norms(trace, all_signs).mean(0).sum(-1)
    by_squares = (squares * trace.gradient_norms().square().sum((-2, -1))).sqrt().sum(-1)
    left = torch.stack([_complexity(all_signs, errors), average], -1)
    return Measurement(left, (torch.stack([extreme, by_squares], -1),), ("link",))


@claim(
    "cao-gu-2020/thm-4.5-I1",
    sentence="On the ball, the network is within L⁴ τ^(4/3) √(m log m) of its linearisation at initialisation.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5, bound of I_1"),
    statement=r"I_1 \le \sup_{W \in \mathcal{W}_\tau} \max_i |f_W(x_i) - F_{W^{(0)}, W}(x_i)|"
    r" \le C_2 L^4 \sqrt{m \log m} \tau^{4/3}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=4, tau="4/3", m="1/2", log_m="1/2"),),
    domain=NEAR,
    quantifiers="for all W in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "overshoot-kinks", "overshoot-kinks-deep", "overshoot-lowering-kinks"),
    ascends=True,
    limit=lambda c: LINEARISATION / math.sqrt(math.log(c.m)) if c.L == 1 else None,
    certificate=certificates.linearisation,
    preconditions=PRE_5,
    erratum="E-27",
    unrefuted={
        "L": Reason("proof", "Lemma 5.2 with Σ_l ‖W_l − W_l⁽⁰⁾‖ ≤ L τ gives L³ (erratum-E-10)"),
        "log_m": Reason(
            "out of reach",
            "one layer needs none, where the largest error is 0.390 √m τ^(4/3) (K13), and with more layers no bound "
            "without it is known",
        ),
    },
    notes="Printed without the supremum over W. Lemma 5.2 gives L³ (E-10).",
)
def linearisation_errors_are_small(case: Case) -> Measurement:
    """The error of the first-order expansion at W⁽⁰⁾."""
    return Measurement(case.difference_from_initial.linearisation_error.abs(), axes=("example", "output"))


@claim(
    "cao-gu-2020/thm-4.5-I2",
    sentence="The complexity of the linear part is the radius times the norm of a signed sum of gradients.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5, bound of I_2"),
    statement=r"\sup_{\|\Delta_l\|_F \le \tau} Tr[\Delta_l^T \sum_i \xi_i \nabla_{W_l} f_{W^{(0)}}(x_i)]"
    r" = \tau \|\sum_i \xi_i \nabla_{W_l} f_{W^{(0)}}(x_i)\|_F, \quad"
    r" E_\xi \|\sum_i \xi_i \nabla_{W_l} f_{W^{(0)}}(x_i)\|_F^2 = \sum_i \|\nabla_{W_l} f_{W^{(0)}}(x_i)\|_F^2",
    kind="EXACT",
    bound="equality",
    domain=NEAR.drawing(n=(1, 5)),
    quantifiers="for all l ≤ L; the first for the signs of the labels, the second over all sign vectors",
    attacks=("stay",),
    exact=lambda _: True,
    obstacle=too_many_signs,
    controls=(
        Control(
            "triangle inequality",
            "Σ_i ‖∇_{W_l} f‖_F in place of ‖Σ_i ξ_i ∇_{W_l} f‖_F",
            measure=lambda c: _linear(c, 1),
        ),
        Control(
            "square of the sum", "(Σ_i ‖∇_{W_l} f‖_F)² in place of Σ_i ‖∇_{W_l} f‖_F²", measure=lambda c: _linear(c, 2)
        ),
    ),
    notes="Hence I_2 ≤ (τ/n) Σ_l √(Σ_i ‖∇_{W_l} f‖_F²) by Jensen's inequality, which loses at most √2, and "
    "C_3 is the constant of Lemma 5.1: 1/√2 at infinite width.",
)
def linear_part_is_a_gradient_norm(case: Case) -> Sides:
    """The form at Δ_l = τ G_l / ‖G_l‖ against the Gram–Hadamard norm, and the average of the squared norms."""
    return _linear(case, 0)


def _linear(case: Case, crude: int) -> Sides:
    trace, xi = case.at_initial, case.labels
    norms = trace.gradient_norms()
    steps = tuple(Ball("frobenius", case.tau).fill(layer) for layer in trace.gradient(xi))
    attained = torch.einsum("slik,ik->sl", trace.directional(steps), xi)
    supremum = case.tau * (norms.sum((-2, -1)) if crude == 1 else trace.batch_gradient_norms(xi))
    second = norms.sum((-2, -1)).square() if crude == 2 else norms.square().sum((-2, -1))
    left = torch.stack([attained, _signed_norms(trace, signs(case)).square().mean(0)], 1)
    right = torch.stack([supremum, second], 1)
    terms = torch.stack([case.tau * norms.sum((-2, -1)), norms.square().sum((-2, -1))], 1)
    return Sides.of(left, right, ("part", "layer"), terms=terms)


def _limiting_root(c: Configuration) -> float:
    """The mean over layers of √(m_l / (2m)): the gradient of an output with respect to layer l tends to √(m_l / 2)."""
    widths = c.widths(settings.CAO_GU_2020)
    return sum(math.sqrt(width / (2 * c.m)) for width in widths) / c.L


@claim(
    "cao-gu-2020/thm-4.5-I2-bound",
    sentence="The complexity of the linear part is at most of order L τ √(m/n).",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5, last link of the bound of I_2"),
    statement=r"\frac{\tau}{n} \sum_l [\sum_i \|\nabla_{W_l} f_{W^{(0)}}(x_i)\|_F^2]^{1/2} \le C_3 L \tau \sqrt{m/n}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=1, tau=1, m="1/2", n="-1/2"),),
    domain=NEAR,
    plan=Plan(
        lines={"m": (64, 512, 4096), "L": (1, 2, 4, 8), "n": (1, 4, 16), "tau": (1e-3, 1e-2, 1e-1)},
        along={"L": {"m": 512}},
        initialisations=64,
    ),
    quantifiers="at W⁽⁰⁾, for the whole ball",
    probability=WITH_PROBABILITY,
    exact=lambda _: True,
    limit=_limiting_root,
    preconditions=PRE_5,
    notes="C_3 is the constant of Lemma 5.1 at initialisation, averaged over layers and examples: 1/√2 at infinite "
    "width where all widths are m.",
)
def linear_part_is_of_order_root_m_over_n(case: Case) -> Measurement:
    """(τ/n) Σ_l √(Σ_i ‖∇_{W_l} f(x_i)‖_F²) at W⁽⁰⁾."""
    return Measurement(jensen(case))
