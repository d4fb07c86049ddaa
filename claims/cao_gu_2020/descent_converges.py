"""Theorem 4.7 and its proof: gradient descent stays near initialisation and reaches a small surrogate error."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, DEPTH_OPEN, LOG_OPEN, PRE_4_7, PRE_5, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.prescribed_runs import (
    NEEDS_STEPS,
    ON_XOR,
    ON_XOR_PLAN,
    PACE,
    XOR,
    decreases,
    descend,
    descend_on,
    descend_to,
    dominance,
    dominance_of,
    step_size,
    where_it_shows,
)
from lemmata.claims.case import Case, needs_steps
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import ALIVE, ANY, Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import mutants
from lemmata.claims.registry import claim
from lemmata.model.difference import Difference
from lemmata.model.losses import LOSSES, surrogate_error
from lemmata.model.training import Run

ITERATIONS = Scaling(L=3, eps=-2)
DISTANCE = Scaling(eps=-1, m="-1/2")
"""Powers of K and of τ in Theorem 4.7; that of B is measured."""


STEPWISE = Domain(
    n=(4, None), tau=ANY, draws={"m": (64, 256), "L": (1, 2), "n": (4, 4), "tau": (1e-5, 1e-3)}, fixed=XOR
)

WATCHED = {"m": 256, "n": 4}
"""Where runs that are watched step by step are of another algorithm."""

NEIGHBOURS = Domain(
    m=ALIVE,
    draws={"m": (64, 128), "L": (1, 2), "n": (2, 2)},
    fixed={"data": "chain", "d": 2, "labels": "alternating"},
    values={"phi": (1.4, 1.0, 0.7, 0.5), "eps": (0.1, 0.03)},
)
"""Two inputs with opposite labels, at a distance that decides B: 0.5 to 0.26 with one layer.

m* grows like B^-4: at a fixed width, smaller distances leave the statement behind."""

NEIGHBOURS_PLAN = Plan(
    lines={"m": (128, 1024, 8192, 65536), "L": (1, 2, 3), "eps": DRAWN, "phi": DRAWN},
    along={"L": {"m": 128}, "phi": {"m": 32768}},
    start={"n": 2},
    examples=3,
)

WHOLE_RUNS = replace(NEIGHBOURS, values={"phi": (1.4, 1.0), "eps": (0.1, 0.03)}).drawing(L=(1, 1))
"""The larger B of these, whose K steps are hundreds and not thousands."""

AT_DISTANCE = {"m": 256, "n": 2}
"""Where other algorithms are run."""


@claim(
    "cao-gu-2020/thm-4.7",
    sentence="Gradient descent reaches surrogate error ε in few steps.",
    source=CAO_GU_2020.at("Theorem 4.7 (ii)"),
    statement=r"\eta = \Theta(L^{-3} B^2 m^{-1}) \implies \exists k < K = \tilde O(L^3 B^{-4} \epsilon^{-2}):"
    r" \mathcal{E}_S(W^{(k)}) \le \epsilon",
    kind="RUN",
    bound="upper",
    own=lambda case: _own_iterations(case),
    obstacle=needs_steps,
    terms=(ITERATIONS,),
    domain=NEIGHBOURS,
    # At ε = 0.1 so few steps are enough that whole numbers hide how they grow.
    plan=replace(NEIGHBOURS_PLAN, along={"L": {"m": 128}, "phi": {"m": 32768, "eps": 0.03}}, initialisations=16),
    quantifiers="for all data with (4.1); B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    preconditions=PRE_4_7,
    erratum="E-13",
    unrefuted={
        "eps": Reason("out of reach", "the error falls like 1/(ηmk), so that ε^(-1) iterations do"),
        "L": Reason("out of reach", "with this step size η m k B² at the end of a run does not grow with depth"),
    },
    controls=(
        Control(
            "K without ε",
            "some k < C L³ B^-4 has E_S ≤ ε, whatever ε",
            scaling=Scaling(L=3),
            parameter="eps",
        ),
        Control(
            "B^(-2) for B^(-4)",
            "some k < C L³ B^-2 ε^-2 has E_S ≤ ε, however small B",
            scaling=ITERATIONS,
            parameter="phi",
            measure=lambda case: _iterations(case, power=-2),
        ),
        *mutants(
            at=AT_DISTANCE,
            domain=NEIGHBOURS,
            unseen={
                "huge steps": Reason(
                    "out of reach", "one step beyond all others gives a margin with the right signs: part (i) sees it"
                )
            },
        ),
    ),
    notes="η is Θ(·), as the poster has it. Two inputs with opposite labels, at distances for which B is 0.5 to 0.26. "
    f"The constant of η is {PACE:g}, and K is (η m B² ε²)^(-1) by (5.5), so that constant is divided out.",
)
def descent_reaches_a_small_error(case: Case) -> Measurement:
    """Iterates up to E_S ≤ ε."""
    return _iterations(case)


@claim(
    "cao-gu-2020/thm-4.7-containment",
    sentence="Gradient descent stays near initialisation for all of its K steps.",
    source=CAO_GU_2020.at("Theorem 4.7 (i)"),
    statement=r"\eta = \Theta(L^{-3} B^2 m^{-1}),\ K = \tilde O(L^3 B^{-4} \epsilon^{-2}) \implies"
    r" W^{(k)} \in \mathcal{W}_\tau,\ k \in [K], \quad \tau = \tilde O(B^{-1} \epsilon^{-1} m^{-1/2})",
    kind="RUN",
    bound="upper",
    own=lambda case: _own_distance(case),
    terms=(DISTANCE,),
    domain=NEIGHBOURS,
    plan=replace(NEIGHBOURS_PLAN, examples=1),  # all K steps, ten times as many as to the first hit
    quantifiers="for all k ≤ K and l ≤ L; B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    preconditions=PRE_4_7,
    erratum="E-13",
    unrefuted={
        "eps": Reason("out of reach", "the distance is of order log(1/ε)/B: a logistic loss leaves ever less to do"),
        "m": Reason(
            "out of reach",
            "false in the limit, where √m times the distance to K is z/B with z = log(1/ε²) to 2 %, in closed form "
            "(`tests/test_width_free.py`); but m^(1/6) grows 2.8 times over the widths that run, one more logarithm of "
            "m, which Õ hides, 2.3 times",
        ),
    },
    controls=(
        Control(
            "no B",
            "W⁽ᵏ⁾ is within C ε^-1 m^(-1/2), however small B",
            scaling=DISTANCE,
            parameter="phi",
            measure=lambda case: _farthest(case, power=0),
            unrefuted=Reason(
                "out of reach",
                "false in the limit, where √m times the distance to K is z/B with z = log(1/ε²) to 2 %, in closed form "
                "(`tests/test_width_free.py`); but K grows like B^-4: where whole runs end in minutes B falls 1.9 "
                "times, too little to tell B^-1 from a logarithm",
            ),
        ),
        *mutants(
            at=AT_DISTANCE,
            domain=NEIGHBOURS,
            unseen={
                "idle": Reason("proof", "weights that do not move are in every ball"),
                "tiny steps": Reason("proof", "K steps of a thousandth of the length end nearer"),
            },
        ),
    ),
    notes="Whole runs of K = (η m B² ε²)^(-1) steps by (5.5), several times as many as reach ε, and about twice "
    "as far as there.",
)
def iterates_stay_near_initialisation(case: Case) -> Measurement:
    """The largest distance of a layer from W⁽⁰⁾ among W⁽¹⁾, …, W⁽ᴷ⁾."""
    return _farthest(case)


@claim(
    "cao-gu-2020/thm-4.7-output",
    sentence="The iterate that Algorithm 1 gives back has a surrogate error of at most of order ε.",
    source=CAO_GU_2020.at("Theorem 4.7 (ii), for the output of Algorithm 1"),
    statement=r"k^* = \operatorname{argmin}_{0 \le k < K} \mathcal{E}_S(W^{(k)}),"
    r" \ K = \tilde O(L^3 B^{-4} \epsilon^{-2}) \implies \mathcal{E}_S(W^{(k^*)}) \le C \epsilon",
    kind="RUN",
    bound="upper",
    obstacle=lambda _: NEEDS_STEPS,
    terms=(Scaling(eps=1),),
    domain=WHOLE_RUNS,
    plan=replace(
        NEIGHBOURS_PLAN, lines={"m": (128, 1024, 8192), "eps": DRAWN}, along={}, initialisations=48, examples=2
    ),
    quantifiers="for all data with (4.1); B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    preconditions=PRE_4_7,
    erratum="E-13",
    unrefuted={"eps": Reason("out of reach", "the error falls like 1/(ηmk), so that after ε^(-2) iterates it is ε²")},
    controls=(
        Control(
            "the worst of the iterates",
            "k* = argmax of E_S(W⁽ᵏ⁾) over k < K",
            measure=lambda case: _output(case, worst=True),
        ),
        *mutants(
            at=AT_DISTANCE,
            domain=replace(WHOLE_RUNS, L=(1, 1)),
            unseen={
                "huge steps": Reason(
                    "out of reach", "one step beyond all others gives a margin with the right signs: part (i) sees it"
                )
            },
        ),
    ),
    notes="Whole runs of K = (η m B² ε²)^(-1) steps by (5.5).",
)
def the_output_has_a_small_error(case: Case) -> Measurement:
    """E_S(W⁽ᵏ*⁾), k* among the iterates before K."""
    return _output(case)


def _output(case: Case, *, worst: bool = False) -> Measurement:
    run, last = descend_on(case)
    own = torch.arange(run.steps + 1, device=last.device) < last[:, None]
    # An error that is no number is no least one.
    errors = run.errors.nan_to_num(math.inf)
    if worst:
        return Measurement(torch.where(own, errors, 0.0).amax(-1))
    return Measurement(torch.where(own, errors, math.inf).amin(-1))


@claim(
    "cao-gu-2020/thm-4.7@printed",
    sentence="The same for every step size below the prescribed one, as printed: small steps take longer.",
    source=CAO_GU_2020.at("Theorem 4.7 (ii)"),
    statement=r"\eta = O(L^{-3} B^2 m^{-1}) \implies \exists k < K = \tilde O(L^3 B^{-4} \epsilon^{-2}):"
    r" \mathcal{E}_S(W^{(k)}) \le \epsilon",
    kind="RUN",
    bound="upper",
    terms=(ITERATIONS,),
    domain=Domain(n=(4, None), draws={"m": (32, 128), "L": (1, 1), "n": (4, 4)}, fixed=XOR),
    plan=Plan(lines={"m": (32, 128, 512)}, start={"n": 4}, examples=3),
    quantifiers="for all data with (4.1); B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    preconditions=PRE_4_7,
    erratum="E-13",
    expected="refuted",
    notes="O(m^-1) contains m^-2: smaller steps are allowed, and take more of them.",
)
def descent_converges_with_any_small_step(case: Case) -> Measurement:
    """The same with η smaller than prescribed by a factor m/2."""
    return _iterations(case, slower=case.parameters["m"] / 2)


def _iterations(case: Case, *, power: float = -4, slower: float = 1.0) -> Measurement:
    """Against a power of B; the bound is that of the prescribed step."""
    _, taken = descend_to(case, pace=PACE / slower)
    return Measurement(taken, (dominance(case) ** power / PACE,))


def _own_iterations(case: Case) -> Measurement:
    """Against (η m B²)^(-1), which is B⁻⁴ L³ at the prescribed η."""
    run, p = case.given_run, case.parameters
    bound = 1 / (run.step_size * p["m"] * dominance_of(case).square() * p["L"] ** 3)
    return Measurement(run.first(run.errors <= p["eps"]) + 1, (bound,))


def _own_distance(case: Case) -> Measurement:
    """Up to the first iterate with E_S ≤ ε."""
    run = case.given_run
    until = int(run.first(run.errors <= case.parameters["eps"])[0])
    return Measurement(run.distances[:, : until + 1], (1 / dominance_of(case)[:, None, None],), ("step", "layer"))


def _farthest(case: Case, *, power: float = -1) -> Measurement:
    run, last = descend_on(case)
    own = torch.arange(run.steps + 1, device=last.device) <= last[:, None]
    return Measurement(torch.where(own, run.distances.amax(-1), 0.0).amax(-1), (dominance(case) ** power,))


@claim(
    "cao-gu-2020/thm-4.7-one-step-containment",
    sentence="One step from half the radius does not leave the ball.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, first display"),
    statement=r"W^{(t)} \in \mathcal{W}_{\tau/2} \implies \eta \|\nabla_{W_l} L_S(W^{(t)})\|_F \le \tau/2",
    kind="DET",
    bound="upper",
    stated=1.0,
    terms=(Scaling(tau=1),),
    domain=Domain(
        n=(4, None), tau=(0.2, None), draws={"m": (128, 512), "L": (1, 3), "n": (4, 4), "tau": (0.2, 0.5)}, fixed=XOR
    ),
    plan=Plan(start={"n": 4}),
    quantifiers="for all W⁽ᵗ⁾ in the ball of radius τ/2 and l ≤ L",
    attacks=("stay", "random", "switch-on", "amplify-signals"),
    certificate=certificates.one_step,
    obstacle=lambda _: NEEDS_STEPS,
    controls=(
        Control(
            "overstepping",
            "η = L^-3 B² for L^-3 B² m^-1",
            measure=lambda case: _one_step(case, case.parameters["m"]),
            of="algorithm",
        ),
    ),
    notes="The ball searched has radius τ/2. With η = L^-3 B² m^-1 and τ = (B ε √m)^-1 it takes B³ ε E_S ≤ 1/√2,"
    " and B ≤ 1/√2 by (4.1) and Lemma 5.1; radii are large enough for ε ≤ 1.",
)
def one_step_stays_in_the_ball(case: Case) -> Measurement:
    """η ‖∇_{W_l} L_S(W)‖_F against τ/2."""
    return _one_step(case, 1.0)


def _one_step(case: Case, factor: float) -> Measurement:
    trace = case.at_moved
    norms = trace.batch_gradient_norms(LOSSES[case.setting.loss].slopes(trace.outputs, case.labels))
    return Measurement(factor * step_size(case, 1.0)[:, None] * norms, axes=("layer",))


@claim(
    "cao-gu-2020/thm-4.7-descent",
    sentence="A step decreases the loss by η B² m times the squared error, up to a kink and a quadratic term.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, second display"),
    statement=r"L_S(W^{(k+1)}) - L_S(W^{(k)}) \le C_1 \sum_l [L^2 \tau^{1/3} \eta m \sqrt{\log m} + L^3 m^2 \eta^2]"
    r" \mathcal{E}_S^2(W^{(k)}) - \eta B^2 m \mathcal{E}_S^2(W^{(k)})",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=3, tau="1/3", m=1, log_m="1/2"), Scaling(L=4, m=2)),
    domain=Domain(tau=ANY, draws={"m": (128, 256)}),
    quantifiers="for all W⁽ᵏ⁾ in the ball",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "place-above-kinks", "switch-on"),
    ascends=True,
    certificate=lambda case: certificates.step_excess(case, (PACE, 1 / PACE)),
    preconditions=PRE_5,
    obstacle=lambda _: NEEDS_STEPS,
    unrefuted={
        "L": DEPTH_OPEN,
        "tau": Reason(
            "out of reach", "open: no W is known at which a gradient step meets as many kinks as the worst step"
        ),
        "log_m": LOG_OPEN,
    },
    controls=(
        Control(
            "no kink term",
            "the quadratic term alone bounds what a step falls short by",
            measure=lambda case: _step_excess(case, kinks=0.0),
        ),
        Control(
            "no quadratic term",
            "the kink term alone bounds what a step falls short by",
            measure=lambda case: _step_excess(case, quadratic=0.0),
        ),
    ),
    notes="The decrease is measured against η Σ_l ‖∇_{W_l} L_S‖_F², which (4.1) only makes smaller: η B² m E_S².",
)
def a_step_falls_short_by_the_bracket(case: Case) -> Measurement:
    """L_S(W − η∇) − L_S(W) + η Σ_l ‖∇_{W_l} L_S‖², propagated as a difference, for a large and a small η."""
    return _step_excess(case)


def _step_excess(case: Case, *, kinks: float = 1.0, quadratic: float = 1.0) -> Measurement:
    trace, loss = case.at_moved, LOSSES[case.setting.loss]
    gradient = trace.gradient(loss.slopes(trace.outputs, case.labels))
    steps = [step_size(case, pace) for pace in (PACE, 1 / PACE)]
    excess = [
        Difference(trace, tuple(layer.scaled(-eta) for layer in gradient)).loss_excess(loss, case.labels)
        for eta in steps
    ]
    eta, error = torch.stack(steps, -1), surrogate_error(trace.outputs, case.labels)[:, None]
    factors = (kinks * eta * error.square(), quadratic * (eta * error).square())
    return Measurement(torch.stack(excess, -1), factors, ("step size",))


@claim(
    "cao-gu-2020/eq-5.6",
    sentence="Every step decreases the loss by at least half of η B² m times the squared surrogate error.",
    source=CAO_GU_2020.at("(5.6)"),
    statement=r"L_S(W^{(k+1)}) - L_S(W^{(k)}) \le -\tfrac12 \eta B^2 m \mathcal{E}_S^2(W^{(k)})",
    kind="RUN",
    bound="lower",
    own=lambda case: _gains(case, case.given_run, dominance_of(case)),
    obstacle=needs_steps,
    stated=0.5,
    domain=STEPWISE,
    plan=Plan(lines={"m": (256, 1024, 4096), "L": (1, 2), "tau": (1e-5, 1e-4, 1e-3)}, start={"n": 4}, examples=3),
    quantifiers="for all k of a run from W⁽⁰⁾, or from a point of the ball beside kinks",
    probability=WITH_PROBABILITY,
    attacks=("stay", "place-on-kinks"),
    controls=(
        Control("2 for 1/2", "a step gains 2 η B² m E_S²: with one layer it gains η ‖∇_{W_1} L_S‖²", factor=4.0),
        *mutants(at=WATCHED, domain=STEPWISE),
    ),
    notes="Of the four corners of XOR. Fewer have a larger B, and the step size that is taken here, of order B², is "
    "too large for them: at one corner the first steps gain 0.16 to 0.36 η B² m E_S².",
)
def a_step_gains_half(case: Case) -> Measurement:
    """The decrease of the loss over η B² m E_S², at every step."""
    run = descend(case)
    return where_it_shows(case, run, _gains(case, run, dominance(case)))


def _gains(case: Case, run: Run, b: Tensor) -> Measurement:
    return Measurement(decreases(run), (_gain(case, run, b),), ("step",))


def _gain(case: Case, run: Run, b: Tensor) -> Tensor:
    """η B² m E_S(W⁽ᵏ⁾)², (S, T)."""
    rate = run.step_size * b.square() * case.parameters["m"]
    return rate[:, None] * run.errors[:, :-1].square()


@claim(
    "cao-gu-2020/thm-4.7-gradient-from-decrease",
    sentence="Gradients along the run are bounded by the root of the decrease of the loss.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, after (5.6)"),
    statement=r"\|\nabla_{W_l} L_S(W^{(k)})\|_F \le C_2 \eta^{-1/2} B^{-1}"
    r" [L_S(W^{(k)}) - L_S(W^{(k+1)})]^{1/2}, \quad C_2 = \sqrt 2 C",
    kind="DET",
    bound="upper",
    stated=math.sqrt(2),
    domain=ON_XOR,
    plan=ON_XOR_PLAN,
    quantifiers="for all k and l ≤ L, with C the constant of Lemma 5.1 along the run",
    obstacle=lambda _: NEEDS_STEPS,
    controls=(
        Control("0.9 C for √2 C", "the decrease gives the gradient with C_2 = 0.9 C", factor=0.9 / math.sqrt(2)),
        *mutants(at=WATCHED, domain=ON_XOR),
    ),
    notes="What (5.6) gives for E_S, put into Lemma 5.1.",
)
def decreases_bound_gradients(case: Case) -> Measurement:
    """‖∇_{W_l} L_S‖_F against C η^{−1/2} B^{−1} times the root of the decrease, at every step."""
    run = descend(case)
    bound = _by_decrease(case, run, dominance(case))[..., None]
    return where_it_shows(case, run, Measurement(run.gradients[:, :-1], (bound,), ("step", "layer")))


def _by_decrease(case: Case, run: Run, b: Tensor) -> Tensor:
    """C η^{−1/2} B^{−1} [L_S(W⁽ᵏ⁾) − L_S(W⁽ᵏ⁺¹⁾)]^{1/2}, (S, T), with the largest ‖∇_{W_l} L_S‖_F / (√m E_S) as C."""
    largest = run.gradients.amax(-1) / (math.sqrt(case.parameters["m"]) * run.errors)
    factor = largest.amax(-1) / (run.step_size**0.5 * b)
    return factor[:, None] * decreases(run).sqrt()


@claim(
    "cao-gu-2020/thm-4.7-initial-loss",
    sentence="The loss at initialisation is at most of order √log(n/δ).",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, after (5.6)"),
    statement=r"L_S(W^{(0)}) - L_S(W^{(K)}) \le C_3 [\log(n/\delta)]^{1/2}",
    kind="PROB",
    bound="upper",
    terms=(Scaling(log_n_delta="1/2"),),
    domain=Domain(draws={"L": (1, 3)}),
    plan=Plan(lines={"m": (64, 512, 4096), "n": (1, 4, 16, 64)}, initialisations=128),
    quantifiers="for all K",
    probability=WITH_PROBABILITY,
    unrefuted={
        "log_n_delta": Reason(
            "out of reach", "a mean over examples does not grow with n: the logarithm is of δ, which does not vary"
        )
    },
    notes="As L_S(W^(K)) ≥ 0 the left-hand side is at most L_S(W^(0)) ≤ log 2 + max_i |f(x_i)|, which is measured.",
)
def initial_loss_is_bounded(case: Case) -> Measurement:
    """L_S(W⁽⁰⁾)."""
    return Measurement(LOSSES[case.setting.loss].value(case.at_initial.outputs, case.labels))


@claim(
    "cao-gu-2020/thm-4.7-trajectory",
    sentence="The distance travelled is at most of order √(K η)/B times the root of the whole decrease.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, last display but two"),
    statement=r"\|W_l^{(t+1)} - W_l^{(0)}\|_F \le \eta \sum_k \|\nabla_{W_l} L_S(W^{(k)})\|_F"
    r" \le C_2 \eta^{1/2} B^{-1} \sum_k [L_S(W^{(k)}) - L_S(W^{(k+1)})]^{1/2}"
    r" \le C_2 \sqrt{K \eta} B^{-1} [L_S(W^{(0)}) - L_S(W^{(K)})]^{1/2}",
    kind="RUN",
    bound="upper",
    own=lambda case: _links(case, case.given_run, dominance_of(case)),
    obstacle=needs_steps,
    stated=1.0,
    domain=ON_XOR,
    plan=ON_XOR_PLAN,
    quantifiers="for all t < K and l ≤ L, each inequality for itself, with C_2 = √2 C and C as in Lemma 5.1",
    probability=WITH_PROBABILITY,
    erratum="E-29",
    controls=(
        Control(
            "√K · η for √(K η)",
            "the last link as printed, with the root over K alone",
            measure=lambda case: _chain(case, step_size(case).sqrt()[:, None]),
        ),
        *mutants(at=WATCHED, domain=ON_XOR),
    ),
)
def trajectories_are_short(case: Case) -> Measurement:
    """The three links of the chain, from the distance to the square root of the whole decrease."""
    return _chain(case)


def _chain(case: Case, shortened: Tensor | float = 1.0) -> Measurement:
    run = descend(case)
    return where_it_shows(case, run, _links(case, run, dominance(case), shortened))


def _links(case: Case, run: Run, b: Tensor, shortened: Tensor | float = 1.0) -> Measurement:
    eta = (run.step_size * torch.ones_like(b))[:, None]
    path = eta[..., None] * run.gradients[:, :-1].cumsum(1)
    by_decrease = eta * math.sqrt(2) * _by_decrease(case, run, b)
    steps = torch.arange(1, run.steps + 1).to(eta)
    whole = math.sqrt(2) * _by_decrease(case, run, b).square().cumsum(1).sqrt() * eta * steps.sqrt()
    chain = [run.distances[:, 1:].amax(-1), path.amax(-1), by_decrease.cumsum(1), shortened * whole]
    return Measurement(torch.stack(chain[:-1], -1), (torch.stack(chain[1:], -1),), ("step", "link"))


SINGLE = Domain(draws={"m": (64, 256), "L": (1, 2), "n": (1, 1)}, fixed={"data": "sphere"})

TELESCOPED = {
    "kind": "RUN",
    "bound": "lower",
    "obstacle": needs_steps,
    "stated": 0.5,
    "domain": SINGLE,
    "plan": Plan(lines={"m": (256, 1024, 4096), "L": (1, 2, 3), "n": (1, 2, 4)}, start={"n": 1}, examples=3),
    "quantifiers": "for all K, with k* = argmin over k < K of E_S(W⁽ᵏ⁾)",
    "probability": WITH_PROBABILITY,
    "erratum": "E-30",
}


@claim(
    "cao-gu-2020/thm-4.7-telescoping",
    sentence="K steps decrease the loss by at least K times half the gain at the best iterate.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, last two displays"),
    statement=r"L_S(W^{(K)}) - L_S(W^{(0)}) \le -\tfrac12 K \eta B^2 m \mathcal{E}_S(W^{(k^*)})^2",
    own=lambda case: _telescoped(case, case.given_run, dominance_of(case)),
    controls=mutants(
        at={"m": 256, "n": 1},
        domain=SINGLE,
        unseen={"huge steps": Reason("out of reach", "one example is fitted for good by one step of any length")},
    ),
    notes="Equivalently E_S(W^(k*)) ≤ [2 (L_S(W^(0)) − L_S(W^(K)))]^(1/2) (K η m)^(-1/2) B^(-1).",
    **TELESCOPED,
)
def losses_telescope(case: Case) -> Measurement:
    """The whole decrease of the loss over K η B² m times the square of the smallest error so far, for every K."""
    return _of_one_input(case)


@claim(
    "cao-gu-2020/thm-4.7-telescoping@printed",
    sentence="The same without the half, as printed.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, last two displays"),
    statement=r"L_S(W^{(K)}) - L_S(W^{(0)}) \le -K \eta B^2 m \mathcal{E}_S(W^{(k^*)})^2",
    own=lambda case: _telescoped(case, case.given_run, dominance_of(case), doubled=2.0),
    expected="refuted",
    controls=(Control("2 for 1", "twice as much as printed", factor=2.0),),
    notes="Without the 1/2 of (5.6). In one step of one layer the loss falls by less than η ‖∇L_S‖², by its curvature.",
    **TELESCOPED,
)
def losses_telescope_as_printed(case: Case) -> Measurement:
    """The same with a right-hand side twice as large."""
    return _of_one_input(case, doubled=2.0)


def _of_one_input(case: Case, doubled: float = 1.0) -> Measurement:
    # A single input has a larger B than XOR, 1/√2 and more where the last layer is wider: the constant of η is 1.
    run = descend(case, pace=1.0)
    return where_it_shows(case, run, _telescoped(case, run, dominance(case), doubled))


def _telescoped(case: Case, run: Run, b: Tensor, doubled: float = 1.0) -> Measurement:
    smallest = _gain(case, run, b).cummin(1).values
    steps = torch.arange(1, run.steps + 1).to(smallest)
    return Measurement(run.losses[:, :1] - run.losses[:, 1:], (doubled * steps * smallest,), ("step",))
