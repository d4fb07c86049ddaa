"""Cases as text: everything that decides a measurement, in one shell-safe token."""

import math
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, get_args
from urllib.parse import unquote

from lemmata.claims.case import Recipe
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.problem import Problem
from lemmata.claims.registry import REGISTRY, STATED_IN
from lemmata.model.ball import LEAST_RADIUS, MOST_RADIUS
from lemmata.model.network import Engine
from lemmata.model.probability import LEAST_DELTA
from lemmata.model.randomness import LARGEST_SEED

LARGEST = 10**9
"""What a size in a token may be: no machine holds more."""

MOST = 10**6
"""Initialisations of a token."""

STEPS = 1000
"""Of an ascent in a token, or starts: an audit takes 40."""


class Range(NamedTuple):
    """What a number in a token may be."""

    kind: type[int] | type[float]
    low: float
    high: float
    strictly: bool = False

    def number(self, name: str, text: str) -> Any:
        """The number that a text says.

        Raises:
            ValueError: if it is none of the range, naming both.
        """
        try:
            value = self.kind(text)
        except ValueError:
            value = math.nan
        inside = self.low < value < self.high if self.strictly else self.low <= value <= self.high
        if not inside:
            ends = f"({self.low:g}, {self.high:g})" if self.strictly else f"[{self.low:g}, {self.high:g}]"
            raise ValueError(f"{name}={text[:40]} must be a {'whole ' * (self.kind is int)}number in {ends}")
        return value


_SIZE = Range(int, 1, LARGEST)

RANGES = {
    **dict.fromkeys(("m", "n", "d", "k", "ratio", "batch"), _SIZE),
    "L": Range(int, 1, 10**4),
    "tau": Range(float, LEAST_RADIUS, MOST_RADIUS),
    "phi": Range(float, 0, 2),
    "mu": Range(float, 0, 1, strictly=True),
    "delta": Range(float, LEAST_DELTA, 1 - LEAST_DELTA),
    "noise": Range(float, 0, 1),
    "eps": Range(float, 0, 1, strictly=True),
    "alpha": Range(float, -1, 1),
    "seed": Range(int, 0, LARGEST_SEED),
}
"""Of the letters of networks, as the options of `lemmata audit` have them, and of the seed; what is left are words."""

OPEN = {field.name for field in fields(Configuration) if field.default is None}
"""Letters that may stay open, which a token says as None."""

NUMBERS = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(\+[0-9]{1,9}(-[0-9]{1,9})?)*")
"""The initialisations of a token."""


@dataclass(frozen=True)
class Replay:
    """A claim at one configuration, seed and initialisations; with a recipe, or at the worst of the claim's own."""

    claim: Claim
    configuration: Configuration
    seed: int
    initialisations: tuple[int, ...]
    recipe: Recipe | None = None
    engine: Engine = "dense"

    def token(self) -> str:
        """`claim:m=64,L=2,…,seed=0,init=3[,recipe=place-on-kinks@1.0.0][,engine=deferred]`."""
        parts = [part for part in self.configuration.token().split(",") if part]
        parts += [f"seed={self.seed}", f"init={_compact(self.initialisations)}"]
        if self.recipe is not None:
            parts.append(f"recipe={self.recipe}")
        if self.engine != "dense":
            parts.append(f"engine={self.engine}")
        return f"{self.claim.id}:{','.join(parts)}"

    def command(self) -> str:
        """What to type: for a claim of a person's own with its file."""
        return f"lemmata replay {claims_from(self.claim)}'{self.token()}'"


def claims_from(claim: Claim) -> str:
    """What a command needs to know a claim of a person's own; nothing for the papers'."""
    file = STATED_IN.get(claim.id)
    if file is None:
        return ""
    near = os.path.relpath(file)
    return f"--claims-from {shlex.quote(str(file) if near.startswith(os.pardir) else near)} "


def parse(token: str) -> Replay:
    """The inverse of `Replay.token`.

    Raises:
        ValueError: naming the part that is not understood, and what is allowed.
    """
    id, _, rest = token.partition(":")
    if id not in REGISTRY:
        raise ValueError(
            f"replay token names the unknown claim {id!r}; `lemmata list` shows the claims, a claim "
            "of your own needs --claims-from FILE.py"
        )
    if REGISTRY[id].judged == "sides":
        sides = " and ".join(side.id for side in REGISTRY[id].sides)
        raise ValueError(f"replay token names the two-sided claim {id!r}; what is measured are its sides, {sides}")
    pairs = [_pair(part) for part in rest.split(",") if part]
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise ValueError(f"replay token has {twice!r} twice; every part is given once")
    seed, numbers = values.pop("seed", "0"), values.pop("init", "0")
    recipe, engine = values.pop("recipe", None), values.pop("engine", "dense")
    if engine not in get_args(Engine):
        raise ValueError(f"replay token has engine={engine!r}; allowed are {', '.join(get_args(Engine))}")
    problem = REGISTRY[id].problem
    names = {field.name for field in fields(Configuration)} if problem is None else {*problem.all_sizes, "delta"}
    for name in values:
        if name not in names:
            allowed = f"{', '.join(sorted(names))}, seed, init, recipe, engine"
            raise ValueError(f"replay token has {name!r}; allowed are {allowed}")
    try:
        configuration = _configuration(values) if problem is None else _place(problem, values)
        chosen = _numbers(numbers)
        aim = None if recipe is None else Recipe.parse(recipe, REGISTRY[id].known_starts)
        if aim is not None and not 0 <= aim.ascent <= STEPS:
            raise ValueError(f"recipe={recipe} must have at most {STEPS:,} steps")
        number = RANGES["seed"].number("seed", seed)
        return Replay(REGISTRY[id], configuration, number, chosen, aim, engine)  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"replay token {token!r}: {error}") from None


def _configuration(values: Mapping[str, str]) -> Configuration:
    sizes: dict[str, Any] = {name: _value(name, text) for name, text in values.items()}
    return Configuration(**sizes)


def _place(problem: Problem, values: Mapping[str, str]) -> Any:
    """The sizes of a problem of one's own.

    Raises:
        ValueError: if one is none of the lemma's, or they do not meet its premises.
    """
    sizes: dict[str, Any] = {}
    for name, text in values.items():
        try:
            sizes[name] = problem.all_sizes[name].parsed(text) if name in problem.all_sizes else _value(name, text)
        except ValueError as error:
            raise ValueError(f"{name}={error}" if name in problem.all_sizes else str(error)) from None
    place = problem.place(**sizes)
    if not problem.has(place):
        raise ValueError(f"{place.token()} does not meet the lemma's premises")
    return place


def _numbers(text: str) -> tuple[int, ...]:
    """The initialisations `0-7+12`.

    Raises:
        ValueError: if they are none, too many to measure, or one is given twice.
    """
    parts = [part.partition("-") for part in text.split("+")] if NUMBERS.fullmatch(text) else []
    ranges = [range(int(first), int(last or first) + 1) for first, _, last in parts]
    if not all(ranges) or not 0 < sum(map(len, ranges)) <= MOST:
        raise ValueError(f"init={text[:40]} must be 1 to {MOST:,} numbers such as 0-7+12")
    numbers = tuple(number for part in ranges for number in part)
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"init={text[:40]} must have every number once")
    return numbers


def _pair(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise ValueError(f"replay token has {part!r}; parts look like name=value")
    return name, unquote(value)


def _value(name: str, text: str) -> object:
    if name in RANGES:
        return None if text == "None" and name in OPEN else RANGES[name].number(name, text)
    if not text:
        raise ValueError(f"{name}= must be a name")
    return text


def _compact(numbers: tuple[int, ...]) -> str:
    if len(numbers) > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return "+".join(map(str, numbers))
