"""Perturbation recipes: which attack, aimed at which layer, example and output."""

from collections.abc import Sequence

from hypothesis import strategies as st

from lemmata.claims.case import Recipe
from lemmata.claims.claim import AIMED_AT_EXAMPLE, AIMED_AT_LAYER, AIMED_AT_OUTPUT, distinct
from lemmata.claims.language.configuration import Configuration
from lemmata.model.adversary import ATTACKS
from lemmata.model.settings import Setting
from lemmata.strategies.arguments import InvalidArgument, check_integer, check_names

HARDEST = ("place-on-kinks", "overshoot-kinks", "flip-units-apart", "flip-units", "switch-on")
"""Closed forms of the worst case for one layer, hardest first."""

EASIEST = ("along-gradient", "descend", "random", "stay")
"""Directions that know nothing of the kinks, the most informed first."""


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
    return st.one_of(
        [
            st.builds(
                Recipe,
                attack=st.just(attack),
                layer=st.integers(1 if attack in AIMED_AT_LAYER else last, last),
                example=st.integers(0, configuration.n - 1 if attack in AIMED_AT_EXAMPLE else 0),
                output=st.integers(0, configuration.k - 1 if attack in AIMED_AT_OUTPUT else 0),
            )
            for attack in sorted(distinct(attacks, last, configuration.n), key=_easiness)
        ]
    )


def _easiness(attack: str) -> int:
    """Closed forms, then whatever else reads W⁽⁰⁾, then the rest."""
    if attack in HARDEST:
        return HARDEST.index(attack) - len(HARDEST)
    return EASIEST.index(attack) + 1 if attack in EASIEST else 0
