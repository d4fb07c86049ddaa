"""Problems of one's own: letters, one draw of what is random, data that a statement is "for all" about, and premises.

Deep ReLU networks are one problem, with engines, attacks and certificates: theirs is `claims.case`. Of any other the
judge asks no more than what stands here.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lemmata.claims.case import Recipe
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.letters import Letter
from lemmata.claims.language.sizes import DELTA, Choice, Size, check_letters, place
from lemmata.model.draws import Rng
from lemmata.model.randomness import stream

Function = Callable[..., Any]

DRAWS = 200
"""Independent draws at each choice of sizes, where a lemma does not say how many."""


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
    """

    sizes: Mapping[str, Size]
    draw: Function | None = None
    data: tuple[Function, ...] = ()
    given: tuple[Condition | Function, ...] = ()
    draws: int = DRAWS

    def __post_init__(self) -> None:
        check_letters(self.sizes)
        if self.draw is not None:
            check_arguments("draw", self.draw, ("rng", "p"))
        for recipe in self.data:
            check_arguments("data", recipe, ("rng", "p"))
        if len({recipe.__name__ for recipe in self.data}) < len(self.data):
            raise ValueError(f"data={[recipe.__name__ for recipe in self.data]} must be functions of different names")
        for premise in self.given:
            if not isinstance(premise, Condition):
                check_arguments("given", premise, *self.shapes_of_premises)
        if type(self.draws) is not int or self.draws < 1:
            raise ValueError(f"draws={self.draws!r} must be a whole number, at least 1")

    @property
    def drawn(self) -> tuple[str, ...]:
        """What a measurement is called with."""
        return ("rng" if self.draw is None else "x", "p", *(("data",) if self.data else ()))

    @property
    def shapes_of_premises(self) -> tuple[tuple[str, ...], ...]:
        """What a premise may be called with."""
        return (("p",), ("x", "p"), *((("x", "p", "data"),) if self.data else ()))

    @cached_property
    def all_sizes(self) -> dict[str, Size]:
        """The letters, with the recipe of the data where there are several."""
        recipes = [recipe.__name__ for recipe in self.data]
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

    def place(self, **chosen: Any) -> Choice:
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


class Drawn:
    """One choice of a problem's sizes, drawn S times: what a lemma of one's own is measured on.

    Args:
        problem: whose.
        configuration: the sizes.
        seed: the one integer that everything descends from.
        numbers: of the draws.
        like: has the dtype and the device of the run.
    """

    def __init__(self, problem: Problem, configuration: Choice, seed: int, numbers: Sequence[int], like: Tensor):
        self.problem = problem
        self.configuration = configuration
        self.seed = seed
        self.numbers = numbers
        self.like = like
        # δ decides no draw: at all δ the same ones are counted.
        self._path = [
            (field.name, getattr(configuration, field.name)) for field in fields(configuration) if field.name != "delta"
        ]

    @property
    def initialisations(self) -> int:
        """The number of draws."""
        return len(self.numbers)

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
        recipe = next(recipe for recipe in self.problem.data if chosen in (None, recipe.__name__))
        return (recipe(self.rng("data"), self.configuration),)

    def each(self) -> Iterator[tuple[Any, ...]]:
        """Of every draw, what the measurement is called with."""
        data, p = self.data(), self.configuration
        for number in self.numbers:
            rng = self.rng("draw", number)
            yield (rng if self.problem.draw is None else self.problem.draw(rng, p), p, *data)

    def meets(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a draw meets the premises that are about draws."""
        return all(
            bool(premise(*arguments[: len(inspect.signature(premise).parameters)]))
            for premise in self.problem.premises(of_draws=True)
        )

    def recipes(self) -> list[Recipe]:
        """Where its worst case is looked for."""
        return [Recipe()]


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
