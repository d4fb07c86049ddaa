"""Balls round what a lemma of one's own draws: which weights or inputs may move, in which norm, and how far."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from numbers import Real
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn import Module

from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice
from lemmata.model.ball import LEAST_RADIUS, OUTSIDE

Project = Callable[[Tensor, float], Tensor]
"""The nearest change in a set of one's own, `project(change, radius)`; what it leaves as it is lies in the set."""

Norm = Literal["frobenius", "spectral", "rows"]
Point = dict[str, Tensor]
"""Named tensors: one member of the balls round others."""

FAR = 1e6
"""So far along a direction, over the radius, that its projection is where the ball ends in it."""


@dataclass(frozen=True)
class Within:
    """A ball round a tensor that is drawn.

    Attributes:
        norm: of the change: frobenius, spectral (of the last two axes), rows (the largest Euclidean norm of a row); or
            a projection of one's own.
        radius: a number, a letter, a `Scaling` of letters, or a function of the sizes, `radius(p)`.
    """

    norm: Norm | Project
    radius: float | str | Scaling | Callable[[Choice], float]

    def __post_init__(self) -> None:
        if not callable(self.norm) and self.norm not in get_args(Norm):
            allowed = ", ".join(get_args(Norm))
            raise ValueError(f"norm={self.norm!r} must be {allowed}, or a projection project(change, radius)")
        number = isinstance(self.radius, Real) and not isinstance(self.radius, bool)
        if not (number or isinstance(self.radius, str | Scaling) or callable(self.radius)):
            raise ValueError(f"radius={self.radius!r} must be a number, a letter, a Scaling or a function of the sizes")
        if number and not LEAST_RADIUS <= self.radius < math.inf:  # type: ignore[operator]
            raise ValueError(f"radius={self.radius!r} must be positive, at least {LEAST_RADIUS:g}, and finite")

    def __str__(self) -> str:
        norm = f"the set of {names_of([self.norm])[0]}" if callable(self.norm) else f"{self.norm} distance"
        plain = isinstance(self.radius, int | float | str | Scaling)
        return f"within {norm} {self.radius if plain else 'r(p)'} of what is drawn"

    @property
    def letters(self) -> set[str]:
        """Those that the radius names."""
        if isinstance(self.radius, Scaling):
            return set(self.radius.letters)
        return {self.radius} if isinstance(self.radius, str) else set()

    def at(self, p: Choice, numbers: Mapping[str, float]) -> float:
        """The radius at a choice of the sizes.

        Raises:
            ValueError: if that is no radius.
        """
        if isinstance(self.radius, str):
            found: Any = getattr(p, self.radius)
        elif isinstance(self.radius, Scaling):
            found = self.radius.value(numbers)
        else:
            found = self.radius(p) if callable(self.radius) else self.radius
        if not (isinstance(found, Real) and (found == 0 or LEAST_RADIUS <= float(found) < math.inf)):
            allowed = f"a number, 0 or at least {LEAST_RADIUS:g}, and finite"
            raise ValueError(f"radius={found!r} at {p.token()} must be {allowed}")
        return float(found)

    def project(self, change: Tensor, radius: float) -> Tensor:
        """The nearest change in the ball.

        Raises:
            ValueError: if a projection of one's own returns no such change.
        """
        if callable(self.norm):
            found: Any = self.norm(change.clone(), radius)
            if not isinstance(found, Tensor) or found.shape != change.shape or found.dtype != change.dtype:
                shown = (
                    f"{tuple(found.shape)} {found.dtype}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
                )
                wanted = f"{tuple(change.shape)} {change.dtype}"
                raise ValueError(f"the projection {names_of([self.norm])[0]} must return {wanted}; it returns {shown}")
            return found
        if self.norm == "spectral":
            u, values, v = torch.linalg.svd(change, full_matrices=False)
            return (u * values.clamp_max(radius)[..., None, :]) @ v
        size = change.norm(dim=-1, keepdim=True) if self.norm == "rows" else change.norm()
        return change * (radius / size.clamp_min(radius)).nan_to_num(1.0)

    def farthest(self, direction: Tensor, radius: float) -> Tensor:
        """Where the ball ends in a direction; nowhere else than at its centre if there is none."""
        length = direction.norm()
        if not 0 < float(length) < math.inf:
            return torch.zeros_like(direction)
        return self.project(direction * (FAR * radius / length), radius)

    def outside(self, change: Tensor, radius: float) -> float:
        """How far a change is from the ball, 0 up to rounding: less than what a stated bound is exceeded by."""
        away = float((change - self.project(change, radius)).norm())
        return away if not away <= OUTSIDE.get(change.dtype, 0.0) * max(radius, float(change.norm())) else 0.0


def names_of(functions: Sequence[Callable[..., Any]]) -> list[str]:
    """Of functions their names, of partial ones that of the whole, of other callables that of their class."""

    def name(function: Any) -> str:
        if isinstance(function, partial):
            return name(function.func)
        return str(getattr(function, "__name__", type(function).__name__))

    return [name(function) for function in functions]


def named_tensors(*drawn: object) -> Point:
    """What can move of what was drawn: tensors of dicts, by their names, and parameters of modules."""
    found: Point = {}
    for each in reversed(drawn):
        if isinstance(each, Module):
            found |= {name: weight.detach() for name, weight in each.named_parameters()}
        elif isinstance(each, Mapping):
            found |= {str(name): part for name, part in each.items() if isinstance(part, Tensor)}
    return found


def matching(balls: Mapping[str, Within], tensors: Point) -> dict[str, Within]:
    """The ball round each tensor that one is declared for, by its name or a pattern such as `*.weight`.

    Raises:
        ValueError: if a pattern is of none.
    """
    found: dict[str, Within] = {}
    for pattern, ball in balls.items():
        names = [name for name in tensors if fnmatchcase(name, pattern)]
        if not names:
            there = ", ".join(tensors) or "none: it must be a dict of tensors or a torch.nn.Module"
            raise ValueError(f"ball names {pattern!r}, and what is drawn has {there}")
        found |= dict.fromkeys(names, ball)
    return found


def check_balls(balls: object, letters: Sequence[str]) -> None:
    """Names with a `Within` each, whose radius is of the lemma's letters.

    Raises:
        ValueError: naming the ball, its value, and what is allowed.
    """
    if not isinstance(balls, Mapping):
        raise ValueError(f"ball={balls!r} must be a dict of names, for instance {{'w': Within('frobenius', 'tau')}}")
    for name, ball in balls.items():
        if not isinstance(name, str) or not isinstance(ball, Within):
            raise ValueError(f"ball {name!r}={ball!r} must be a Within, for instance Within('frobenius', 'tau')")
        unknown = sorted(ball.letters - set(letters))
        if unknown:
            raise ValueError(f"ball {name!r} has a radius of {unknown[0]!r}; allowed: {', '.join(letters)}")
