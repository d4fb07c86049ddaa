"""The worst W in the ball: closed forms and structured points, a file per thing attacked.

Random perturbations see the wrong exponents: a unit flips only if it is close to its kink, and a random
direction does not know which units are. Every attack here reads W⁽⁰⁾, as the papers' "for all W" allows.

An attack is a function and its record, `@attack(…)`; what is attacked:
    floor            nothing: W⁽⁰⁾ itself, a random point, descent, the gradient
    patterns         how many units flip
    kinks            the linearisation error, and with it semi-smoothness
    gradients        the gradient of the loss, and the backward signals
    weights          ‖W_l‖_2, and how far the units move
    products         the masked product of the layers, and products of changes
    features         ‖x_l‖, and how far x_l moves
    generalisation   the sample against the population
"""

# ruff: noqa: I001
from lemmata.model.attacks import (
    floor,
    patterns,
    kinks,
    gradients,
    weights,
    products,
    features,
    generalisation,
)
from lemmata.model.attacks.record import ATTACKS, Attack, Informed, attack, distinct
from lemmata.model.attacks.target import Pair, Target

__all__ = [
    "ATTACKS",
    "Attack",
    "Informed",
    "Pair",
    "Target",
    "attack",
    "distinct",
    "features",
    "floor",
    "generalisation",
    "gradients",
    "kinks",
    "patterns",
    "products",
    "weights",
]
