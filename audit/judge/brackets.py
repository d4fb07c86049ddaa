"""What is known of a supremum over the ball: an attack's value on one side, a certificate on the other."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from lemmata.audit.measure.sweep import Trials
from lemmata.claims.constants import constant


class Bracket(NamedTuple):
    """The worst ratio over the ball, at the initialisation where an attack found the worst, is between two numbers.

    Attributes:
        attack: what was found: for a lower bound the larger of the two.
        certificate: what no weights of the ball can pass; NaN where no certificate is known.
        certified: whether the certificate proves the stated or stored constant there; None without either of them.
    """

    attack: float
    certificate: float
    certified: bool | None


def bracket(trials: Trials) -> Bracket:
    """Of one configuration."""
    at, claim = trials.extreme(), trials.claim
    certificate = trials.certificate[at] if trials.certificate else math.nan
    held = constant(claim)
    certified = None
    if held is not None and not math.isnan(certificate):
        certified = claim.direction.sign * certificate <= claim.direction.sign * held
    return Bracket(trials.ratio[at], certificate, certified)


def widest(trials: Sequence[Trials]) -> Bracket | None:
    """The bracket at the worst ratio of all configurations, which no other's attack passes; None without a ratio.

    It counts as certified where every configuration does.
    """
    found = [bracket(each) for each in trials if each.ratio and not math.isnan(each.ratio[each.extreme()])]
    if not found:
        return None
    sign = trials[0].claim.direction.sign
    worst = max(found, key=lambda each: sign * each.attack)
    known = [each.certified for each in found]
    certified = None if all(each is None for each in known) else all(each is True for each in known)
    return Bracket(worst.attack, worst.certificate, certified)
