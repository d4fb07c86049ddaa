"""The papers' own training algorithms, with iterates that stay factored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lemmata.model.changes import Change, Changes, distances
from lemmata.model.deferred import DeferredMatrix
from lemmata.model.losses import LOSSES, LossFunction, surrogate_error
from lemmata.model.network import Network
from lemmata.model.settings import Setting
from lemmata.model.spanned import Spanned
from lemmata.model.trace import Trace


@dataclass(frozen=True)
class Iterate:
    """One point of a trajectory: W⁽ᵗ⁾ − W⁽⁰⁾, and the trace there on the examples of the step."""

    step: int
    changes: Changes
    trace: Trace


@dataclass(frozen=True)
class Algorithm:
    """What a run does instead of what its paper prescribes; as it stands, nothing.

    A statement about an algorithm that another algorithm satisfies as well says nothing about the first.

    Attributes:
        pace: what the prescribed step size is multiplied with; 0 stays where it is, a negative one climbs.
        same_batch: whether every step is on the first one's batch.
        last: whether the last iterate is taken where the paper draws one.
        seen: whether errors are those on the sample instead of fresh examples.
    """

    pace: float = 1.0
    same_batch: bool = False
    last: bool = False
    seen: bool = False


PRESCRIBED = Algorithm()
"""The paper's own."""


def gradient_descent(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    *,
    step_size: float | Tensor,
    steps: int,
    compact: bool = False,
    algorithm: Algorithm = PRESCRIBED,
) -> Iterator[Iterate]:
    """Full-batch gradient descent on all trained layers at once, from W⁽⁰⁾.

    Yields W⁽⁰⁾, …, W⁽ˢᵗᵉᵖˢ⁾, each before the next is computed, so that a caller may stop early.

    Args:
        network: at W⁽⁰⁾.
        inputs: (n, d), or (S, n, d) where each initialisation has its own.
        labels: (n, k), or (S, n, k).
        step_size: η, the same at every step; a tensor (S,) gives every initialisation its own.
        steps: number of updates.
        compact: whether a layer is held in the form that takes least: whole once its factors are larger than that,
            and as a core in the directions that a deferred matrix stores anyway.
        algorithm: in place of the prescribed one.

    Raises:
        ValueError: if the step size is not positive or the number of steps is negative.

    Source: cao-gu-2020 Algorithm 1 (with erratum E-11); zou-gu-2019 Algorithm 1.
    """
    if not _positive(step_size) or steps < 0:
        raise ValueError(f"{step_size=} must be positive and {steps=} non-negative")
    everything = range(inputs.shape[-2])
    batches = (everything for _ in range(steps))
    return stochastic_gradient_descent(
        network, inputs, labels, step_size=step_size, batches=batches, compact=compact, algorithm=algorithm
    )


def stochastic_gradient_descent(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    *,
    step_size: float | Tensor,
    batches: Iterable[Sequence[int] | Tensor],
    compact: bool = False,
    algorithm: Algorithm = PRESCRIBED,
) -> Iterator[Iterate]:
    """Gradient descent on the mean loss of one batch after the other, from W⁽⁰⁾.

    Yields the iterate before each batch, and at last the final one. Its trace is on that batch where it is the same for
    all initialisations, else on all inputs, as at last.

    Args:
        network: at W⁽⁰⁾.
        inputs: (n, d), or (S, n, d) where each initialisation has its own.
        labels: (n, k), or (S, n, k).
        step_size: η, the same at every step; a tensor (S,) gives every initialisation its own.
        batches: indices of the examples of each step; a tensor (S, B) gives every initialisation its own.
        compact: whether a layer is held in the form that takes least: whole once its factors are larger than that,
            and as a core in the directions that a deferred matrix stores anyway.
        algorithm: in place of the prescribed one.

    Raises:
        ValueError: if the step size is not positive.

    Source: zou-gu-2019 Algorithm 1, SGD; cao-gu-2019-slides, one pass with batches of one.
    """
    if not _positive(step_size):
        raise ValueError(f"{step_size=} must be positive")
    if algorithm.same_batch:
        batches = _repeated(batches)
    return _descend(network, inputs, labels, algorithm.pace * step_size, batches, compact)


def _repeated(batches: Iterable[Sequence[int] | Tensor]) -> Iterator[Sequence[int] | Tensor]:
    """The first batch as often as there are batches."""
    first: Sequence[int] | Tensor | None = None
    for batch in batches:
        first = batch if first is None else first
        yield first


def _descend(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    step_size: float | Tensor,
    batches: Iterable[Sequence[int] | Tensor],
    compact: bool,
) -> Iterator[Iterate]:
    loss = LOSSES[network.setting.loss]
    totals: list[Change] = list(network.still())
    if compact:
        # The first layer's signals are asked of no matrix.
        for number, matrix in enumerate(network.matrices[1 : network.trained], 1):
            if isinstance(matrix, DeferredMatrix) and not matrix.formed:
                totals[number] = Spanned.nothing(matrix)
    rate = step_size[:, None, None] if isinstance(step_size, Tensor) else step_size
    step = 0
    for batch in batches:
        whole = isinstance(batch, Tensor) or len(batch) == inputs.shape[-2]
        examples, targets = (part if whole else part[..., list(batch), :] for part in (inputs, labels))
        iterate = _at(network, tuple(totals), step, examples)
        yield iterate
        f = iterate.trace.outputs
        slopes = _slopes_on(batch, loss, f, targets) if isinstance(batch, Tensor) else loss.slopes(f, targets)
        descent = iterate.trace.gradient(-rate * slopes)
        totals = [total.stepped(layer, compact=compact) for total, layer in zip(totals, descent, strict=True)]
        step += 1
    yield _at(network, tuple(totals), step, inputs)


def _slopes_on(batches: Tensor, loss: LossFunction, f: Tensor, y: Tensor) -> Tensor:
    """∂/∂f of the mean loss on each initialisation's own batch, zero for the other examples, (S, n, k)."""
    index = batches[..., None].expand(-1, -1, f.shape[-1])
    slopes = loss.slopes(f.gather(1, index), y.expand_as(f).gather(1, index))
    return torch.zeros_like(f).scatter(1, index, slopes)


def _at(network: Network, changes: Changes, step: int, examples: Tensor) -> Iterate:
    return Iterate(step, changes, Trace(network.moved(changes), examples))


def _positive(step_size: float | Tensor) -> bool:
    return bool((step_size > 0).all()) if isinstance(step_size, Tensor) else step_size > 0


def error_of(setting: Setting, f: Tensor, y: Tensor) -> Tensor:
    """E_S for the cross-entropy, the root of the mean squared residual for the square loss, (…,)."""
    return surrogate_error(f, y) if setting.loss == "cross-entropy" else (2 * LOSSES["square"].value(f, y)).sqrt()


@dataclass(frozen=True)
class Run:
    """What is kept of the iterates W⁽⁰⁾, …, W⁽ᵀ⁾ of gradient descent, (S, T + 1, …).

    Attributes:
        step_size: η, as prescribed.
        outputs: f(x_i), (S, T + 1, n, k).
        losses: L_S, (S, T + 1).
        errors: see `error_of`, (S, T + 1).
        distances: ‖W_l⁽ᵗ⁾ − W_l⁽⁰⁾‖ in the norm of the setting's ball, (S, T + 1, layers); no layers if not far.
        gradients: ‖∇_{W_l} L_S(W⁽ᵗ⁾)‖_F, (S, T + 1, layers).
        seen: what else was asked for, by name.
        last: the last iterate.
        ends: the first iterate at which an initialisation was done, T where it never was, (S,); None for T of all.
    """

    step_size: float | Tensor
    outputs: Tensor
    losses: Tensor
    errors: Tensor
    distances: Tensor
    gradients: Tensor
    seen: dict[str, Tensor]
    last: Iterate
    ends: Tensor | None = None

    @property
    def steps(self) -> int:
        """T, the number of updates made."""
        return self.losses.shape[1] - 1

    def first(self, below: Tensor) -> Tensor:
        """The first step at which a condition (S, T + 1) holds, infinite where it never does, (S,)."""
        hit = below.to(self.losses).argmax(-1).to(self.losses)
        return torch.where(below.any(-1), hit, torch.inf)

    def own(self, values: Tensor) -> Tensor:
        """Of iterates, (S, T + 1, …), or of steps, (S, T, …), each initialisation's own, and then its last again.

        A run goes on until all are done: without this, what one has would depend on which others run beside it.
        """
        if self.ends is None or not values.shape[1]:
            return values
        last = (self.ends - (self.steps + 1 - values.shape[1])).clamp_min(0)
        at = torch.minimum(torch.arange(values.shape[1], device=values.device), last[:, None])
        return values.gather(1, at.reshape(*at.shape, *[1] * (values.ndim - 2)).expand_as(values))


def follow(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    *,
    step_size: float | Tensor,
    steps: int,
    until: Callable[[Tensor, Tensor], Tensor] | None = None,
    far: bool = True,
    algorithm: Algorithm = PRESCRIBED,
    **observe: Callable[[Iterate], Tensor],
) -> Run:
    """Run gradient descent and keep the numbers that the papers' statements are about.

    Args:
        network: at W⁽⁰⁾.
        inputs: (n, d), or (S, n, d) where each initialisation has its own.
        labels: (n, k), or (S, n, k).
        step_size: η, as for `gradient_descent`.
        steps: most updates.
        until: of an iterate's losses and errors, (S,) each, whether an initialisation is done, (S,); the run ends when
            all are.
        far: whether distances are measured, which at depth takes most of the time.
        algorithm: in place of the prescribed one.
        observe: further quantities of an iterate, each (S, …).

    Raises:
        ValueError: as `gradient_descent` does.
    """
    iterates = gradient_descent(
        network, inputs, labels, step_size=step_size, steps=steps, compact=True, algorithm=algorithm
    )
    return watch(iterates, labels, step_size=step_size, until=until, far=far, **observe)


def watch(
    iterates: Iterable[Iterate],
    labels: Tensor,
    *,
    step_size: float | Tensor,
    until: Callable[[Tensor, Tensor], Tensor] | None = None,
    far: bool = True,
    **observe: Callable[[Iterate], Tensor],
) -> Run:
    """Keep of iterates, whoever made them, the numbers that the papers' statements are about.

    Args:
        iterates: W⁽⁰⁾ and those after it, one at least.
        labels: (n, k), or (S, n, k) where each initialisation has its own.
        step_size: η; no number where they are no consecutive steps of gradient descent.
        until, far, observe: as for `follow`.
    """
    kept: dict[str, list[Tensor]] = {name: [] for name in ("outputs", "losses", "errors", "distances", "gradients")}
    seen: dict[str, list[Tensor]] = {name: [] for name in observe}
    last: Iterate | None = None
    ends: Tensor | None = None
    for number, last in enumerate(iterates):
        f, setting = last.trace.outputs, last.trace.network.setting
        loss = LOSSES[setting.loss]
        value = loss.value(f, labels)
        error = error_of(setting, f, labels)
        kept["outputs"].append(f)
        kept["losses"].append(value)
        kept["errors"].append(error)
        kept["distances"].append(distances(last.changes, setting.ball) if far else f.new_zeros(len(f), 0))
        kept["gradients"].append(last.trace.batch_gradient_norms(loss.slopes(f, labels)))
        for name, quantity in observe.items():
            seen[name].append(quantity(last))
        if until is not None:
            done = until(value, error)
            ends = torch.where(done, number, -1) if ends is None else torch.where((ends < 0) & done, number, ends)
            if bool(done.all()):
                break
    assert last is not None
    columns = {name: torch.stack(values, 1) for name, values in kept.items()}
    also = {name: torch.stack(values, 1) for name, values in seen.items()}
    if ends is not None:
        ends = torch.where(ends < 0, number, ends)
    return Run(step_size, **columns, seen=also, last=last, ends=ends)
