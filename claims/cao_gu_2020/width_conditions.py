"""How wide the statements ask a network to be, as conditions that can be solved for the width.

Where a statement has a radius, it is taken as large as its own conditions allow: a smaller one asks for more width.
"""

import math
from collections.abc import Callable

from lemmata.claims.language.condition import Parameters, WidthCondition

Log = Callable[[float, Parameters], float]
"""The logarithm of a quantity, from log m and the parameters."""


def _ball(radius: Log, layers: Log, depth: float = -8 / 3) -> Log:
    """log max{layers, L^depth τ^{−4/3} log(m / (τδ))} at the radius τ."""

    def least(log_m: float, p: Parameters) -> float:
        tau = radius(log_m, p)
        from_radius = depth * math.log(p["L"]) - 4 / 3 * tau + math.log(log_m - tau - math.log(p["delta"]))
        return max(layers(log_m, p), from_radius)

    return least


def _near(power: float) -> Log:
    """τ = L^{−power} (log m)^{−3/2}."""
    return lambda log_m, p: -power * math.log(p["L"]) - 1.5 * math.log(log_m)


def _lemma_5(log_m: float, p: Parameters) -> float:
    """L² log(mn/δ)."""
    return 2 * math.log(p["L"]) + math.log(log_m + math.log(p["n"] / p["delta"]))


def _margin(log_m: float, p: Parameters) -> float:
    """4^L L² γ^{−2} log(mnL/δ)."""
    return _features(p) + math.log(log_m + math.log(p["n"] * p["L"] / p["delta"]))


def _features(p: Parameters) -> float:
    """4^L L² γ^{−2}."""
    return p["L"] * math.log(4) + 2 * math.log(p["L"] / p["gamma"])


def _margin_radius(log_m: float, p: Parameters) -> float:
    """8^{−L} L^{−2} γ³ (log m)^{−3/2}."""
    return -p["L"] * math.log(8) - 2 * math.log(p["L"]) + 3 * math.log(p["gamma"]) - 1.5 * math.log(log_m)


def _kernel_margin(log_m: float, p: Parameters) -> float:
    """γ^{−2} log(mn/δ)."""
    return -2 * math.log(p["gamma"]) + math.log(log_m + math.log(p["n"] / p["delta"]))


def _kernel_radius(log_m: float, p: Parameters) -> float:
    """γ³ (log m)^{−3/2}."""
    return 3 * math.log(p["gamma"]) - 1.5 * math.log(log_m)


def _convergence(_: float, p: Parameters) -> float:
    """L^{12} B^{−4} ε^{−2} log(1/δ), as printed."""
    return math.log(p["L"] ** 12 * p["B"] ** -4 * p["eps"] ** -2 * math.log(1 / p["delta"]))


def _corollary(power: float) -> Log:
    """L^{24} 2^{power L} γ^{−8} ε^{−14} log(1/δ), as printed."""
    return lambda _, p: (
        24 * math.log(p["L"])
        + power * p["L"] * math.log(2)
        - 8 * math.log(p["gamma"])
        - 14 * math.log(p["eps"])
        + math.log(math.log(1 / p["delta"]))
    )


_IN_BALL = "m >= max(L^2 log(m n/δ), L^(-8/3) τ^(-4/3) log(m/(τδ))), τ = L^(-{}) log(m)^(-3/2)"
SECTION_5 = WidthCondition(_IN_BALL.format(6), (), _ball(_near(6), _lemma_5))
APPENDIX_B = WidthCondition(_IN_BALL.format(5), (), _ball(_near(5), _lemma_5))
FEATURES = WidthCondition(
    "m >= 4^L L^2 γ^(-2) log(n L/δ)",
    ("gamma",),
    lambda _, p: _features(p) + math.log(math.log(p["n"] * p["L"] / p["delta"])),
)
CONVERGENCE = WidthCondition("m >= L^12 B^(-4) ε^(-2) log(1/δ)", ("B", "eps"), _convergence)

WIDTHS = {
    **dict.fromkeys((f"cao-gu-2020/{name}" for name in ("thm-4.5", "lemma-5.1a", "lemma-5.1b")), SECTION_5),
    "cao-gu-2020/thm-4.7": CONVERGENCE,
    "cao-gu-2020/cor-4.9": CONVERGENCE,
    "cao-gu-2020/cor-4.11": WidthCondition("m >= L^24 2^(8L) γ^(-8) ε^(-14) log(1/δ)", ("gamma", "eps"), _corollary(8)),
    "cao-gu-2020/cor-4.13": WidthCondition("m >= L^24 γ^(-8) ε^(-14) log(1/δ)", ("gamma", "eps"), _corollary(0)),
    "cao-gu-2020/lemma-5.2a": SECTION_5,
    "cao-gu-2020/lemma-5.2b": SECTION_5,
    "cao-gu-2020/lemma-5.4": WidthCondition(
        "m >= max(4^L L^2 γ^(-2) log(m n L/δ), L^(-8/3) τ^(-4/3) log(m/(τδ))), τ = 8^(-L) L^(-2) γ^3 log(m)^(-3/2)",
        ("gamma",),
        _ball(_margin_radius, _margin),
    ),
    "cao-gu-2020/lemma-5.5": WidthCondition(
        "m >= max(γ^(-2) log(m n/δ), τ^(-4/3) log(m/(τδ))), τ = γ^3 log(m)^(-3/2)",
        ("gamma",),
        _ball(_kernel_radius, _kernel_margin, depth=0),
    ),
    **{
        f"cao-gu-2020/lemma-B.1-{part}": APPENDIX_B
        for part in ("i-weights", "i-features", "ii", "iii", "iv", "v", "vi")
    },
    "cao-gu-2020/lemma-B.2": FEATURES,
    "cao-gu-2020/lemma-B.3": FEATURES,
}
"""By claim id."""
