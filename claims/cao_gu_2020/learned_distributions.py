"""Corollaries 4.11 and 4.13, and what limits them: the error of what gradient descent learned, on fresh examples."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import (
    AT_INITIALISATION,
    CAO_GU_2020,
    CONFIDENT,
    FEATURE_MARGIN,
    KERNEL_MARGIN,
    PRE_4_7,
)
from lemmata.claims.cao_gu_2020.prescribed_runs import dominance
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason, Sides
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import DESCENT, TESTED, mutants
from lemmata.claims.registry import claim, context
from lemmata.model.randomness import generator, stream
from lemmata.model.trace import Trace
from lemmata.model.training import Iterate, follow

PACE, RATE = 15.0, 8.0
"""Constants in K = Θ(ε⁻²) and in η = Θ(L⁻³ m⁻¹); γ, on which both depend too, is that of the law."""

FRESH = 500
"""Fresh examples on which an error is measured."""

FEATURE_WIDTH = Scaling(L=24, two_to_L=8, gamma=-8, eps=-14)
KERNEL_WIDTH = Scaling(L=24, gamma=-8, eps=-14)
"""m* of Corollaries 4.11 and 4.13 in their proofs, without logarithms."""

SAMPLE = Scaling(n="-1/4")
"""n ≥ C ε^−4, read as a learning curve: the error is at most C n^−1/4, after K = Θ(n^{1/2}) steps."""

LEARNING = {
    "kind": "RUN",
    "bound": "upper",
    "terms": (SAMPLE,),
    "ceiling": 1.0,
    "quantifiers": "for the iterate of least surrogate error among W⁽⁰⁾, …, W⁽ᴷ⁻¹⁾, with ε = n^(-1/4) and K = 15 ε^-2",
    "probability": "at least 1 − δ over W⁽⁰⁾ and the sample",
    "resampled": True,
    "unrefuted": {"n": Reason("out of reach", "separable data are learned at the fast rate 1/n")},
}


def _controls(domain: Domain, unseen: Mapping[str, Reason], **at: int) -> tuple[Control, ...]:
    """Coins for labels, and other algorithms, on so many examples that they would have been learned."""
    coins = Control(
        "without the assumption",
        "the same for labels that are fair coins",
        measure=lambda case: Measurement(_error(case, coins=True)),
        domain=domain,
        plan=Plan(start=at),
    )
    return coins, *mutants(
        TESTED,
        at=at,
        domain=domain,
        unseen={"tested on the sample": Reason("proof", "what fits the sample errs nowhere on it"), **unseen},
    )


PERCEPTRON = Reason(
    "out of reach", "a network without biases is homogeneous: steps that dwarf W⁽⁰⁾ teach it a linear function too"
)

GAPS = Domain(
    draws={"m": (64, 128), "L": (1, 1), "n": (4, 16)},
    fixed={"data": "scattered", "d": 2, "phi": 0.3},
    values={"eps": (0.1, 0.3)},
)
CORNERS = Domain(draws={"m": (64, 128), "L": (2, 2), "n": (4, 16)}, fixed={"data": "scattered", "d": 2, "phi": 0.76})
TEACHER = Domain(draws={"m": (64, 128), "L": (1, 1), "n": (8, 32)}, fixed={"data": "teacher", "d": 6, "phi": 0.2})


@claim(
    "cao-gu-2020/random-label-floor",
    sentence="No classifier errs on less than half of labels that are fair coins.",
    source=CAO_GU_2020.at("section 4.1, after Corollary 4.9"),
    statement=r"y \text{ a fair sign, independent of } x \implies P[y f(x) < 0] + \tfrac12 P[f(x) = 0] = \tfrac12",
    kind="EXACT",
    bound="equality",
    domain=AT_INITIALISATION,
    quantifiers="for every classifier f",
    controls=(
        Control(
            "ties count as correct",
            "P[y f(x) < 0] = 1/2 for every classifier, f ≡ 0 too",
            measure=lambda case: _coin_error(0 * case.at_moved.outputs, tie=0.0),
        ),
        Control(
            "labels that know x",
            "the same with y = sign f(x)",
            measure=lambda case: _coin_error(case.at_moved.outputs.abs(), tie=0.5, signs=(1.0,)),
        ),
    ),
    notes="An output that is exactly 0 is half an error. With y f < 0 as the only error, as Corollary 4.9 has it, the "
    "classifier f ≡ 0 never errs, and the floor of 1/2 is no floor.",
)
def fair_labels_cannot_be_learned(case: Case) -> Sides:
    """The expected error of the network over fair signs, for every example, is 1/2."""
    return _coin_error(case.at_moved.outputs, tie=0.5)


def _coin_error(outputs: Tensor, *, tie: float, signs: tuple[float, ...] = (1.0, -1.0)) -> Sides:
    f = outputs[..., 0]
    errors = [(sign * f < 0).to(f) + tie * (f == 0).to(f) for sign in signs]
    expected = torch.stack(errors).mean(0)
    return Sides.of(expected, torch.full_like(expected, 0.5), ("example",))


@claim(
    "cao-gu-2020/cor-4.9-gap",
    sentence="The best iterate errs on at most ε and two terms that fall with the sample and with the width.",
    source=CAO_GU_2020.at("Corollary 4.9"),
    statement=r"P[y f_{W^{(k)}}(x) < 0] \le \epsilon + C (L^2 B^{-1} \epsilon^{-1} n^{-1/2}"
    r" + L^4 B^{-4/3} \epsilon^{-4/3} m^{-1/6})",
    kind="RUN",
    bound="upper",
    terms=(Scaling(L=2, eps=-1, n="-1/2"), Scaling(L=4, eps="-4/3", m="-1/6"), Scaling(eps=1)),
    ceiling=1.0,
    domain=GAPS,
    plan=Plan(
        lines={"n": (16, 64, 256), "m": (64, 512), "eps": (0.1, 0.3)},
        start={"m": 64, "n": 64},
        initialisations=16,
        examples=2,
    ),
    quantifiers="for k* = argmin of E_S(W⁽ᵏ⁾) over k < K, B as measured at W⁽⁰⁾",
    probability="at least 1 − δ over W⁽⁰⁾ and the sample",
    resampled=True,
    preconditions=PRE_4_7,
    erratum="E-10",
    expected="vacuous",
    unrefuted=dict.fromkeys(
        ("m", "n", "L", "eps"),
        Reason("out of reach", "where the error falls the bound is above 1, and any power would do"),
    ),
    controls=mutants(
        TESTED,
        at={"m": 64, "n": 64},
        domain=GAPS,
        unseen=dict.fromkeys(
            (*DESCENT, *TESTED),
            Reason("proof", "no error is above 1, and the right-hand side is at every size that runs"),
        ),
    ),
    notes="The error of gradient descent's iterate, beside the corollary's own terms: on cones around the corners "
    "of XOR the second alone falls below 1 at a width of 1e11 (L = 1, ε = 0.1), the first at n = 800.",
)
def descent_errs_less_than_its_bound(case: Case) -> Measurement:
    """P[y f(x) ≤ 0] on fresh examples, at the best iterate of a run of 15/ε steps."""
    p, B, fresh = case.parameters, dominance(case), case.fresh(FRESH)
    eta = RATE / (p["L"] ** 3 * p["m"])
    error = error_of_the_best(case, (fresh.inputs, fresh.labels), eta, math.ceil(PACE / p["eps"]))
    return Measurement(error, (1 / B, B ** (-4 / 3), 1.0))


@claim(
    "cao-gu-2020/cor-4.11",
    sentence="Data separable by random features are learned: the test error is ε once n is of order ε⁻⁴.",
    source=CAO_GU_2020.at("Corollary 4.11"),
    statement=r"n \ge \tilde O(\mathrm{poly}(2^L, \gamma^{-1})) \epsilon^{-4} \log(1/\delta) \implies"
    r" P[y f_{W^{(k)}}(x) > 0] \ge 1 - \epsilon",
    domain=CORNERS,
    plan=Plan(lines={"n": (4, 16, 64, 256), "m": (64, 256)}, start={"m": 64, "n": 16}, initialisations=24, examples=2),
    controls=_controls(CORNERS, {}, m=64, n=256),
    preconditions=(FEATURE_MARGIN, Condition("m", ">=", (FEATURE_WIDTH * CONFIDENT,))),
    erratum="E-05",
    notes="Substitute for the m ≥ ε^-14 of the statement, 5e22 on XOR at ε = 0.1: cones around the corners of XOR, "
    "drawn at random, separable by random features and not linearly, at widths that run. L = 2, as the proof of Lemma "
    "5.4 fails at L = 1.",
    **LEARNING,
)
def cones_are_learned(case: Case) -> Measurement:
    """P[y f(x) ≤ 0] on fresh examples."""
    return Measurement(_error(case))


@claim(
    "cao-gu-2020/cor-4.13",
    sentence="Data separable by the conjugate kernel are learned: the test error is ε once n is of order ε⁻⁴.",
    source=CAO_GU_2020.at("Corollary 4.13"),
    statement=r"n \ge \tilde O(\mathrm{poly}(L, \gamma^{-1})) \epsilon^{-4} \log(1/\delta) \implies"
    r" P[y f_{W^{(k)}}(x) > 0] \ge 1 - \epsilon",
    domain=TEACHER,
    plan=Plan(
        lines={"n": (8, 32, 128), "m": (64, 256, 1024)},
        start={"m": 64, "n": 32},
        initialisations=24,
        examples=2,
    ),
    controls=_controls(TEACHER, {"huge steps": PERCEPTRON}, m=64, n=128),
    preconditions=(KERNEL_MARGIN, Condition("m", ">=", (KERNEL_WIDTH * CONFIDENT,))),
    erratum="E-14",
    notes="Substitute for the width of the statement: a linear teacher with a margin, which is in the space of every "
    "conjugate kernel, at a fixed width.",
    **LEARNING,
)
def teachers_are_learned(case: Case) -> Measurement:
    """P[y f(x) ≤ 0] on fresh examples."""
    return Measurement(_error(case))


def _error(case: Case, *, coins: bool = False) -> Tensor:
    """Share of fresh examples on which W⁽ᵏ*⁾ is wrong, (S,); or of fresh inputs with coins for labels."""
    p = case.parameters
    fresh = case.fresh(FRESH)
    labels = generator(stream(0, "coins")).choice([-1.0, 1.0], fresh.labels.shape[-2:]) if coins else fresh.labels
    return error_of_the_best(
        case, (fresh.inputs, torch.as_tensor(labels)), RATE / (p["L"] ** 3 * p["m"]), math.ceil(PACE * p["n"] ** 0.5)
    )


def error_of_the_best(case: Case, fresh: tuple[Tensor, Tensor], step_size: float | Tensor, iterates: int) -> Tensor:
    """Share of fresh inputs and labels with y f(x) ≤ 0 at W⁽ᵏ*⁾, k* = argmin over k < K of E_S(W⁽ᵏ⁾), (S,)."""
    inputs, labels = (part.to(case.inputs) for part in fresh)

    def wrong(iterate: Iterate) -> Tensor:
        outputs = Trace(iterate.trace.network, inputs).outputs
        return (labels * outputs <= 0).to(outputs).mean((-2, -1))

    run = follow(
        case.initial,
        case.inputs,
        case.labels,
        step_size=step_size,
        steps=iterates - 1,
        far=False,
        algorithm=case.algorithm,
        wrong=wrong,
    )
    # An error that is no number is no least one.
    best = run.errors.nan_to_num(math.inf).argmin(-1, keepdim=True)
    return run.seen["wrong"].gather(1, best)[:, 0]


context(
    "cao-gu-2020/rem-4.14",
    sentence="Of order ε⁻⁴ examples give an error of ε under the kernel's margin.",
    source=CAO_GU_2020.at("Remark 4.14"),
    statement=r"\epsilon\text{-error from } \tilde O(\epsilon^{-4}) \text{ examples under Assumption 4.12}",
    instead="A comparison with Daniely (2017); its number is that of cor-4.13 and cor-4.13-ledger.",
)

context(
    "cao-gu-2020/rem-4.15",
    sentence="SGD with fresh examples generalises by an online-to-batch conversion.",
    source=CAO_GU_2020.at("Remark 4.15"),
    statement=r"\text{one-pass SGD generalises by an online-to-batch conversion}",
    instead="A comparison with the slides (Cao and Gu, 2019), whose own claims are tested.",
)
