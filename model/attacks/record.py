"""The record of an attack: what those who search, plan and draw ask of it, beside the function that finds the pair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from lemmata.model.attacks.target import Pair, Target

Aim = Literal["layer", "last layer", "example", "output"]
Need = Literal["depth", "examples"]


class Informed(IntEnum):
    """What an attack knows of the worst case, the least first; cases shrink towards the most informed.

    Below `GRADIENT` it only samples the ball. Above `NETWORK` are the closed forms for one layer, the hardest last.
    """

    NOTHING = 0
    """W⁽⁰⁾ itself."""

    CHANCE = 1
    """A random direction."""

    LOSS = 2
    """Where training goes."""

    GRADIENT = 3
    """The direction of first order."""

    NETWORK = 4
    """What the statement is about: kinks, signals, singular vectors."""

    ACTIVATIONS = 5
    """How to switch most units on."""

    FLIPS = 6
    """How to flip most units."""

    FLIPS_APART = 7
    """The same for a pair."""

    ERROR = 8
    """How to leave the linearisation farthest."""

    ERROR_APART = 9
    """The same for a pair."""


@dataclass(frozen=True)
class Attack:
    """A search of the ball for the worst case; called, it finds a pair.

    Attributes:
        name: as claims and replay commands have it.
        find: the pair, for one aim.
        aims: what it distinguishes, of the target's layer, example and output; all of them are tried. With "last layer"
            it distinguishes layers, and is worst at the last, which alone is tried.
        informed: what it knows of the worst case.
        needs: more than one layer ("depth"), more than one example ("examples"): with one it says what others say.
        iterations: power iterations, on either side, that it and the measurement after it ask of one example.
        directions: that it asks of a matrix besides, both sides together.
        ascends: whether gradient steps may start from what it finds; the first would take units off their kinks.
        restarts: whether it is a search with a start, of which `Target.starts` says how many are made.
    """

    name: str
    find: Callable[[Target], Pair]
    aims: tuple[Aim, ...]
    informed: Informed
    needs: tuple[Need, ...] = ()
    iterations: int = 0
    directions: int = 0
    ascends: bool = True
    restarts: bool = False

    def __post_init__(self) -> None:
        for name, given, allowed in (("aims", self.aims, get_args(Aim)), ("needs", self.needs, get_args(Need))):
            if not set(given) <= set(allowed):
                raise ValueError(f"{name}={given!r} of {self.name!r} must be among {', '.join(allowed)}")

    def __call__(self, target: Target) -> Pair:
        """W̃ and Ŵ, both in the ball."""
        return self.find(target)

    def layers(self, hidden: int) -> range:
        """The layers to aim at, of so many."""
        return range(1 if "layer" in self.aims else hidden, hidden + 1)

    def examples(self, n: int) -> range:
        """The examples to aim at, of so many."""
        return range(n if "example" in self.aims else 1)

    def outputs(self, k: int) -> range:
        """The outputs to aim at, of so many."""
        return range(k if "output" in self.aims else 1)

    @property
    def expensive(self) -> bool:
        """Whether it meets the matrices many times."""
        return self.iterations > 0 or self.directions > 0


ATTACKS: dict[str, Attack] = {}


def attack(
    name: str,
    *,
    aims: tuple[Aim, ...],
    informed: Informed,
    needs: tuple[Need, ...] = (),
    iterations: int = 0,
    directions: int = 0,
    ascends: bool = True,
    restarts: bool = False,
) -> Callable[[Callable[[Target], Pair]], Attack]:
    """Register the decorated function as an attack.

    Args:
        name: unique.
        aims, informed, needs, iterations, directions, ascends, restarts: see `Attack`.

    Raises:
        ValueError: if the name is taken, or an aim or a need is not one that there is.
    """

    def register(find: Callable[[Target], Pair]) -> Attack:
        if name in ATTACKS:
            raise ValueError(f"attack {name!r} is registered twice")
        ATTACKS[name] = Attack(name, find, aims, informed, needs, iterations, directions, ascends, restarts)
        return ATTACKS[name]

    return register


def distinct(attacks: Sequence[str], hidden: int, examples: int) -> list[str]:
    """The attacks that say what no other says, with so many hidden layers and examples; all where none is left."""
    met = {"depth": hidden > 1, "examples": examples > 1}
    return [name for name in attacks if all(met[need] for need in ATTACKS[name].needs)] or list(attacks)
