"""One pass of stochastic gradient descent, its output drawn uniformly from W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.losses_defined import logistic
from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Reason, Sides
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim
from lemmata.model.data import Dataset
from lemmata.model.trace import Trace
from lemmata.model.training import stochastic_gradient_descent

PASS = 3
"""Steps of the passes that are enumerated."""

FRESH = 500
"""Fresh examples from which an iterate's error is estimated."""

AS_GOOD = {
    "huge steps": Reason(
        "out of reach", "a network without biases is homogeneous: steps that dwarf W⁽⁰⁾ teach it as well"
    ),
    "last iterate": Reason("out of reach", "the last iterate has learned most: it errs less than one that is drawn"),
    "tested on the sample": Reason(
        "out of reach", "an iterate errs on examples that it has seen no more often than on fresh ones"
    ),
}
"""Other passes that err no more than the prescribed one, wherever they were run."""


@claim(
    "cao-gu-2019-slides/algorithm-sgd",
    sentence="One pass of SGD: the mean test loss of an iterate drawn at random is the mean online loss.",
    source=CAO_GU_2019_SLIDES.at("slide 2, algorithm"),
    statement=r"W^{(i)} = W^{(i-1)} - \eta \nabla L_{(x_i, y_i)}(W^{(i-1)}),\ (x_i, y_i) \sim D,\ i \le n; \quad"
    r" \hat W \sim Unif\{W^{(0)}, \ldots, W^{(n-1)}\} \ \Rightarrow\ "
    r" E[L_D(\hat W)] = \frac1n \sum_i E[\ell(y_i f_{W^{(i-1)}}(x_i))]",
    kind="EXACT",
    bound="equality",
    domain=Domain(draws={"L": DEPTH, "m": (32, 64), "n": (2, 3)}, fixed={**EQUAL_WIDTHS, "data": "sphere"}),
    plan=Plan(lines={"m": (32, 64), "L": (2, 3)}, start={"n": 3}, examples=2),
    quantifiers="for D uniform on the examples at hand, over all samples of three",
    controls=(
        Control(
            "W⁽ⁿ⁾ for W⁽⁰⁾",
            "the output is uniform over W⁽¹⁾, …, W⁽ⁿ⁾",
            measure=lambda case: _online_to_batch(case, lag=1),
        ),
        Control(
            "the example just learnt",
            "the right-hand side takes the loss of x_i at W⁽ⁱ⁾",
            measure=lambda case: _online_to_batch(case, seen=1),
        ),
    ),
    notes="Online-to-batch conversion, for the logistic loss and the classification error: W⁽ⁱ⁻¹⁾ has not seen x_i.",
)
def one_pass_turns_online_into_batch(case: Case) -> Sides:
    """Both expectations over all samples of three from a law on n atoms, each trained on: nothing is sampled."""
    return _online_to_batch(case)


def _online_to_batch(case: Case, *, lag: int = 0, seen: int = 0) -> Sides:
    """The mean over samples and iterates of the risk, and of the loss of the next example (of the last, if seen)."""
    risks, losses = [], []
    for sample in itertools.product(range(len(case.inputs)), repeat=PASS):
        pairs = _margins_along(case, sample)
        risks += [_quantities(pairs[step + lag]).mean(-1) for step in range(PASS)]
        losses += [_quantities(pairs[step + seen])[..., sample[step]] for step in range(PASS)]
    return Sides.of(torch.stack(risks).mean(0), torch.stack(losses).mean(0), ("quantity",))


def _margins_along(case: Case, sample: Sequence[int]) -> list[Tensor]:
    """y f(x) of every atom at W⁽⁰⁾, …, W⁽ⁿ⁾, (S, n) each."""
    width = case.parameters["m"]
    run = stochastic_gradient_descent(
        case.initial, case.inputs, case.labels, step_size=1 / width, batches=[[i] for i in sample]
    )
    return [(case.labels * Trace(at.trace.network, case.inputs).outputs)[..., 0] for at in run]


def _quantities(margins: Tensor) -> Tensor:
    """Logistic loss and classification error, (S, 2, n)."""
    return torch.stack([logistic(margins), (margins < 0).to(margins)], 1)


def error_of_the_drawn(case: Case, step_size: float | Tensor, fresh: Dataset | None = None) -> Tensor:
    """The expected share of fresh examples that Ŵ misclassifies, (S,): over the draw of the iterate it is exact.

    Examples that are not drawn from the law of the case's own are given.
    """
    errors = errors_of_the_iterates(case, step_size, fresh)
    return errors[:, -1] if case.algorithm.last else errors.mean(-1)


def errors_of_the_iterates(case: Case, step_size: float | Tensor, fresh: Dataset | None = None) -> Tensor:
    """The share of fresh examples that W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ misclassify, (S, n)."""
    fresh = fresh or case.fresh(FRESH)
    inputs = fresh.inputs.to(case.initial.like)
    batches = [[i] for i in range(case.n)]
    run = stochastic_gradient_descent(
        case.initial,
        case.inputs,
        case.labels,
        step_size=step_size,
        batches=batches,
        compact=True,
        algorithm=case.algorithm,
    )
    iterates = itertools.islice(run, len(batches))
    return torch.stack([classification_error(Trace(at.trace.network, inputs), fresh.labels) for at in iterates], -1)


def classification_error(trace: Trace, labels: Tensor) -> Tensor:
    """The share of the trace's examples with y f(x) < 0, (S,)."""
    wrong = labels.to(trace.outputs) * trace.outputs < 0
    return wrong.to(trace.outputs).mean(dim=(-2, -1))
