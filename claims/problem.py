"""Problems of one's own: letters, one draw of what is random, data that a statement is "for all" about, and premises.

Deep ReLU networks are one problem, with engines, attacks and certificates: theirs is `claims.case`. Of any other the
judge asks no more than what stands here.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lemmata.claims.case import Recipe
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.letters import Letter
from lemmata.claims.language.sizes import DELTA, Choice, Size, check_letters, place
from lemmata.claims.within import Point, Within, check_balls, matching, named_tensors, names_of
from lemmata.model.draws import Rng
from lemmata.model.randomness import stream

Function = Callable[..., Any]

DRAWS = 200
"""Independent draws at each choice of sizes, where a lemma does not say how many."""

RESTARTS = 3
"""Random starts of an ascent, where a lemma does not say how many."""

STEPS = 200
"""Most steps of an ascent, where a lemma does not say how many."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a lemma of one's own is about.

    Attributes:
        sizes: its letters. With `delta` among them it holds "with probability at least 1 − δ", else for every draw.
        draw: one draw of what is random, `draw(rng, p)`; without it the measurement draws, `measure(rng, p)`.
        data: what it is "for all" about, `data(rng, p)`; with several recipes, the letter `data` chooses.
        given: premises: conditions on the sizes, `given(p)` of the sizes, or `given(x, p)` of a draw, with the data as
            a third argument. Sizes that do not meet one are never measured; a draw that does not decides nothing.
        draws: independent draws at each choice of sizes.
        ball: what may move round where it was drawn, and how far, by its name or a pattern of names in the dict or the
            `torch.nn.Module` that `draw` or `data` returned: the lemma is about the worst there. The measurement has
            the named tensors as its last argument.
        attacks: of one's own: points of the ball, `attack(rng, x, p)` with the data as a fourth argument, a dict of
            those tensors that move.
        restarts: random starts of the ascent.
        steps: that each ascent may take; with 0 no slope is followed.
        load: what the measurement is called with, from files that somebody has, for `lemmata check`: of its parameters
            `init`, `trained` and `data` each is a file's tensors by name, and what it returns has a dict in place of p.
    """

    sizes: Mapping[str, Size]
    draw: Function | None = None
    data: tuple[Function, ...] = ()
    given: tuple[Condition | Function, ...] = ()
    draws: int = DRAWS
    ball: Mapping[str, Within] = field(default_factory=dict)
    attacks: tuple[Function, ...] = ()
    restarts: int = RESTARTS
    steps: int = STEPS
    load: Function | None = None

    def __post_init__(self) -> None:
        check_letters(self.sizes)
        if self.draw is not None:
            check_arguments("draw", self.draw, ("rng", "p"))
        for recipe in self.data:
            check_arguments("data", recipe, ("rng", "p"))
        if len(set(names_of(self.data))) < len(self.data):
            raise ValueError(f"data={names_of(self.data)} must be functions of different names")
        for premise in self.given:
            if not isinstance(premise, Condition):
                check_arguments("given", premise, *self.shapes_of_premises)
        for name, least in (("draws", 1), ("restarts", 0), ("steps", 0)):
            count = getattr(self, name)
            if type(count) is not int or count < least:
                raise ValueError(f"{name}={count!r} must be a whole number, at least {least}")
        self._check_ball()
        if self.load is not None and not (self.files and set(self.files) <= set(FILES)):
            allowed = ", ".join(FILES)
            raise ValueError(
                f"load={names_of([self.load])[0]}({', '.join(self.files)}) must have parameters of {allowed}"
            )

    @property
    def files(self) -> tuple[str, ...]:
        """What `load` asks for."""
        return tuple(inspect.signature(self.load).parameters) if callable(self.load) else ()

    def _check_ball(self) -> None:
        """Balls are round what is drawn, and attacks are of balls, each of a name of its own.

        Raises:
            ValueError: naming the field, its value, and what is allowed.
        """
        check_balls(self.ball, self.numbers)
        if self.ball and self.draw is None:
            raise ValueError(f"ball={list(self.ball)} wants draw=, whose tensors are its centre")
        if self.attacks and not self.ball:
            raise ValueError(f"attacks={names_of(self.attacks)} want ball=, whose points they are")
        for attack in self.attacks:
            check_arguments("attack", attack, ("rng", "x", "p", *(("data",) if self.data else ())))
        own = names_of(self.attacks)
        if len(set(own)) < len(own) or set(own) & {*STARTS, LOADED}:
            raise ValueError(f"attacks={own} must have different names, and none of {', '.join((*STARTS, LOADED))}")

    @property
    def drawn(self) -> tuple[str, ...]:
        """What a measurement is called with."""
        return (
            "rng" if self.draw is None else "x",
            "p",
            *(("data",) if self.data else ()),
            *(("w",) if self.ball else ()),
        )

    @property
    def starts(self) -> tuple[str, ...]:
        """Where the worst case is looked for: the centre, the attacks of one's own, the slope's end, random ends."""
        stay, slope, random = STARTS
        found = (
            stay,
            *names_of(self.attacks),
            *((slope,) if self.steps else ()),
            *((random,) if self.restarts else ()),
        )
        return found if self.ball else (stay,)

    @property
    def shapes_of_premises(self) -> tuple[tuple[str, ...], ...]:
        """What a premise may be called with."""
        return (("p",), ("x", "p"), *((("x", "p", "data"),) if self.data else ()))

    @cached_property
    def all_sizes(self) -> dict[str, Size]:
        """The letters, with the recipe of the data where there are several."""
        recipes = names_of(self.data)
        return {**self.sizes, **({"data": Size(*recipes, start=recipes[0])} if len(recipes) > 1 else {})}

    @cached_property
    def letters(self) -> dict[str, Letter]:
        """How growth in each letter that may have a power is judged; δ decides no data."""
        return {
            name: size.letter(of_data=bool(self.data) and name != "delta")
            for name, size in self.sizes.items()
            if not size.words
        }

    @property
    def numbers(self) -> tuple[str, ...]:
        """What a bound or a condition may speak of."""
        return tuple(dict.fromkeys((*self.letters, "delta")))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The premises that are written as such."""
        return tuple(premise for premise in self.given if isinstance(premise, Condition))

    def premises(self, *, of_draws: bool) -> list[Function]:
        """The premises that are functions: of a draw, or of the sizes alone."""
        found = [premise for premise in self.given if not isinstance(premise, Condition)]
        return [premise for premise in found if (len(inspect.signature(premise).parameters) > 1) == of_draws]

    def place(self, /, **chosen: Any) -> Choice:
        """A choice of the sizes: where not said otherwise, those at which a letter stays while others move."""
        starts = {name: size.start for name, size in self.all_sizes.items()}
        return place({**starts, "delta": starts.get("delta", DELTA), **chosen})

    def has(self, p: Choice) -> bool:
        """Whether the statement says something there: every size is one of the lemma's, and the premises hold."""
        if not all(size.has(getattr(p, name)) for name, size in self.all_sizes.items()):
            return False
        numbers = self.parameters(p)
        return all(condition.holds(numbers) for condition in self.conditions) and all(
            bool(premise(p)) for premise in self.premises(of_draws=False)
        )

    def parameters(self, p: Choice) -> dict[str, float]:
        """The numbers of a choice."""
        return {name: getattr(p, name) for name in self.numbers}

    def describe(self) -> dict[str, Any]:
        """Letters with their values, for JSON."""
        return {name: list(size.values) for name, size in self.all_sizes.items()}

    def case(
        self,
        p: Choice,
        seed: int,
        numbers: Sequence[int],
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> "Drawn":
        """What is measured at a choice of sizes: independent draws, by their numbers."""
        return Drawn(self, p, seed, numbers, torch.zeros(1, dtype=dtype, device=device))


STARTS = ("stay", "slope", "random")
"""The centre; where the ball ends along the slope near that; where it ends in random directions."""

LOADED = "loaded"
"""The start where the point is that somebody loaded, or the nearest one of the ball."""


FILES = ("init", "trained", "data")
"""What somebody may have on file."""


class Drawn:
    """One choice of a problem's sizes, drawn S times: what a lemma of one's own is measured on.

    Args:
        problem: whose.
        configuration: the sizes.
        seed: the one integer that everything descends from.
        numbers: of the draws.
        like: has the dtype and the device of the run.
        points: of the balls, one per draw; None is where they were drawn.
    """

    def __init__(
        self,
        problem: Problem,
        configuration: Choice,
        seed: int,
        numbers: Sequence[int],
        like: Tensor,
        points: Sequence[Point] | None = None,
    ):
        self.problem = problem
        self.configuration = configuration
        self.seed = seed
        self.numbers = numbers
        self.like = like
        self.points = points
        # δ decides no draw: at all δ the same ones are counted.
        self._path = [
            (field.name, getattr(configuration, field.name)) for field in fields(configuration) if field.name != "delta"
        ]

    @property
    def initialisations(self) -> int:
        """The number of draws."""
        return len(self.numbers)

    @property
    def watched(self) -> bool:
        """Whether what is measured is to be differentiated."""
        return False

    @property
    def parameters(self) -> dict[str, float]:
        """What a scaling may mention."""
        return self.problem.parameters(self.configuration)

    def rng(self, *purpose: object) -> Rng:
        """The generator of one purpose."""
        return Rng(stream(self.seed, *purpose, *self._path), self.like)

    def data(self) -> tuple[Any, ...]:
        """What the statement is "for all" about, made anew, as a measurement might change it; () where it has none."""
        if not self.problem.data:
            return ()
        chosen = self.configuration.data if len(self.problem.data) > 1 else None
        named = zip(names_of(self.problem.data), self.problem.data, strict=True)
        recipe = next(recipe for name, recipe in named if chosen in (None, name))
        return (recipe(self.rng("data"), self.configuration),)

    def each(self) -> Iterator[tuple[Any, ...]]:
        """Of every draw, what the measurement is called with."""
        data, p = self.data(), self.configuration
        for at, number in enumerate(self.numbers):
            rng = self.rng("draw", number)
            drawn = (rng if self.problem.draw is None else self.problem.draw(rng, p), p, *data)
            if self.problem.ball:
                moved = {} if self.points is None else self.points[at]
                yield (*drawn, {**self.balls(drawn)[0], **moved})
            else:
                yield drawn

    def balls(self, drawn: tuple[Any, ...]) -> tuple[Point, dict[str, Within], dict[str, float]]:
        """Of one draw the centres of its balls, the balls, and their radii, by name.

        Raises:
            ValueError: if nothing of a name was drawn, or a radius is none.
        """
        x, p, *data = drawn
        tensors = named_tensors(x, *data)
        balls = matching(self.problem.ball, tensors)
        numbers = self.parameters
        centres = {name: tensors[name].clone() for name in balls}
        return centres, balls, {name: b.at(p, numbers) for name, b in balls.items()}

    def at(self, points: Sequence[Point]) -> "Drawn":
        """The same draws, at points of their balls."""
        return Drawn(self.problem, self.configuration, self.seed, self.numbers, self.like, points)

    def alone(self) -> Iterator["Drawn"]:
        """Each draw alone."""
        for number in self.numbers:
            yield Drawn(self.problem, self.configuration, self.seed, (number,), self.like)

    def meets(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a draw meets the premises that are about draws."""
        return all(
            bool(premise(*arguments[: len(inspect.signature(premise).parameters)]))
            for premise in self.problem.premises(of_draws=True)
        )

    def recipes(self, longer: int = 1) -> list[Recipe]:
        """Where its worst case is looked for: with so many times the random starts, and the steps, of the lemma."""
        problem = self.problem
        times = {"random": problem.restarts * longer}
        return [
            Recipe(start, example=number, ascent=problem.steps * longer if problem.ball else 0)
            for start in problem.starts
            for number in range(times.get(start, 1))
        ]


class Given(Drawn):
    """One draw that is at hand, which somebody loaded.

    Args:
        problem, configuration, like: see `Drawn`.
        arguments: what the measurement is called with.
    """

    def __init__(self, problem: Problem, configuration: Choice, like: Tensor, arguments: tuple[Any, ...]) -> None:
        super().__init__(problem, configuration, 0, (0,), like)
        self.arguments = arguments

    def each(self) -> Iterator[tuple[Any, ...]]:
        """What the measurement is called with."""
        yield self.arguments

    def at(self, points: Sequence[Point]) -> "Given":
        """The same, at another point of its balls."""
        *drawn, there = self.arguments
        return Given(self.problem, self.configuration, self.like, (*drawn, {**there, **points[0]}))

    def alone(self) -> Iterator["Given"]:
        """Itself."""
        yield self

    def recipes(self, longer: int = 1) -> list[Recipe]:
        """The lemma's, and the point that was loaded."""
        own = [Recipe(LOADED, ascent=self.problem.steps * longer)] if self.problem.ball else []
        return [*own, *super().recipes(longer)]


def check_arguments(role: str, function: object, *allowed: tuple[str, ...]) -> None:
    """A function can be called with as many arguments as one of the allowed ways has.

    Raises:
        ValueError: naming the role, the function's arguments, and what is allowed.
    """
    wanted = " or ".join(f"{role}({', '.join(names)})" for names in allowed)
    if not callable(function):
        raise ValueError(f"{role}={function!r} must be a function {wanted}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # of what is not written in Python there is none
        return
    for names in allowed:
        try:
            signature.bind(*names)
        except TypeError:
            continue
        return
    raise ValueError(f"{role}={getattr(function, '__name__', function)}{signature} must be {wanted}")
