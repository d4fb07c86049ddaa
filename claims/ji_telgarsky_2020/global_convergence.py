"""Gradient descent reaches risk ε at polylogarithmic width and hardly moves: Theorem 2.2 inside its own conditions.

The width asked for is 8.4 · 10⁸ at ε = 0.1, and the run 64 thousand steps. On two points ±x with labels ±1 a unit is
its number g = w · x and its sign, and units that share sign and side move by the same amount until they cross their
kink. So a network is four sums and counts, with the units that may cross as they are; a step costs a few operations.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from lemmata.claims.ji_telgarsky_2020.setting import JI_TELGARSKY_2020, RE_DERIVED
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng

MARGIN = 0.5
POINTS = 4
"""Each of the two points twice, as the theorem's n."""

ETA = 1.0

REACH = 64.0
"""Units within REACH/√m of their kink are held one by one; the run ends with an error if any moves farther."""


@dataclass(frozen=True)
class Terms:
    """The theorem's numbers: λ, the width M, and the number of steps T."""

    scale: float
    width: int
    steps: int


@cache
def terms(eps: float, delta: float) -> Terms:
    """λ = (√(2 ln(4n/δ)) + ln(4/ε)) · 4/γ, M = 4096 λ² γ⁻⁶, T = ⌈2λ²/(ηε)⌉."""
    scale = (math.sqrt(2 * math.log(4 * POINTS / delta)) + math.log(4 / eps)) * 4 / MARGIN
    return Terms(scale, math.ceil(4096 * scale**2 / MARGIN**6), math.ceil(2 * scale**2 / (ETA * eps)))


@dataclass
class Group:
    """Units of one sign on one side: their number, the sum of |g|, and, rising, the |g| of those near the kink."""

    count: int
    total: float
    near: Sequence[float]


def grouped(values: np.ndarray, positive: np.ndarray) -> list[Group]:
    """The groups of units that are given one by one: (+, g > 0), (+, g < 0), (−, g > 0), (−, g < 0)."""
    sides = [values[positive & (values > 0)], -values[positive & (values < 0)]]
    sides += [values[~positive & (values > 0)], -values[~positive & (values < 0)]]
    return [Group(len(side), float(side.sum()), np.sort(side).tolist()) for side in sides]


def drawn(rng: Rng, m: int) -> list[Group]:
    """The groups of m units, w · x ~ N(0, 1): counts and near units as their laws are.

    The far units' sums, of 10⁸ independent terms each, are drawn from their normal limit, from which their law is less
    than 10⁻⁴ away (Berry & Esseen).
    """
    cut = REACH / math.sqrt(m)
    inside = math.erf(cut / math.sqrt(2))
    counts = rng.multinomial(m, [0.25] * 4)
    density = math.sqrt(2 / math.pi) * math.exp(-(cut**2) / 2)
    mean = density / (1 - inside)
    variance = 1 + cut * density / (1 - inside) - mean**2
    groups = []
    for count in counts:
        close = int(rng.binomial(count, inside))
        # The density is flat up to e^(−cut²/2): rejection takes nearly all.
        near = rng.uniform(0, cut, close + 64)
        near = near[rng.random(len(near)) < np.exp(-(near**2) / 2)][:close]
        far = (count - close) * mean + math.sqrt((count - close) * variance) * rng.standard_normal()
        groups.append(Group(int(count), float(near.sum() + far), np.sort(near).tolist()))
    return groups


@dataclass(frozen=True)
class Run:
    """What the theorem speaks of: the mean risk over the steps, the farthest move, and the risk at the end."""

    mean_risk: float
    farthest: float
    last: float


def descend(groups: Sequence[Group], m: int, steps: int, reach: float = math.inf) -> Run:
    """Gradient descent on the mean logistic risk, exactly.

    Raises:
        ArithmeticError: if a unit moves farther than `reach`, within which they are held one by one.
    """
    plus, rising, falling, minus = groups
    root, half = math.sqrt(m), ETA / (2 * math.sqrt(m))
    # How far units active on x, and on −x, have moved; of those that crossed, their number and where they started from.
    moved, moved_back, risks = 0.0, 0.0, 0.0
    up = down = 0
    up_start = down_start = 0.0
    up_left, down_left = rising.total, falling.total
    for _ in range(steps):
        first = plus.total + plus.count * moved + up_start + up * moved - down_left + (falling.count - down) * moved
        second = (
            up_left
            - (rising.count - up) * moved_back
            - (minus.total + minus.count * moved_back + down_start + down * moved_back)
        )
        right, left = first / root, -second / root
        risk = (_softplus(-right) + _softplus(-left)) / 2
        risks += risk
        moved += half / (1 + math.exp(right))
        moved_back += half / (1 + math.exp(left))
        if max(moved, moved_back) > reach:
            raise ArithmeticError(f"a unit moves by {max(moved, moved_back):g}, beyond {reach:g}")
        while up < len(rising.near) and rising.near[up] < moved_back:
            up_left -= rising.near[up]
            up_start += moved_back - rising.near[up] - moved
            up += 1
        while down < len(falling.near) and falling.near[down] < moved:
            down_left -= falling.near[down]
            down_start += moved - falling.near[down] - moved_back
            down += 1
    return Run(risks / steps, max(moved, moved_back), risk)


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def run(rng: Rng, p: Choice) -> Run:
    """The theorem's run at the theorem's width; its 1 − 3δ is p's 1 − δ."""
    of = terms(p.eps, p.delta / 3)
    return descend(drawn(rng, of.width), of.width, of.steps, REACH / math.sqrt(of.width))


SIZES = {"eps": Size(0.5, 0.1, start=0.5), "delta": Size(0.15)}
WHERE: dict[str, Any] = {"draw": run, "constant": 1, "draws": 4, "examples": 1, "sizes": SIZES, "notes": RE_DERIVED}
ON = "for two points ±x with labels ±1, each twice, γ = ½, η = 1, at the width M = 4096 λ²/γ⁶ and for all T steps"


def short(x: Run, p: Choice) -> tuple[float, float]:
    """The same bound of the farthest move with m in place of √m."""
    of = terms(p.eps, p.delta / 3)
    return x.farthest, 4 * of.scale / (MARGIN * of.width)


@lemma(
    "ji-telgarsky-2020/thm-2.2-risk",
    r"m \ge M \Rightarrow \frac1T \sum_{t<T} \hat R(W_t) \le \epsilon",
    source=JI_TELGARSKY_2020.at("Theorem 2.2, first conclusion"),
    quantifiers=ON,
    false={"a five hundredth of ε": 0.002},
    **WHERE,
)
def risk_is_small(x: Run, p: Choice) -> tuple[float, float]:
    """Gradient descent on a network of the theorem's width has mean risk at most ε over the theorem's T steps."""
    return x.mean_risk, p.eps


@lemma(
    "ji-telgarsky-2020/thm-2.2-movement",
    r"m \ge M \Rightarrow \|w_{s,t} - w_{s,0}\| \le \frac{4 \lambda}{\gamma \sqrt m}, \; t < T",
    source=JI_TELGARSKY_2020.at("Theorem 2.2, second conclusion"),
    quantifiers=ON,
    false={"m in place of its root": short},
    **WHERE,
)
def units_hardly_move(x: Run, p: Choice) -> tuple[float, float]:
    """Meanwhile no unit of that network moves by more than 4λ/(γ√m)."""
    of = terms(p.eps, p.delta / 3)
    return x.farthest, 4 * of.scale / (MARGIN * math.sqrt(of.width))
