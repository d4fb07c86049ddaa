"""Corollaries 4.11 and 4.13, and what limits them: the error of what gradient descent learned, on fresh examples."""

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import (
    AT_INITIALISATION,
    CAO_GU_2020,
    CONFIDENT,
    FEATURE_MARGIN,
    KERNEL_MARGIN,
)
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason, Sides
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim, context
from lemmata.model.randomness import generator, stream
from lemmata.model.trace import Trace
from lemmata.model.training import follow

STEPS, RATE = 120, 8.0
"""Updates of a run that is to learn, and η L³ m: a constant, as the corollaries' γ depends on the law alone."""

FRESH = 2_000
"""Fresh examples on which an error is measured."""

FEATURE_WIDTH = Scaling(L=24, two_to_L=8, gamma=-8, eps=-14)
KERNEL_WIDTH = Scaling(L=24, gamma=-8, eps=-14)
"""m* of Corollaries 4.11 and 4.13 in their proofs, without logarithms."""

SAMPLE = Scaling(n="-1/4")
"""n ≥ C ε^−4, read as a learning curve: the error is at most C n^−1/4."""

LEARNING = {
    "kind": "RUN",
    "bound": "upper",
    "terms": (SAMPLE,),
    "quantifiers": "for the iterate of least surrogate error among W⁽⁰⁾, …, W⁽¹²⁰⁾, which is the last",
    "probability": "at least 1 − δ over W⁽⁰⁾ and the sample",
    "resampled": True,
    "unrefuted": {
        "n": Reason("out of reach", "open: at these sizes the error falls faster, which no theorem says it must")
    },
    "controls": (
        Control(
            "without the assumption",
            "the same for labels that are fair coins",
            measure=lambda case: Measurement(_error(case, coins=True)),
        ),
    ),
}


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
    "cao-gu-2020/cor-4.11",
    sentence="Data separable by random features are learned: the test error is ε once n is of order ε⁻⁴.",
    source=CAO_GU_2020.at("Corollary 4.11"),
    statement=r"n \ge \tilde O(\mathrm{poly}(2^L, \gamma^{-1})) \epsilon^{-4} \log(1/\delta) \implies"
    r" P[y f_{W^{(k)}}(x) > 0] \ge 1 - \epsilon",
    domain=Domain(draws={"m": (64, 128), "L": (2, 2), "n": (4, 16)}, fixed={"data": "cones", "d": 2, "phi": 0.76}),
    plan=Plan(lines={"n": (4, 8, 16, 64)}, initialisations=24, examples=2),
    preconditions=(FEATURE_MARGIN, Condition("m", ">=", (FEATURE_WIDTH * CONFIDENT,))),
    erratum="E-05",
    notes="Substitute for the m ≥ ε^-14 of the statement, 5e22 on XOR at ε = 0.1: cones around the corners of XOR, "
    "separable by random features and not linearly, at a fixed width. L = 2, as the proof of Lemma 5.4 fails at L = 1.",
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
    domain=Domain(draws={"m": (64, 128), "L": (1, 1), "n": (8, 32)}, fixed={"data": "teacher", "d": 6, "phi": 0.2}),
    plan=Plan(lines={"n": (8, 32, 128)}, initialisations=24, examples=2),
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
    """Share of fresh examples on which the last iterate is wrong, (S,); or of fresh inputs with coins for labels."""
    p = case.parameters
    eta = RATE / (p["L"] ** 3 * p["m"])
    learned = follow(case.initial, case.inputs, case.labels, step_size=eta, steps=STEPS).last.trace.network
    fresh = case.fresh(FRESH)
    labels = generator(stream(0, "coins")).choice([-1.0, 1.0], (FRESH, 1)) if coins else fresh.labels
    outputs = Trace(learned, fresh.inputs.to(case.inputs)).outputs
    return (torch.as_tensor(labels).to(outputs) * outputs <= 0).to(outputs).mean((-2, -1))


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
