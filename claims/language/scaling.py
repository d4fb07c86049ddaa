"""Power products of the papers' quantities, as data: rendered, evaluated, fitted, mutated, calculated with."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

LOGS: dict[str, tuple[str, Callable[[Mapping[str, float]], float]]] = {
    "log_m": (r"\log m", lambda p: math.log(p["m"])),
    "log_n_delta": (r"\log(n/\delta)", lambda p: math.log(p["n"] / p["delta"])),
}
"""Named logarithms: LaTeX, and value from the parameters."""

SYMBOLS = {
    "tau": r"\tau",
    "phi": r"\phi",
    "eps": r"\epsilon",
    "gamma": r"\gamma",
    "delta": r"\delta",
    "eta": r"\eta",
    "E_S": r"\mathcal{E}_S",
    "two": "2",
    "two_to_L": "(2^L)",
    "batch": "B",
    "X": r"\|X\|_2",
    "lambda_0": r"\lambda_0",
    "lambda_K": r"\lambda_{\min}(K^{(L)})",
    "loss": "L(W^{(0)})",
    "log_n": r"\log n",
    "log_inverse_eps": r"\log(1/\epsilon)",
    "m_to_alpha": r"(m^\alpha)",
}
PLAIN = {
    "tau": "τ",
    "phi": "φ",
    "eps": "ε",
    "gamma": "γ",
    "delta": "δ",
    "eta": "η",
    "two": "2",
    "two_to_L": "(2^L)",
    "log_m": "log(m)",
    "log_n_delta": "log(n/δ)",
    "X": "‖X‖",
    "lambda_0": "λ_0",
    "lambda_K": "λ_min(K)",
    "log_n": "log(n)",
    "log_inverse_eps": "log(1/ε)",
    "m_to_alpha": "(m^α)",
}


class Scaling:
    """∏ parameter^exponent with rational exponents and named logs, for instance

        Scaling(L=2, tau="1/3", m="1/2", log_m="1/2")   for   L² τ^{1/3} √(m log m).

    Immutable and hashable. Products, quotients and rational powers are scalings again.

    Raises:
        ValueError: if an exponent is not a rational number.
    """

    def __init__(self, **powers: Fraction | int | str) -> None:
        self.powers: dict[str, Fraction] = {}
        for name, power in powers.items():
            try:
                exponent = Fraction(power)
            except (ValueError, ZeroDivisionError):
                raise ValueError(f"{name}={power!r} must be a rational number, for instance 2 or '1/3'") from None
            if exponent:
                self.powers[name] = exponent

    def value(self, parameters: Mapping[str, float]) -> float:
        """The product at the given parameters.

        Raises:
            KeyError: if a parameter of the product is missing.
        """
        value = 1.0
        for name, power in self.powers.items():
            base = LOGS[name][1](parameters) if name in LOGS else parameters[name]
            value *= base ** float(power)
        return value

    def without_logs(self) -> "Scaling":
        """The powers of parameters alone."""
        return Scaling(**{name: power for name, power in self.powers.items() if name not in LOGS})

    def shifted(self, name: str, by: Fraction | str) -> "Scaling":
        """The same product with one exponent moved."""
        return self * Scaling(**{name: by})

    def __mul__(self, other: "Scaling") -> "Scaling":
        names = {**self.powers, **other.powers}
        return Scaling(**{name: self.powers.get(name, 0) + other.powers.get(name, Fraction()) for name in names})

    def __truediv__(self, other: "Scaling") -> "Scaling":
        return self * other ** Fraction(-1)

    def __pow__(self, power: Fraction | int | str) -> "Scaling":
        return Scaling(**{name: exponent * Fraction(power) for name, exponent in self.powers.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaling) and self.powers == other.powers

    def __hash__(self) -> int:
        return hash(frozenset(self.powers.items()))

    def __repr__(self) -> str:
        return f"Scaling({', '.join(f'{name}={str(power)!r}' for name, power in self.powers.items())})"

    def __str__(self) -> str:
        """Plain text, for instance "L^2 τ^(1/3) m^(1/2) log(m)^(1/2)"; "1" for the empty product."""
        return " ".join(_plain(name, power) for name, power in self.powers.items()) or "1"

    def latex(self) -> str:
        """LaTeX of the product."""
        factors = []
        for name, power in self.powers.items():
            base = rf"[{LOGS[name][0]}]" if name in LOGS else SYMBOLS.get(name, name)
            factors.append(base if power == 1 else f"{base}^{{{power}}}")
        return " ".join(factors) or "1"

    def exponents(self) -> dict[str, str]:
        """{parameter: exponent} with exponents as exact strings, for JSON."""
        return {name: str(power) for name, power in self.powers.items()}


def _plain(name: str, power: Fraction) -> str:
    base = PLAIN.get(name, name)
    if power == 1:
        return base
    return f"{base}^{power}" if power.denominator == 1 and power > 0 else f"{base}^({power})"


ONE = Scaling()
