"""Perturbation recipes: which attack, aimed at which layer, example and output."""

from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

from lemmata.claims.case import Recipe
from lemmata.claims.language.configuration import Configuration
from lemmata.model.attacks import ATTACKS, Attack, distinct
from lemmata.model.settings import Setting
from lemmata.strategies.arguments import InvalidArgument, check_integer, check_names


def recipes(
    setting: Setting, configuration: Configuration, *, attacks: Sequence[str] = tuple(ATTACKS)
) -> st.SearchStrategy[Recipe]:
    """Recipes that make sense at a configuration: layers, examples and outputs that it has.

    An attack that ignores the layer, example or output gets one fixed value for it, as in
    `claims.claim.Claim.recipes`, so that no two recipes are the same attack; deep attacks
    need a second layer, and those on all examples at once a second example. For a claim, pass its `attacks`.
    Shrinks to the closed-form worst case at a kink, on the first layer, example and output; random
    directions and W⁽⁰⁾ itself come last.

    Raises:
        InvalidArgument: when called, if an attack is unknown, there is none, or the configuration has no
            hidden layer, example or output.
    """
    check_names("attacks", attacks, ATTACKS)
    for name, least in (("L", setting.depth(1)), ("n", 1), ("k", 1)):
        check_integer(name, getattr(configuration, name), least=least)
    if setting.loss == "cross-entropy" and configuration.k != 1:
        raise InvalidArgument(f"k={configuration.k} must be 1 for {setting.id}")
    last = setting.hidden_layers(configuration.L)
    chosen = [ATTACKS[name] for name in distinct(attacks, last, configuration.n)]
    return _recipes(tuple(chosen), last, configuration.n, configuration.k)


@cache
def _recipes(attacks: tuple[Attack, ...], last: int, n: int, k: int) -> st.SearchStrategy[Recipe]:
    """Hypothesis looks through a strategy once: it is the same one for every case of a size."""
    return st.one_of(
        [
            st.builds(
                Recipe,
                attack=st.just(attack.name),
                layer=_among(attack.layers(last)),
                example=_among(attack.examples(n)),
                output=_among(attack.outputs(k)),
            )
            for attack in sorted(attacks, key=lambda attack: -attack.informed)
        ]
    )


def _among(numbers: range) -> st.SearchStrategy[int]:
    return st.integers(numbers[0], numbers[-1])
