"""How wide the theorems ask a network to be, as conditions that can be solved for the width."""

import math

from lemmata.claims.language.condition import Parameters, WidthCondition
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.zou_gu_2019.improvements import THEOREM_3_8, THEOREM_3_10
from lemmata.claims.zou_gu_2019.table_1 import THEOREM_3_3


def _at_least(product: Scaling, needs: tuple[str, ...], layers: int | None = None) -> WidthCondition:
    """m at least a power product, which may have log m in it."""

    def least(log_m: float, p: Parameters) -> float:
        logs = {name: math.log(value) for name, value in p.items()} | {"log_m": math.log(log_m)}
        return sum(float(power) * logs[name] for name, power in product.powers.items())

    return WidthCondition(f"m >= {product}", needs, least, layers)


WIDTHS = {
    "zou-gu-2019/thm-3.3": _at_least(THEOREM_3_3[0], ("phi", "k")),
    "zou-gu-2019/cor-3.5": _at_least(THEOREM_3_3[0], ("phi", "k"), layers=1),
    "zou-gu-2019/thm-3.8": _at_least(THEOREM_3_8[0], ("phi", "k", "batch")),
    "zou-gu-2019/thm-3.10": _at_least(THEOREM_3_10[0], ("phi", "k", "batch"), layers=1),
}
"""By claim id."""
