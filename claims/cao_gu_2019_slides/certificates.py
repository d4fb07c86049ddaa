"""Sound upper bounds, over the whole ball, of the ratios that the slides' observations measure."""

import math

from torch import Tensor

from lemmata.claims.cao_gu_2020.certificates import almost_convex, almost_linear, reach
from lemmata.claims.case import Case

__all__ = ["almost_convex", "almost_linear", "lipschitz"]


def lipschitz(case: Case) -> Tensor:
    """The largest gradient of any output in any layer, the top one's among them."""
    return reach(case).gradients().amax((1, 2, 3)) / math.sqrt(case.parameters["m"])
