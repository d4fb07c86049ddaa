"""What an audit varies, and how parameters move together."""

import math
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal

from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import LETTERS, RANGES, Domain
from lemmata.claims.language.scaling import Scaling

DRAWN: Final = "drawn"
"""In place of a line's values: those of the domain, which generated cases draw from too."""

Values = tuple[Any, ...] | Literal["drawn"]
"""What a parameter takes along its line."""

DEFAULT = Configuration()

REAL = tuple(field.name for field in fields(Configuration) if field.type in (float, float | None))
"""Parameters that may move along a line: any number is one of their values."""

NUMBERS = tuple(field.name for field in fields(Configuration) if field.type not in (str, str | None))
"""Parameters whose powers another may move with."""


@dataclass(frozen=True)
class Coupled:
    """A parameter that moves along a line: a constant times powers of the other parameters, as in τ = 0.1 L^(-6)."""

    constant: float
    scaling: Scaling

    def at(self, configuration: Configuration) -> float:
        """Its value at a configuration's other parameters; NaN where one of them has none."""
        others = {name: getattr(configuration, name) for name in self.scaling.powers}
        return math.nan if None in others.values() else self.constant * self.scaling.value(others)

    def __str__(self) -> str:
        return f"{self.constant:g} {self.scaling}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an audit varies, one parameter at a time; nothing of it is part of the statement.

    Attributes:
        lines: per parameter the values that it takes while the others stay, or `DRAWN`; empty leaves the audit's own
            lines.
        along: per line, other parameters that are set along it, where it needs other sizes than the rest, or that move
            with it: a value, or a `Coupled` one.
        start: where the audit starts from, for parameters that the statement leaves open. Without it these are at the
            first of the domain's values, or as `Configuration` has them.
        initialisations: per configuration, where the audit's own number does not resolve the exponents.
        examples: the most cases that a generated test draws, for statements that need a whole training run.
    """

    lines: Mapping[str, Values] = field(default_factory=dict)
    along: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    initialisations: int | None = None
    examples: int | None = None

    def base(self, domain: Domain, **sizes: Any) -> Configuration:
        """What the others start at: the smallest depth drawn, what the statement fixes, and what the plan starts from.

        Sizes that neither decides are moved into the domain.
        """
        return domain.nearest(Configuration(**{"L": domain.drawn("L")[0], **sizes, **domain.first, **self.start}))

    def line(self, name: str, domain: Domain, base: Configuration) -> list[Configuration]:
        """The configurations along one line, from what the others start at."""
        values, moving = self.lines[name], self.coupled(name)
        stay = {other: value for other, value in self.along.get(name, {}).items() if other not in moving}
        found = []
        for value in domain.values[name] if values == DRAWN else values:
            place = replace(base, **stay, **{name: value})
            moved: dict[str, Any] = {other: coupled.at(place) for other, coupled in moving.items()}
            found.append(replace(place, **moved))
        return found

    def coupled(self, name: str) -> dict[str, Coupled]:
        """What moves along the line of a parameter."""
        return {other: value for other, value in self.along.get(name, {}).items() if isinstance(value, Coupled)}

    def check(self, domain: Domain) -> None:
        """Lines are of parameters that the statement leaves open, inside its domain; what moves along them is defined.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        open_ = [name for name in LETTERS if name not in domain.fixed and (name != "tau" or domain.tau is not None)]
        for name, values in self.lines.items():
            _check_open("line", name, values, open_, domain)
            if values == DRAWN and name not in domain.values:
                raise ValueError(
                    f"plan line {name}={values!r}; allowed: {_names(domain.values)}, which the domain draws"
                )
            if values != DRAWN and (not isinstance(values, tuple) or not values):
                raise ValueError(f"plan line {name}={values!r} must be a tuple of one or more values, or {DRAWN!r}")
            if name in RANGES and values != DRAWN:
                for value in values:
                    _check_size("line", name, value, domain)
        for line, beside in self.along.items():
            if line not in self.lines:
                raise ValueError(f"plan along {line}={dict(beside)!r}; allowed: {_names(self.lines)}, which have lines")
            for name, value in beside.items():
                _check_open(f"along {line}", name, value, [other for other in open_ if other != line], domain)
                if name in RANGES and not isinstance(value, Coupled):
                    _check_size(f"along {line}", name, value, domain)
            known = {line, *domain.first, *self.start, *beside}
            self._check_coupled(line, [name for name in NUMBERS if name in known or getattr(DEFAULT, name) is not None])
        for name, value in self.start.items():
            _check_open("start", name, value, open_, domain)
            if name in RANGES:
                _check_size("start", name, value, domain)
        for name in self.lines:
            self._check_moved(name, domain)
        for name, count in (("initialisations", self.initialisations), ("examples", self.examples)):
            if count is not None and (type(count) is not int or count < 1):
                raise ValueError(f"plan {name}={count!r} must be a whole number, at least 1")

    def _check_moved(self, line: str, domain: Domain) -> None:
        for place in self.line(line, domain, self.base(domain)):
            for name in self.coupled(line):
                value = getattr(place, name)
                if name in RANGES and not domain.has(name, value):
                    at, allowed = getattr(place, line), getattr(domain, name)
                    raise ValueError(f"plan along {line} {name}={value:g} at {line}={at:g}; allowed: {allowed!r}")

    def _check_coupled(self, line: str, known: list[str]) -> None:
        moving = self.coupled(line)
        allowed = [name for name in known if name not in moving]
        for name, coupled in moving.items():
            if name not in REAL:
                raise ValueError(f"plan along {line} {name}={coupled}; allowed to move: {_names(REAL)}")
            for other in coupled.scaling.powers:
                if other not in allowed:
                    raise ValueError(f"plan along {line} {name}={coupled} has {other}; allowed: {_names(allowed)}")


def _check_size(role: str, name: str, value: object, domain: Domain) -> None:
    whole = name != "tau"
    if not isinstance(value, int if whole else int | float) or not 0 < value <= sys.float_info.max:
        raise ValueError(f"plan {role} {name}={value!r} must be a positive {'whole ' if whole else ''}number")
    if not domain.has(name, value):
        raise ValueError(f"plan {role} {name}={value!r} is outside of the domain's {getattr(domain, name)!r}")


def _check_open(role: str, name: str, value: object, allowed: Collection[str], domain: Domain) -> None:
    if name not in allowed:
        why = f", which the statement fixes at {domain.fixed[name]!r}" if name in domain.fixed else ""
        if name == "tau" and domain.tau is None:
            why = ", but the statement has no ball"
        raise ValueError(f"plan {role} {name}={value!r}{why}; allowed: {_names(allowed)}")


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
