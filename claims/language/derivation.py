"""Derivations: exponent arithmetic on scalings, as chains of steps that can be read, judged and mutated."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from lemmata.claims.language.scaling import LOGS, ONE, Scaling

Rule = Literal["given", "multiply", "substitute", "enlarge", "solve", "at most", "equal", "decreases", "note"]

Given = Callable[[str, Scaling], Scaling]
"""What a derivation reads a premise through: its name and its scaling as stated, to the scaling that is used."""


def as_stated(name: str, scaling: Scaling) -> Scaling:
    """The premise, unchanged."""
    return scaling


def shifted(by: Mapping[str, Scaling]) -> Given:
    """A reading in which premises are multiplied by power products: a neighbour of a derivation."""
    return lambda name, scaling: scaling * by.get(name, ONE)


def unit_shifts(derivation: "Derivation") -> list[tuple[str, Scaling]]:
    """Each exponent of each premise one up and one down, by premise; those of logarithms where logarithms count."""
    return [
        (name, Scaling(**{parameter: by}))
        for name, scaling in derivation.premises.items()
        for parameter in derivation.counted(scaling).powers
        for by in (1, -1)
    ]


def substitute(scaling: Scaling, **values: Scaling) -> Scaling:
    """The product with parameters replaced by products, all at once."""
    result = without(scaling, values)
    for name, value in values.items():
        result = result * value ** scaling.powers.get(name, 0)
    return result


def without(scaling: Scaling, names: Iterable[str]) -> Scaling:
    """The product without the powers of these parameters."""
    dropped = set(names)
    return Scaling(**{name: power for name, power in scaling.powers.items() if name not in dropped})


def solve(left: Scaling, right: Scaling, parameter: str) -> tuple[Literal["at least", "at most"], Scaling]:
    """The monomial inequality left ≤ right, solved for one parameter, logarithms being constants.

    Raises:
        ValueError: if the parameter cancels.
    """
    ratio = left / right
    power = ratio.powers.get(parameter)
    if power is None:
        raise ValueError(f"{parameter=} cancels in {left} ≤ {right}")
    threshold = without(ratio, [parameter]) ** (-1 / power)
    return ("at least" if power < 0 else "at most"), threshold


@dataclass(frozen=True)
class Regime:
    """Where inequalities between power products are claimed: parameters that vary independently.

    Attributes:
        large: parameters that are at least 1 and unbounded.
        small: parameters in (0, 1], as near to 0 as one likes.
    """

    large: frozenset[str]
    small: frozenset[str]

    def excess(self, ratio: Scaling) -> Scaling:
        """The factors that are unbounded: the product is bounded if and only if there are none.

        Without logarithms it is then at most 1. A logarithm is at least 1, and unbounded unless powers of all its
        letters outweigh it.

        Raises:
            ValueError: if nothing is assumed about a parameter.
        """
        powers = ratio.powers
        unknown = sorted({letter for name in powers for letter in _parameters(name)} - self.large - self.small)
        if unknown:
            raise ValueError(f"parameters {unknown} must be assumed large or small")

        def vanishes(letter: str) -> bool:
            power = powers.get(letter, 0)
            return power < 0 if letter in self.large else power > 0

        def unbounded(name: str, power: Fraction) -> bool:
            if name in LOGS:
                return power > 0 and not all(vanishes(letter) for letter in _parameters(name))
            return (power > 0) == (name in self.large)

        return Scaling(**{name: power for name, power in powers.items() if unbounded(name, power)})


ASYMPTOTIC = Regime(
    large=frozenset({"L", "m", "n", "K", "two", "two_to_L"}),
    small=frozenset({"B", "eps", "gamma", "phi", "tau", "eta", "delta", "E_S"}),
)
"""L, m, n, K ≥ 1; B, ε, γ, φ, τ, η, δ, E_S ≤ 1. `two` is the number 2 and `two_to_L` is 2^L, both as bases.

Where powers of L are to be absorbed by those of 2^L, a derivation says so: `Derivation.enlarge`."""


def _parameters(name: str) -> tuple[str, ...]:
    """The parameters that a factor is of."""
    if name not in LOGS:
        return (name,)
    over, under = LOGS[name]
    return over + under


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes:
        rule: how it comes about.
        name: of what it yields, or of the comparison.
        text: what was combined, and what came out.
        result: the product it yields.
        left, right: what it compares.
        ratio: left over right, without what the comparison leaves open.
        holds: outcome of a comparison, None for the other rules.
        excess: the factor by which a comparison fails.
        slack: the factor that a comparison has to spare, in other parameters if it fails.
    """

    rule: Rule
    name: str
    text: str
    result: Scaling | None = None
    left: Scaling | None = None
    right: Scaling | None = None
    ratio: Scaling = ONE
    holds: bool | None = None
    excess: Scaling = ONE
    slack: Scaling = ONE

    def __str__(self) -> str:
        return f"{self.rule:<10}  {self.name}{self.text}"

    def data(self) -> dict[str, object]:
        """JSON-able, exponents as exact strings."""
        products = {"result": self.result, "left": self.left, "right": self.right}
        return {
            "rule": self.rule,
            "name": self.name,
            "text": str(self),
            "holds": self.holds,
            "excess": self.excess.exponents(),
            "slack": self.slack.exponents(),
            **{name: None if product is None else product.exponents() for name, product in products.items()},
        }


@dataclass
class Derivation:
    """A chain of steps from premises to comparisons: it holds if every comparison does.

    Constants are left out of comparisons; explicit powers of 2 are not. Named logarithms count where the statement is
    written with O, Ω or =, which hide constants alone, and do not where it is written with Õ or Ω̃.

    Attributes:
        given: what premises are read through.
        regime: where comparisons are claimed.
        tilde: whether the statement hides logarithms.
    """

    given: Given = as_stated
    regime: Regime = ASYMPTOTIC
    tilde: bool = False
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def holds(self) -> bool:
        """Whether every comparison holds; a chain without one decides nothing, and does not."""
        decided = [step.holds for step in self.steps if step.holds is not None]
        return bool(decided) and all(decided)

    @property
    def excess(self) -> tuple[Scaling, ...]:
        """The factors by which comparisons fail, one per failure."""
        return tuple(step.excess for step in self.steps if step.holds is False)

    @property
    def slack(self) -> tuple[Scaling, ...]:
        """The factors that comparisons which hold have to spare, where they do."""
        return tuple(step.slack for step in self.steps if step.holds and step.slack != ONE)

    @property
    def premises(self) -> dict[str, Scaling]:
        """What was given, by name."""
        return {step.name: step.result for step in self.steps if step.rule == "given" and step.result is not None}

    def tighter(self, stated: "Derivation") -> list[Step]:
        """The comparisons that ask for more than in the same derivation from other premises."""
        pairs = zip(self.steps, stated.steps, strict=True)
        return [step for step, before in pairs if self.regime.excess(step.ratio / before.ratio) != ONE]

    def counted(self, scaling: Scaling) -> Scaling:
        """The product without what the statement hides."""
        return scaling.without_logs() if self.tilde else scaling

    def verdict(self) -> str:
        """The outcome in words."""
        if not self.holds:
            return f"fails by {', '.join(map(str, self.excess)) or 'deciding nothing'}"
        return f"holds, with {', '.join(map(str, self.slack))} to spare" if self.slack else "holds, exactly"

    def lines(self) -> list[str]:
        """Plain text, one line per step and one for the verdict."""
        return [*map(str, self.steps), f"{'verdict':<10}  {self.verdict()}"]

    def data(self) -> dict[str, object]:
        """JSON-able: verdict, factors and steps."""
        return {
            "verdict": "holds" if self.holds else "fails",
            "excess": [factor.exponents() for factor in self.excess],
            "slack": [factor.exponents() for factor in self.slack],
            "steps": [step.data() for step in self.steps],
        }

    def take(self, name: str, scaling: Scaling, source: str) -> Scaling:
        """A premise, with where it is stated."""
        return self._yield("given", name, self.given(name, scaling), f" ({source})")

    def multiply(self, name: str, *factors: Scaling) -> Scaling:
        """The product of several."""
        product = ONE
        for factor in factors:
            product = product * factor
        return self._yield("multiply", name, product, " = " + " · ".join(f"({factor})" for factor in factors))

    def substitute(self, name: str, scaling: Scaling, **values: Scaling) -> Scaling:
        """A product with parameters replaced by what they are."""
        where = ", ".join(f"{Scaling(**{parameter: 1})} = {value}" for parameter, value in values.items())
        return self._yield("substitute", name, substitute(scaling, **values), f" = {scaling} at {where}")

    def enlarge(self, name: str, scaling: Scaling, **bounds: Scaling) -> Scaling:
        """A product with parameters of positive power replaced by upper bounds of theirs."""
        values = {parameter: bound for parameter, bound in bounds.items() if scaling.powers.get(parameter, 0) > 0}
        since = ", ".join(f"{Scaling(**{parameter: 1})} ≤ {bound}" for parameter, bound in bounds.items())
        return self._yield("enlarge", name, substitute(scaling, **values), f" ≤, since {since},")

    def least(self, parameter: str, name: str, left: Scaling, right: Scaling) -> Scaling:
        """The least value of a parameter from which on left ≤ right; a failure if larger values do not help."""
        return self._solve("at least", parameter, name, left, right)

    def largest(self, parameter: str, name: str, left: Scaling, right: Scaling) -> Scaling:
        """The largest value of a parameter up to which left ≤ right; a failure if smaller values do not help."""
        return self._solve("at most", parameter, name, left, right)

    def at_most(
        self, name: str, left: Scaling, right: Scaling, *, up_to: tuple[str, ...] = (), strict: bool = False
    ) -> None:
        """Compare: left ≤ C right throughout the regime, up to logarithms and powers of the parameters named.

        Strictly so where the difference of the two is what remains: the two must then not be the same.
        """
        ratio = self.counted(without(left / right, up_to))
        excess = self.regime.excess(ratio)
        holds = excess == ONE and not (strict and ratio == ONE)
        self._compare("at most", name, left, right, up_to, ratio, holds, excess, excess / ratio)

    def equal(self, name: str, left: Scaling, right: Scaling, *, up_to: tuple[str, ...] = ()) -> None:
        """Compare: the same power product, up to logarithms and powers of the parameters named."""
        ratio = self.counted(without(left / right, up_to))
        self._compare("equal", name, left, right, up_to, ratio, ratio == ONE, ratio, ONE)

    def decreases(self, name: str, scaling: Scaling, parameter: str, log: str = "") -> None:
        """Compare: the product decreases in a parameter once its logarithm is large, or does not depend on it.

        The parameter's logarithm, up to a constant, is `log`, by default `log_` and the parameter's name.
        """
        log = log or f"log_{parameter}"
        power, logs = (scaling.powers.get(key, 0) for key in (parameter, log))
        known = " and does not depend on it" if not power and not logs else " and does not decrease"
        if power < 0:
            known = f" and decreases for log({parameter}) > {max(-logs / power, 0)}"
        holds = power < 0 or (not power and logs <= 0)
        ratio = Scaling(**{parameter: power, log: logs})
        excess = ONE if holds else ratio
        text = f" is {scaling}{known}"
        self.steps.append(Step("decreases", name, text, None, scaling, ONE, ratio, holds, excess))

    def note(self, text: str) -> None:
        """A remark, which decides nothing."""
        self.steps.append(Step("note", text, ""))

    def _yield(self, rule: Rule, name: str, result: Scaling, how: str) -> Scaling:
        text = f" = {result}{how}" if rule == "given" else f"{how} = {result}"
        self.steps.append(Step(rule, name, text, result=result))
        return result

    def _solve(self, wanted: str, parameter: str, name: str, left: Scaling, right: Scaling) -> Scaling:
        text = f": {left} ≤ {right}"
        if parameter not in (left / right).powers:
            self.steps.append(Step("solve", name, f"{text} does not involve {parameter}", holds=False))
            return ONE
        found, threshold = solve(left, right, parameter)
        outcome = None if found == wanted else False
        means = f"{text} means {Scaling(**{parameter: 1})} {found} {threshold}"
        self.steps.append(Step("solve", name, means, threshold, left, right, holds=outcome))
        return threshold

    def _compare(
        self,
        rule: Rule,
        name: str,
        left: Scaling,
        right: Scaling,
        up_to: tuple[str, ...],
        ratio: Scaling,
        holds: bool,
        excess: Scaling,
        slack: Scaling,
    ) -> None:
        logs = self.tilde and any(name in LOGS for name in (left / right).powers)
        ignored = [*(["logs"] if logs else []), *(f"powers of {Scaling(**{name: 1})}" for name in up_to)]
        known = [
            *([] if holds else [f"fails by {excess}"]),
            *([f"with {slack} to spare"] if slack != ONE else []),
            *(["exactly"] if holds and slack == ONE else []),
            *([f"up to {' and '.join(ignored)}"] if ignored else []),
        ]
        text = f": {left} {'≤' if rule == 'at most' else '='} {right}, {', '.join(known)}"
        self.steps.append(Step(rule, name, text, None, left, right, ratio, holds, excess, slack))


Derive = Callable[[Given], Derivation]
"""A derivation, from the premises as stated or from others."""
