"""What a claim is measured on: one configuration, drawn for S independent initialisations."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.language.configuration import Configuration
from lemmata.model.attacks import ATTACKS, Pair, Target
from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank, add, distances
from lemmata.model.data import LABELLED, Dataset, generate
from lemmata.model.difference import Difference
from lemmata.model.network import Architecture, Engine, Network, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import Setting
from lemmata.model.trace import Trace
from lemmata.model.training import PRESCRIBED, Algorithm, Run


@dataclass(frozen=True)
class Recipe:
    """An attack of `model.attacks.ATTACKS`, aimed at a layer (from 1), an example and an output (from 0).

    "stay" is the initial network itself. `ascent` is the number of gradient steps taken from what the attack finds, or,
    of one that restarts, of its further starts.
    """

    attack: str = "stay"
    layer: int = 1
    example: int = 0
    output: int = 0
    ascent: int = 0

    def __str__(self) -> str:
        if self.attack == "stay" and not self.ascent:
            return "stay"
        aim = f"{self.attack}@{self.layer}.{self.example}.{self.output}"
        return f"{aim}^{self.ascent}" if self.ascent else aim

    @classmethod
    def parse(cls, text: str, known: Collection[str] = ATTACKS) -> "Recipe":
        """The inverse of `str`, of an attack that is known.

        Raises:
            ValueError: if the attack is unknown or the aim is not three integers.
        """
        attack, _, rest = text.partition("@")
        if attack not in known:
            raise ValueError(f"attack {attack!r} must be one of {', '.join(known)}")
        aim, _, ascent = rest.partition("^")
        try:
            layer, example, output = (int(part) for part in (aim or "1.0.0").split("."))
            return cls(attack, layer, example, output, int(ascent or 0))
        except ValueError:
            raise ValueError(f"recipe {text!r} must look like {attack}@LAYER.EXAMPLE.OUTPUT[^STEPS]") from None


_SIZES = torch.logspace(-9, 3, 97, dtype=torch.float64)
MARGINS = torch.cat([-_SIZES.flip(0), torch.zeros(1, dtype=torch.float64), _SIZES])
"""Margins of generated cases at which facts about the loss are probed: both signs, zero, nine decades."""


class Case:
    """W⁽⁰⁾, W̃ and Ŵ for S initialisations, with whatever the claims measure on them, computed once.

    Claims about one W (printed with a tilde, a hat or plain) look at Ŵ; the point of expansion is W̃.

    Args:
        initial: networks at W⁽⁰⁾.
        data: inputs and labels, the same for all initialisations or a sample for each.
        tau: radius of the ball.
        delta: δ.
        pair: W̃ and Ŵ; None is W̃ = Ŵ = W⁽⁰⁾.
        draws: decides what the attacks and fresh examples draw; one per sample where there are several.
        numbers: of the initialisations, for what else each of them draws; None counts from 0.
        configuration: what it was drawn from, for the sizes that neither network nor data show (ε, the batch).
        probes: margins z beyond the network's own at which scalar facts about the loss are measured, (p,).
        algorithm: of the runs from W⁽⁰⁾, in place of the one that a statement prescribes.
        run: iterates from W⁽⁰⁾ that somebody else made; None where a statement makes its own.
    """

    def __init__(
        self,
        initial: Network,
        data: Dataset,
        *,
        tau: float,
        delta: float,
        pair: Pair | None = None,
        draws: Sequence[np.random.SeedSequence] = (np.random.SeedSequence(0),),
        numbers: Sequence[int] | None = None,
        probes: Tensor | None = None,
        configuration: Configuration | None = None,
        algorithm: Algorithm = PRESCRIBED,
        run: Run | None = None,
    ) -> None:
        self.algorithm = algorithm
        self.run = run
        self.configuration = configuration or Configuration()
        self.generated = configuration is not None and configuration.data in (*LABELLED, "sphere")
        self.initial = initial
        self.data = data
        self.tau = tau
        self.delta = delta
        self.pair = pair or Pair(initial.still(), initial.still())
        self.draws = draws
        self.numbers = range(initial.initialisations) if numbers is None else numbers
        self.probes = initial.like.new_zeros(0) if probes is None else probes.to(initial.like)
        self.inputs = data.inputs.to(initial.like)
        self.labels = data.labels.to(initial.like)
        self._left: dict[str, Callable[[], float]] | None = None

    @property
    def setting(self) -> Setting:
        """The conventions of the network."""
        return self.initial.setting

    @property
    def initialisations(self) -> int:
        """Their number, S."""
        return self.initial.initialisations

    @property
    def n(self) -> int:
        """The number of examples, of each sample where there are several."""
        return self.inputs.shape[-2]

    def alone(self) -> list["Case"]:
        """Each initialisation at W⁽⁰⁾ with its own sample; where all have the same one, all together."""
        if self.inputs.ndim == 2:
            return [self]
        each = enumerate(zip(self.data.samples, self.draws, self.numbers, strict=True))
        return [
            self._but(initial=self.initial.alone(at), data=sample, pair=None, draws=(draws,), numbers=(number,))
            for at, (sample, draws, number) in each
        ]

    def copies(self, count: int) -> "Case":
        """The one initialisation as often, at W⁽⁰⁾, to be moved apart; it draws what the one draws.

        Raises:
            ValueError: if there are several, or a matrix is not stored.
        """
        return self._but(initial=self.initial.repeated(count), pair=None, numbers=[*self.numbers] * count)

    def one(self, number: int) -> "Case":
        """One of such copies, where it is."""
        some = slice(number, number + 1)

        def alone(changes: Changes) -> Changes:
            return tuple(LowRank(c.left[some], c.right[some]) for c in (change.factors() for change in changes))

        pair = Pair(alone(self.pair.tilde), alone(self.pair.step))
        return self._but(initial=self.initial.alone(number), pair=pair, numbers=[self.numbers[number]])

    def on(self, data: Dataset) -> "Case":
        """The same initialisations at W⁽⁰⁾, on other data."""
        return self._but(data=data, pair=None)

    def _but(self, **changes: Any) -> "Case":
        """The same case but for these arguments."""
        names = ("initial", "data", "tau", "delta", "pair", "draws", "numbers", "probes", "configuration", "algorithm")
        initial, data, *options = (changes.get(name, getattr(self, name)) for name in names)
        case = Case(initial, data, **dict(zip(names[2:], options, strict=True)))
        case.generated = self.generated
        return case

    def by_sample(self, quantity: Callable[["Case"], Tensor]) -> Tensor:
        """What is computed of one sample at a time, (S, …)."""
        return torch.cat([quantity(one) for one in self.alone()])

    @property
    def like(self) -> Tensor:
        """A tensor in the dtype and on the device of the run."""
        return self.initial.like

    @property
    def parameters(self) -> dict[str, float]:
        """What a scaling may mention."""
        architecture = self.initial.architecture
        n, d = self.inputs.shape[-2:]
        return {
            "m": architecture.width,
            "L": self.initial.depth,
            "n": n,
            "d": d,
            "k": architecture.k,
            "tau": self.tau,
            "delta": self.delta,
            "phi": self.data.separation,
            "mu": math.nan if self.configuration.mu is None else self.configuration.mu,
            "eps": self.configuration.eps,
            "batch": self.configuration.batch or n,
        }

    def of_data(self, letter: str, value: Callable[[], float]) -> float:
        """A quantity that the paper leaves to the data; 1 where `leaving_to_data`, and its value then stands beside."""
        if self._left is None:
            return value()
        self._left[letter] = value
        return 1.0

    @contextmanager
    def leaving_to_data(self) -> Iterator[dict[str, Callable[[], float]]]:
        """What is left to the data counts as 1, and how it is computed is collected under its letter."""
        self._left = {}
        try:
            yield self._left
        finally:
            self._left = None

    def for_each(self, value: Tensor | float) -> Tensor:
        """A quantity that no initialisation decides, once per initialisation, (S, …)."""
        value = torch.as_tensor(value, dtype=self.initial.like.dtype, device=self.initial.like.device)
        return value.expand(self.initial.initialisations, *value.shape)

    def streams(self, *purpose: object) -> list[np.random.SeedSequence]:
        """Of whatever else than W⁽⁰⁾ each initialisation draws of its own, so that they stay independent."""
        draws = self.draws if len(self.draws) > 1 else [*self.draws] * len(self.numbers)
        return [_of(own, *purpose, number) for own, number in zip(draws, self.numbers, strict=True)]

    def stream(self, *purpose: object) -> np.random.SeedSequence:
        """Of what all initialisations share beside the data.

        Raises:
            ValueError: if each has a sample of its own.
        """
        (draws,) = self.draws
        return _of(draws, *purpose)

    def fresh(self, examples: int, purpose: str = "fresh") -> Dataset:
        """Examples drawn anew from the law of the case's own, independent of them and of W⁽⁰⁾; for each sample others.

        Raises:
            ValueError: if the data are no sample of a known law.
        """
        if self.algorithm.seen:
            return self.data
        c = self.configuration
        if not self.generated:
            raise ValueError(f"data {c.data!r} must be one of sphere, {', '.join(LABELLED)} to draw fresh examples")
        rngs = [generator(_of(draws, purpose)) for draws in self.draws]
        return Dataset.beside([_generated(c, self.setting, examples, rng) for rng in rngs])

    @property
    def given_run(self) -> Run:
        """The iterates that somebody else made.

        Raises:
            ValueError: if there are none.
        """
        if self.run is None:
            raise ValueError("run=None must be the iterates of a run")
        return self.run

    @property
    def depth(self) -> int:
        """L, as the paper counts it."""
        return self.initial.depth

    @property
    def hidden(self) -> int:
        """The number of ReLU layers."""
        return self.initial.hidden

    @cached_property
    def at_initial(self) -> Trace:
        """The trace at W⁽⁰⁾."""
        return Trace(self.initial, self.inputs)

    @cached_property
    def at_expansion(self) -> Trace:
        """The trace at W̃."""
        if all(change.still for change in self.pair.tilde):
            return self.at_initial
        return Trace(self.initial.moved(self.pair.tilde), self.inputs)

    @cached_property
    def at_moved(self) -> Trace:
        """The trace at Ŵ."""
        if all(change.still for change in self.pair.step):
            return self.at_expansion
        return Trace(self.at_expansion.network.moved(self.pair.step), self.inputs)

    @cached_property
    def difference(self) -> Difference:
        """Ŵ against W̃."""
        return Difference(self.at_expansion, self.pair.step)

    @cached_property
    def change(self) -> Changes:
        """Ŵ − W⁽⁰⁾, one change per trained layer."""
        return add(self.pair.tilde, self.pair.step)

    @cached_property
    def difference_from_initial(self) -> Difference:
        """Ŵ against W⁽⁰⁾."""
        return Difference(self.at_initial, self.change)

    @cached_property
    def step_norms(self) -> Tensor:
        """‖Ŵ_l − W̃_l‖_2, (S, layers)."""
        return distances(self.pair.step, "spectral")

    def margins(self, trace: Trace) -> Tensor:
        """y_i f(x_i) at a trace, with the probes beside them, (S, n + p)."""
        own = (self.labels * trace.outputs)[..., 0]
        return torch.cat([own, self.probes.expand(len(own), -1)], -1)

    def target(self, recipe: Recipe) -> Target:
        """What the recipe's attack reads.

        Raises:
            ValueError: if the recipe aims at a layer, example or output that is not there.
        """
        sizes = {"layer": self.hidden, "example": self.n, "output": int(self.parameters["k"])}
        for name, size in sizes.items():
            first = int(name == "layer")
            if not first <= getattr(recipe, name) < size + first:
                allowed = f"{first} to {size - 1 + first}"
                raise ValueError(f"recipe {recipe} aims at {name} {getattr(recipe, name)}, allowed: {allowed}")
        rng = generator(_of(self.draws[0], str(recipe)))  # of several samples the first one's: no attack on them draws
        ball = Ball(self.setting.ball, self.tau)
        aim = (recipe.layer, recipe.example, recipe.output)
        unseen = partial(self.fresh, purpose="unseen") if self.generated else None
        starts = 1 + recipe.ascent if ATTACKS[recipe.attack].restarts else 1
        return Target(self.at_initial, self.labels, ball, *aim, rng, unseen, starts)

    def attacked(self, recipe: Recipe) -> "Case":
        """The same initialisations at the pair that the recipe finds."""
        return self.at_pair(ATTACKS[recipe.attack](self.target(recipe)))

    def at_pair(self, pair: Pair) -> "Case":
        """The same initialisations at another W̃ and Ŵ."""
        case = self._but(pair=pair)
        case.__dict__["at_initial"] = self.at_initial
        return case

    def smoothed(self, width: float) -> "Case":
        """The same at W⁽⁰⁾, where the patterns of moved networks have derivatives: see `Network.smoothing`."""
        case = self.at_pair(Pair(self.initial.still(), self.initial.still()))
        case.initial = replace(self.initial, smoothing=width)
        return case

    def trained_by(self, algorithm: Algorithm) -> "Case":
        """The same initialisations and data, whose runs are of another algorithm than the prescribed one."""
        case = copy(self)
        case.algorithm = algorithm
        return case


def needs_steps(case: Case) -> str:
    """Why iterates that somebody else made say nothing of a single step; empty where they do."""
    if case.run is None or bool(torch.as_tensor(case.run.step_size).isfinite().all()):
        return ""
    return "about single steps of gradient descent, which these checkpoints are not"


def draw(
    setting: Setting,
    configuration: Configuration,
    seed: int,
    initialisations: int | Sequence[int],
    *,
    data: Dataset | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    engine: Engine = "dense",
    max_bytes: int | None = None,
    sampled: bool = False,
) -> Case:
    """The case of a configuration: data from the seed, and independent initialisations from its own streams.

    Args:
        setting: the paper's conventions.
        configuration: sizes and recipes.
        seed: the one integer that everything descends from.
        initialisations: how many, or which numbers of the stream.
        data: real data, in place of the configuration's construction; `sampled`, a sample per initialisation.
        dtype: of the whole computation.
        device: of the whole computation.
        engine: of the matrices between hidden layers.
        max_bytes: what deferred matrices may take up, see `model.network.initialise`.
        sampled: whether each initialisation has a sample of its own, by its number.

    Raises:
        ValueError: if the configuration's sizes do not fit its data or the setting.
    """
    c = configuration
    numbers = range(initialisations) if isinstance(initialisations, int) else initialisations
    owns: list[tuple[object, ...]] = [("sample", number) for number in numbers] if sampled else [()]
    if data is None:
        laws = [stream(seed, "data", c.data, c.n, c.d, c.phi, c.mu, c.k, *own) for own in owns]
        data = Dataset.beside([_generated(c, setting, c.n, generator(law)) for law in laws])
    if c.alpha is not None:
        setting = setting.scaled(c.alpha)
    architecture = Architecture(data.inputs.shape[-1], c.widths(setting), c.k)
    seeds = [stream(seed, "initialisation", setting.id, architecture, number) for number in numbers]
    network = initialise(setting, architecture, seeds, dtype=dtype, device=device, engine=engine, max_bytes=max_bytes)
    draws = [stream(seed, "attack", c.token(), *own) for own in owns]
    return Case(network, data, tau=c.tau, delta=c.delta, draws=draws, numbers=numbers, probes=MARGINS, configuration=c)


def _of(draws: np.random.SeedSequence, *purpose: object) -> np.random.SeedSequence:
    """A stream of a sample's own."""
    return stream(int(draws.generate_state(1)[0]), *purpose)


def _generated(c: Configuration, setting: Setting, examples: int, rng: np.random.Generator) -> Dataset:
    """So many examples of the configuration's law."""
    return generate(
        c.data, n=examples, d=c.d, setting=setting, rng=rng, phi=c.phi, mu=c.mu, k=c.k, labels=c.labels, noise=c.noise
    )
