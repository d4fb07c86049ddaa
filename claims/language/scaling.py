"""Power products of the papers' quantities, as data: rendered, evaluated, fitted, mutated, calculated with."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

Quotient = tuple[tuple[str, ...], tuple[str, ...]]
"""The product of some letters over the product of others."""


class NamedLogs(dict[str, Quotient]):
    """Named logarithms, of quotients: those that are listed, and of any letter X of a problem log_X and log_X_delta.

    The last is log(X/δ). What begins with log_inverse_ is a letter by itself, unless it is listed.
    """

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and _of_a_letter(name) is not None)

    def __missing__(self, name: str) -> Quotient:
        found = _of_a_letter(name)
        if found is None:
            raise KeyError(name)
        return found


def _of_a_letter(name: str) -> Quotient | None:
    letter = name.removeprefix("log_")
    if letter in (name, "", "_delta") or letter.startswith("inverse_"):
        return None
    over = letter.removesuffix("_delta")
    return (over,), (() if over == letter else ("delta",))


LOGS = NamedLogs(
    {
        "log_m": (("m",), ()),
        "log_n": (("n",), ()),
        "log_n_delta": (("n",), ("delta",)),
        "log_mn_delta": (("m", "n"), ("delta",)),
        "log_mnL_delta": (("m", "n", "L"), ("delta",)),
        "log_nL": (("n", "L"), ()),
        "log_nL_delta": (("n", "L"), ("delta",)),
        "log_m_tau_delta": (("m",), ("tau", "delta")),
        "log_inverse_delta": ((), ("delta",)),
    }
)

BASES: dict[str, tuple[tuple[str, ...], Callable[..., float]]] = {
    "two": ((), lambda: math.log(2)),
    "two_pi": ((), lambda: math.log(2 * math.pi)),
    "two_to_L": (("L",), lambda log_L: math.exp(log_L) * math.log(2)),
}
"""Factors that are known without being given: the letters that they depend on, and their logs from those letters'."""

SYMBOLS = {
    "tau": r"\tau",
    "phi": r"\phi",
    "eps": r"\epsilon",
    "gamma": r"\gamma",
    "delta": r"\delta",
    "eta": r"\eta",
    "E_S": r"\mathcal{E}_S",
    "two": "2",
    "two_pi": r"(2\pi)",
    "two_to_L": "(2^L)",
    "batch": "B",
    "X": r"\|X\|_2",
    "lambda_0": r"\lambda_0",
    "lambda_K": r"\lambda_{\min}(K^{(L)})",
    "loss": "L(W^{(0)})",
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
    "two_pi": "(2π)",
    "two_to_L": "(2^L)",
    "X": "‖X‖",
    "lambda_0": "λ_0",
    "lambda_K": "λ_min(K)",
    "log_inverse_eps": "log(1/ε)",
    "m_to_alpha": "(m^α)",
}
ASCII = {"two": "2", "two_pi": "(2 pi)", "two_to_L": "(2^L)", "X": "|X|"}
"""How letters are written in LaTeX, in plain text and on a keyboard, where not by their names."""


LONGEST = 40
"""Characters of an exponent; a power of ten among them would take longer to write out than anybody waits."""


def rational(name: str, value: object) -> Fraction:
    """An exponent.

    Raises:
        ValueError: naming it and its value, if that is no rational number, or one that nobody writes.
    """
    try:
        if isinstance(value, str) and (len(value) > LONGEST or "e" in value.casefold()):
            raise ValueError
        found = Fraction(value)  # type: ignore[call-overload]
        if len(str(found)) <= LONGEST:
            return found
    except (ValueError, TypeError, ArithmeticError):
        pass
    raise ValueError(f"{name}={str(value)[:LONGEST]!r} must be a rational number, for instance 2 or '1/3'")


class Scaling:
    """∏ parameter^exponent with rational exponents and named logs, for instance

        Scaling(L=2, tau="1/3", m="1/2", log_m="1/2")   for   L² τ^{1/3} √(m log m).

    Immutable and hashable. Products, quotients and rational powers are scalings again.

    Raises:
        ValueError: if an exponent is not a rational number.
    """

    def __init__(self, /, **powers: Fraction | int | str) -> None:
        self.powers: dict[str, Fraction] = {}
        for name, power in powers.items():
            exponent = rational(name, power)
            if exponent:
                self.powers[name] = exponent

    def value(self, parameters: Mapping[str, float]) -> float:
        """The product at the given parameters.

        Raises:
            KeyError: if a parameter of the product is missing.
        """
        value = 1.0
        for name, power in self.powers.items():
            value *= _value(name, parameters) ** float(power)
        return value

    def log_value(self, logs: Mapping[str, float]) -> float:
        """The log of the product from the logs of its letters, so that nothing overflows; NaN where it is undefined.

        Raises:
            KeyError: if a letter of the product is missing.
        """
        total = 0.0
        for name, power in self.powers.items():
            log = _log(name, logs)
            if log == -math.inf and power < 0:
                return math.nan
            total += float(power) * log
        return total

    @property
    def letters(self) -> frozenset[str]:
        """What must be given for a value: the factors' names, and for named logs and bases the letters in them."""
        return frozenset(letter for name in self.powers for letter in _letters(name))

    def without_logs(self) -> "Scaling":
        """The product without its logarithms."""
        return Scaling(**{name: power for name, power in self.powers.items() if name not in LOGS})

    def of_letters(self) -> "Scaling":
        """The powers of parameters alone: no logarithms, nor other functions of them."""
        return Scaling(**{name: power for name, power in self.powers.items() if name not in LOGS and name not in BASES})

    def shifted(self, name: str, by: Fraction | str) -> "Scaling":
        """The same product with one exponent moved."""
        return self * Scaling(**{name: by})

    def __mul__(self, other: "Scaling") -> "Scaling":
        powers = dict(self.powers)
        for name, power in other.powers.items():
            powers[name] = powers[name] + power if name in powers else power
        return Scaling(**powers)

    def __truediv__(self, other: "Scaling") -> "Scaling":
        powers = dict(self.powers)
        for name, power in other.powers.items():
            powers[name] = powers[name] - power if name in powers else -power
        return Scaling(**powers)

    def __pow__(self, power: Fraction | int | str) -> "Scaling":
        times = rational("power", power)
        return Scaling(**{name: exponent * times for name, exponent in self.powers.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaling) and self.powers == other.powers

    def __hash__(self) -> int:
        return hash(frozenset(self.powers.items()))

    def __repr__(self) -> str:
        return f"Scaling({', '.join(f'{name}={str(power)!r}' for name, power in self.powers.items())})"

    def __str__(self) -> str:
        """Plain text, for instance "L^2 τ^(1/3) m^(1/2) log(m)^(1/2)"; "1" for the empty product."""
        return self._product(PLAIN, _bracketed, "log({})".format)

    def ascii(self) -> str:
        """Plain text as it can be typed, for instance "L^2 tau^1/3 m^1/2 log(m)^1/2"."""
        return self._product(ASCII, str, "log({})".format)

    def latex(self) -> str:
        """LaTeX of the product."""
        return self._product(SYMBOLS, "{{{}}}".format, lambda of: rf"[\log {of}]" if len(of) == 1 else rf"[\log({of})]")

    def _product(
        self, symbols: Mapping[str, str], exponent: Callable[[Fraction], str], named_log: Callable[[str], str]
    ) -> str:
        factors = []
        for name, power in self.powers.items():
            base = named_log(_quotient(*LOGS[name], symbols)) if name in LOGS else symbols.get(name, name)
            factors.append(base if power == 1 else f"{base}^{exponent(power)}")
        return " ".join(factors) or "1"

    def exponents(self) -> dict[str, str]:
        """{parameter: exponent} with exponents as exact strings, for JSON."""
        return {name: str(power) for name, power in self.powers.items()}


def _bracketed(power: Fraction) -> str:
    return f"{power}" if power.denominator == 1 and power > 0 else f"({power})"


def _quotient(over: tuple[str, ...], under: tuple[str, ...], symbols: Mapping[str, str]) -> str:
    """The letters of a named log, for instance "m/(τ δ)"."""
    above = "".join(symbols.get(letter, letter) for letter in over) or "1"
    below = " ".join(symbols.get(letter, letter) for letter in under)
    return above + (f"/({below})" if len(under) > 1 else f"/{below}" if under else "")


def _value(name: str, parameters: Mapping[str, float]) -> float:
    """A factor, from the letters."""
    if name in LOGS:
        over, under = (math.prod(parameters[letter] for letter in letters) for letters in LOGS[name])
        return math.log(over / under)
    if name in BASES and name not in parameters:
        letters, log_of = BASES[name]
        return math.exp(log_of(*(math.log(parameters[letter]) for letter in letters)))
    return parameters[name]


def _letters(name: str) -> tuple[str, ...]:
    """The letters that a factor depends on."""
    if name in LOGS:
        over, under = LOGS[name]
        return over + under
    return BASES[name][0] if name in BASES else (name,)


def _log(name: str, logs: Mapping[str, float]) -> float:
    """The log of a factor, from the logs of the letters."""
    if name in LOGS:
        over, under = LOGS[name]
        return log(sum(logs[letter] for letter in over) - sum(logs[letter] for letter in under))
    if name in BASES and name not in logs:
        letters, log_of = BASES[name]
        return log_of(*(logs[letter] for letter in letters))
    return logs[name]


def log(value: float) -> float:
    """The natural log: −∞ at 0, NaN below."""
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan


ONE = Scaling()
