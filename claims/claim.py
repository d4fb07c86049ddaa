"""The Claim record: a claim is data plus one short function."""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from lemmata.claims.case import Case, Recipe
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.configuration import MEASURED, Configuration
from lemmata.claims.language.derivation import Derive
from lemmata.claims.language.direction import LOWER, STRONGER, UPPER, Direction
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.letters import OF_NETWORKS, Letter
from lemmata.claims.language.plan import Coupled, Plan
from lemmata.claims.language.scaling import LOGS, ONE, Scaling
from lemmata.claims.problem import Drawn, Problem
from lemmata.model.attacks import ATTACKS, Informed, distinct
from lemmata.model.settings import SETTINGS, Setting
from lemmata.model.training import Algorithm

Kind = Literal["EXACT", "DET", "PROB", "SCALE", "RUN", "LEDGER", "DEF", "CTX"]
Bound = Literal["upper", "lower", "equality", "both"]
Judged = Literal["identity", "mean", "violations", "growth", "sides", "derivation", "nothing"]
Expected = Literal["supported", "refuted", "vacuous", "not-executable"]
Search = Literal["no ball", "exact", "ascent", "sampled"]
Ground = Literal["proof", "closed form", "computation", "out of reach"]


OUTERMOST = 0.1
"""The radius at L = 1 where it falls with the depth: the largest of the audit's own line."""

ALLOWED: dict[str, tuple[str | None, ...]] = {
    "kind": get_args(Kind),
    "bound": (*get_args(Bound), None),
    "expected": get_args(Expected),
}
"""What some of a claim's fields may be."""


@dataclass(frozen=True)
class Paper:
    """A source: its key, which is also its setting's id, and how to cite it."""

    key: str
    citation: str

    @property
    def setting(self) -> Setting:
        """The paper's network conventions.

        Raises:
            ValueError: for a paper that is none of the four.
        """
        if self.key not in SETTINGS:
            raise ValueError(f"setting must be given for {self.key!r}; only {', '.join(SETTINGS)} imply theirs")
        return SETTINGS[self.key]

    def at(self, reference: str) -> "Source":
        """A place in this paper."""
        return Source(self, reference)


@dataclass(frozen=True)
class Source:
    """A paper and the place in it: number, and which display or part."""

    paper: Paper
    reference: str


@dataclass(frozen=True)
class Measurement:
    """One side of a claim against the rest of the other.

    Attributes:
        lhs: (S, …), one value per initialisation and per member of `axes`, in the case's dtype.
        factors: what the scalings multiply, one per term of the right-hand side: a number, or a tensor with the axes of
            lhs, of which some may have length 1.
        axes: what the trailing axes of lhs run over, for naming the worst member. Layers count from 1.
    """

    lhs: Tensor
    factors: tuple[Tensor | float, ...] = (1.0,)
    axes: tuple[str, ...] = ()


class MeasurementError(TypeError):
    """A measurement that cannot be used: it says nothing about the claim, so it never refutes it.

    Attributes:
        function: whose fault it is, if not that of the claim's own.
    """

    def __init__(self, words: str, function: Callable[..., object] | None = None) -> None:
        super().__init__(words)
        self.function = function


@dataclass(frozen=True)
class Sides:
    """The two sides of an identity, each as a norm, with the norm of their difference, (S, *axes).

    Attributes:
        scale: size of the terms that the sides are sums of; where they cancel, rounding is relative to this.
    """

    left: Tensor
    right: Tensor
    gap: Tensor
    axes: tuple[str, ...] = ()
    scale: Tensor | None = None

    @classmethod
    def of(cls, left: Tensor, right: Tensor, axes: tuple[str, ...] = (), *, terms: Tensor | None = None) -> "Sides":
        """The sides (S, *axes, …), compared in Euclidean norm over what is not in `axes`.

        Args:
            left, right: the sides.
            axes: what the first axes after S run over.
            terms: sizes of the terms that each entry is a sum of, in the shape of the sides.
        """
        shape = left.shape[: 1 + len(axes)]

        def norm(x: Tensor) -> Tensor:
            return torch.linalg.vector_norm(x.reshape(*shape, -1), dim=-1)

        return cls(norm(left), norm(right), norm(left - right), axes, None if terms is None else norm(terms))


Measure = Callable[[Case], Measurement | Sides]

SIDES: tuple[Bound, ...] = ("upper", "lower")
"""What a two-sided claim consists of."""


def side_id(whole: str, side: str) -> str:
    """The id of one side of a two-sided claim: `paper/statement.upper[@reading]`."""
    statement, at, reading = whole.partition("@")
    return f"{statement}.{side}{at}{reading}"


@dataclass(frozen=True)
class Reason:
    """Why a neighbour of a claim need not be refuted.

    Attributes:
        ground: what shows that it is true, and was checked: a proof, a closed form or a computation. Or that it is out
            of reach: false or open, and no size here can tell; where one does all the same, it is refuted.
        text: the proof in short, which form or computation, or what is in the way.
    """

    ground: Ground
    text: str

    def __post_init__(self) -> None:
        if self.ground not in get_args(Ground):
            raise ValueError(f"ground={self.ground!r} must be one of {', '.join(get_args(Ground))}")
        if not self.text:
            raise ValueError(f"text={self.text!r} must say why")

    def __str__(self) -> str:
        return self.text if self.ground == "out of reach" else f"{self.ground}: {self.text}"

    @property
    def true(self) -> bool:
        """Whether it shows that the neighbour is true."""
        return self.ground != "out of reach"


@dataclass(frozen=True)
class Control:
    """A neighbour of a claim, which the suite must be able to refute unless `unrefuted` says why not.

    Attributes:
        name: unique within its claim.
        statement: what it says, in words.
        scaling: the scaling that replaces the claim's (its first term), where that is the change.
        parameter: whose exponent that moves.
        factor: by which the claim's constant is multiplied.
        measure: the measurement that replaces the claim's, where that is the change.
        algorithm: what is run in place of the paper's algorithm, where that is the change.
        domain: where it is false, if not on the claim's own domain.
        plan: where that domain is measured.
        unrefuted: why it need not be refuted; None where it must.
        of: what it changes: the statement, or the algorithm that the statement is about.
        shift: of a derivation, the premise that is multiplied and by what.
    """

    name: str
    statement: str
    scaling: Scaling | None = None
    parameter: str = ""
    factor: float = 1.0
    measure: Measure | None = None
    algorithm: Algorithm | None = None
    domain: Domain | None = None
    plan: Plan = field(default_factory=Plan)
    unrefuted: Reason | None = None
    of: Literal["statement", "algorithm"] = "statement"
    shift: tuple[str, Scaling] | None = None


TUPLES: dict[str, type] = {"terms": Scaling, "preconditions": Condition, "attacks": str, "controls": Control}
"""Fields of a claim that are several of a kind."""


TEXTS = ("id", "statement", "sentence", "quantifiers", "probability", "engine_obstacle", "erratum", "notes", "part_of")
"""Fields of a claim that are words."""


KINDS: dict[str, type] = {
    "source": Source,
    "domain": Domain,
    "plan": Plan,
    "ascends": bool,
    "resampled": bool,
    "unrefuted": Mapping,
}
"""Fields of a claim that are of one kind."""


FUNCTIONS = ("measure", "own", "derive", "certificate", "exact", "limit", "obstacle")
"""Fields of a claim that are called; some may be None."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement of a paper, executable.

    Attributes:
        id: `paper/statement`, with `@printed` for the reading on the page where that differs.
        source: paper and place.
        statement: LaTeX.
        sentence: what it says, in one plain sentence.
        kind: as in the catalogue.
        bound: direction of the inequality; both for Θ, c · rhs ≤ lhs ≤ C · rhs, whose `sides` are claims of their own;
            None for definitions and context.
        measure: the function that measures it.
        setting: network conventions; None of a problem of one's own, which has no network to ask about.
        problem: a problem of one's own, whose letters and draws it is about; None of the papers' networks.
        own: what it says of the case's own labels and slopes, where `measure` takes the worst of all: for `check`.
        derive: of kind LEDGER, the derivation that decides it, from the premises as stated or from others.
        terms: right-hand side, a sum of scalings, each times a measured factor.
        stated: the paper's constant, where it gives one; any other is audited.
        margin: of an equality E X = value, by which share of the value the mean may miss it. The measurement is then a
            `Measurement` of one unbiased draw of X per initialisation, lhs (S,), with the value on the right-hand side.
        ceiling: what the left-hand side exceeds for no network at all, as 1 for the probability of an error: where the
            right-hand side is above it, the claim says nothing.
        domain: what it says "for all" about.
        plan: what an audit varies.
        quantifiers: in words.
        probability: in words; empty for deterministic statements.
        resampled: whether that is over the sample too: every initialisation then has a sample of its own.
        attacks: names in `model.attacks.ATTACKS` that search the ball for its worst case.
        ascends: whether gradient steps may improve on them; False where they attain the supremum, where the measurement
            is flat, or where it is itself an iteration.
        exact: whether those attacks attain the supremum, at the given configuration.
        limit: the ratio's known limit at infinite width at a configuration, None where none is known.
        certificate: sound bound of the measured ratio over the whole ball, (S,), where one is known: from above, of a
            lower bound from below.
        preconditions: the conditions under which it is made, with unknown constants taken as 1.
        obstacle: why the claim says nothing about a case's data or sizes; empty where it does.
        engine_obstacle: why the claim needs stored matrices; empty where products are enough.
        erratum: key of the catalogue's erratum.
        expected: the verdict that truth demands.
        controls: false neighbours.
        unrefuted: why the next stronger exponent of a parameter (or no power of a log) need not be refuted.
        notes: what a reader of the verdict should know.
        part_of: of a side of a two-sided claim, that claim's id.
    """

    id: str
    source: Source
    statement: str
    kind: Kind
    bound: Bound | None
    measure: Measure
    setting: Setting = None  # type: ignore[assignment]  # to ask a problem for it is a defect, and fails
    problem: Problem | None = None
    sentence: str = ""
    own: Measure | None = None
    derive: Derive | None = None
    terms: tuple[Scaling, ...] = (ONE,)
    stated: float | None = None
    margin: float | None = None
    ceiling: float | None = None
    domain: Domain = field(default_factory=Domain)
    plan: Plan = field(default_factory=Plan)
    quantifiers: str = ""
    probability: str = ""
    resampled: bool = False
    attacks: tuple[str, ...] = ("stay",)
    ascends: bool = False
    exact: Callable[[Configuration], bool] = lambda _: False
    limit: Callable[[Configuration], float | None] = lambda _: None
    certificate: Callable[[Case], Tensor] | None = None
    preconditions: tuple[Condition, ...] = ()
    obstacle: Callable[[Case], str] = lambda _: ""
    engine_obstacle: str = ""
    erratum: str = ""
    expected: Expected = "supported"
    controls: tuple[Control, ...] = ()
    unrefuted: Mapping[str, Reason] = field(default_factory=dict)
    notes: str = ""
    part_of: str = ""

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {', '.join(map(str, allowed))}")
        for name in TEXTS:
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name}={getattr(self, name)!r} must be text")
        for name, kind in KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise ValueError(f"{name}={value!r} must be a {kind.__name__}")
        for name in FUNCTIONS:
            value = getattr(self, name)
            if not callable(value) and (value is not None or name in ("measure", "exact", "limit", "obstacle")):
                raise ValueError(f"{name}={value!r} must be a function")
        if not (re.fullmatch(r"[^/@\s]+/[^/@\s]+(@\w+)?", self.id) and self.id.isprintable()):
            raise ValueError(f"id={self.id!r} must look like paper/statement or paper/statement@reading")
        if self.part_of and self.id not in [side_id(self.part_of, side) for side in SIDES]:
            raise ValueError(f"part_of={self.part_of!r} must be left to two-sided claims, bound='both'")
        if self.bound == "equality" and self.stated is not None:
            raise ValueError(f"stated={self.stated!r} must be None for an identity, which has no constant")
        if self.bound == "both" and self.stated is not None:
            raise ValueError(f"stated={self.stated!r} must be None for both sides, whose constants are unknown")
        if self.margin is not None:
            self._check_margin()
        for name, kind in TUPLES.items():
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(each, kind) for each in value):
                raise ValueError(f"{name}={value!r} must be a tuple of {kind.__name__}s")
        if not all(isinstance(why, Reason) for why in self.unrefuted.values()):
            raise ValueError(f"unrefuted={dict(self.unrefuted)!r} must have Reasons, by letter")
        if not self.terms:
            raise ValueError(f"terms={self.terms!r} must be one or more Scalings")
        if self.judged not in ("derivation", "nothing"):
            self._check_measured()
        unknown = [attack for attack in self.attacks if attack not in ATTACKS]
        if unknown:
            raise ValueError(f"attacks={self.attacks!r} has {unknown[0]!r}; allowed: {', '.join(ATTACKS)}")
        elsewhere = ((control.domain, control.plan) for control in self.controls if control.domain is not None)
        try:
            for domain, plan in ((self.domain, self.plan), *elsewhere):
                domain.check()
                plan.check(domain)
        except ValueError as error:
            raise ValueError(f"{self.id}: {error}") from None

    def _check_margin(self) -> None:
        """A margin is a share below one half, with which both neighbours of a mean are false, and of no worst case.

        Raises:
            ValueError: naming the field, its value, and what is allowed.
        """
        if self.bound != "equality":
            raise ValueError(f"margin={self.margin!r} must be None for bound={self.bound!r}: it is of an equality")
        if isinstance(self.margin, bool) or not isinstance(self.margin, int | float) or not 0 < self.margin < 1 / 2:
            raise ValueError(f"margin={self.margin!r} must be a number in (0, 1/2), a share of the value")
        if self.balls:
            raise ValueError(f"margin={self.margin!r} must be None over a ball: a worst case is no draw of a mean")

    def _check_measured(self) -> None:
        """A claim that numbers decide has a direction, a constant that can be, and letters that a case has.

        Raises:
            ValueError: naming the field, its value, and what is allowed.
        """
        if self.bound is None:
            raise ValueError(f"bound={self.bound!r} must be upper, lower, equality or both, as it is measured")
        if self.stated is not None and not _is_number(self.stated):
            raise ValueError(f"stated={self.stated!r} must be a positive number")
        if self.ceiling is not None and not (self.bound == "upper" and _is_number(self.ceiling)):
            raise ValueError(f"ceiling={self.ceiling!r} must be a positive number, of an upper bound")
        given = {condition.letter for condition in self.preconditions if condition.relation != ">="}
        asked = [("terms", term.letters) for term in self.terms]
        asked += [("preconditions", condition.letters | {condition.letter}) for condition in self.preconditions]
        for name, letters in asked:
            unknown = sorted(letters - {*self.numbers, *(given if name == "preconditions" else ())})
            if unknown:
                raise ValueError(f"{name} speak of {unknown[0]!r}; allowed: {', '.join(self.numbers)}")

    def __str__(self) -> str:
        return self.id

    @property
    def letters(self) -> Mapping[str, Letter]:
        """What exponents are measured in, and how growth in each is judged."""
        return OF_NETWORKS if self.problem is None else self.problem.letters

    @property
    def numbers(self) -> tuple[str, ...]:
        """Letters of which every case has a value, so that a bound or a condition may speak of them."""
        return MEASURED if self.problem is None else self.problem.numbers

    @property
    def plain_id(self) -> str:
        """The id without its reading."""
        return self.id.partition("@")[0]

    @property
    def title(self) -> str:
        """Its conclusion in a few words, the name of what measures or derives it; of context, its place."""
        if self.judged == "nothing":
            return self.source.reference
        words = getattr(self.derive or self.measure, "__name__", "").strip("_<>").replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def reading(self) -> str:
        """ "meant", or "printed"."""
        return self.id.partition("@")[2] or "meant"

    @property
    def measured(self) -> bool:
        """Whether numbers of its own decide the claim, and not its sides', exponents, or nothing."""
        return self.judged not in ("sides", "derivation", "nothing")

    @cached_property
    def sides(self) -> tuple["Claim", ...]:
        """What is measured and judged for it: of a two-sided claim its upper and its lower bound, else itself.

        Controls of its own stay with the whole, as one that is false breaks some side; a certificate bounds from above.
        """
        if self.bound != "both":
            return (self,)
        upper, lower = (
            replace(self, id=side_id(self.id, side), bound=side, part_of=self.id, controls=()) for side in SIDES
        )
        return upper, replace(lower, certificate=None)

    @property
    def judged(self) -> Judged:
        """How its verdict comes about; audit, controls, grid and tests go by this and by `rate`, and by nothing else.

        identity: the two sides agree to rounding, always. mean: over initialisations it is the value up to the margin.
        violations: of a stated constant, counted against `rate`. growth: some constant will do, so only a ratio that
        outgrows every constant refutes. sides: two-sided, each of the `sides` is judged by growth. derivation: exponent
        arithmetic. nothing: no computation decides it.
        """
        if self.derive is not None:
            return "derivation"
        if self.kind == "CTX":
            return "nothing"
        if self.bound == "both":
            return "sides"
        if self.bound == "equality":
            return "identity" if self.margin is None else "mean"
        return "growth" if self.stated is None else "violations"

    def rate(self, configuration: Configuration) -> float:
        """The share of initialisations that may violate it: the configuration's δ, 0 if nothing is left to chance."""
        return configuration.delta if self.probability else 0.0

    def speaks_of(self, configuration: Configuration) -> bool:
        """Whether the statement says something there: there is a network, in its domain and its exact conditions."""
        if self.problem is not None:
            return self.problem.has(configuration)
        known = {name: getattr(configuration, name) for name in MEASURED}
        parameters = {name: value for name, value in known.items() if value is not None}
        exact = (condition for condition in self.preconditions if condition.exact)
        inside = self.setting.has_width(configuration.m) and self.domain.contains(configuration)
        return inside and all(condition.holds(parameters) for condition in exact)

    @property
    def direction(self) -> Direction:
        """Which ratios are worse; of an identity, which residuals."""
        return LOWER if self.bound == "lower" else UPPER

    @property
    def moved(self) -> dict[str, Fraction]:
        """By how much its neighbours move which exponents of the first term, that of a width that varies included.

        What is stronger than a false reading is false for no new reason: no exponent of one moves. A logarithm is
        dropped, where the bound is weaker for it.
        """
        if self.judged != "growth" or self.expected == "refuted":
            return {}
        powers, sign = self.terms[0].powers, self.direction.sign
        if self.problem is not None:
            steps = {name: sign * size.stronger for name, size in self.problem.sizes.items() if size.powers}
        else:
            names = [*powers, *(["m"] if "m" not in powers and (not self.plan.lines or "m" in self.plan.lines) else [])]
            steps = {name: sign * STRONGER[name] for name in STRONGER if name in names}
        logs = [name for name in dict.fromkeys((*LOGS, *powers)) if name in LOGS]
        return steps | {name: -powers[name] for name in logs if sign * powers.get(name, 0) > 0}

    @property
    def balls(self) -> bool:
        """Whether the claim quantifies over a ball."""
        return self.domain.tau is not None if self.problem is None else bool(self.problem.ball)

    @property
    def starts(self) -> tuple[str, ...]:
        """What searches its ball, by name: its attacks; of a problem of one's own what that begins with."""
        return self.attacks if self.problem is None else self.problem.starts

    @property
    def known_starts(self) -> Collection[str]:
        """What a recipe may begin with, on networks whichever attack there is."""
        return ATTACKS if self.problem is None else self.problem.starts

    @property
    def start(self) -> dict[str, Any]:
        """What is set where an audit starts from: what the statement fixes, the first of its values, the plan's own."""
        return {**self.domain.first, **self.plan.start}

    def coupled(self, name: str) -> dict[str, Coupled]:
        """What moves along the line of a parameter: as the plan says, or as the conditions ask along the audit's own.

        The radius falls with the depth as the steepest of the conditions on it does: at a fixed one a statement for
        τ ≤ L^(−6) says nothing from some depth on. Not so where the statement begins at two hidden layers: at such
        radii hardly a unit flips in networks that fit.
        """
        if self.problem is not None:
            return {}
        deep = self.setting.hidden_layers(self.domain.drawn("L")[0]) > 1
        if self.plan.lines or name != "L" or not self.balls or deep:
            return self.plan.coupled(name)
        limits = [
            condition for condition in self.preconditions if (condition.letter, condition.relation) == ("tau", "<=")
        ]
        steepest = min((bound.powers.get("L", Fraction()) for c in limits for bound in c.bounds), default=Fraction())
        return {"tau": Coupled(OUTERMOST, Scaling(L=steepest))} if steepest < 0 else {}

    def recipes(self, case: Case | Drawn) -> list[Recipe]:
        """Every attack of the claim, aimed at every layer, example and output that it distinguishes."""
        if isinstance(case, Drawn):
            return case.recipes()
        return self.aims(case.hidden, case.n, int(case.parameters["k"]))

    def aims(self, hidden: int, examples: int, outputs: int) -> list[Recipe]:
        """The same for a network of these sizes."""
        return [
            Recipe(attack, layer, example, output)
            for attack in distinct(self.attacks, hidden, examples)
            for layer in ATTACKS[attack].layers(hidden)
            for example in ATTACKS[attack].examples(examples)
            for output in ATTACKS[attack].outputs(outputs)
        ]

    def search(self, configuration: Configuration) -> Search:
        """How the worst case over the ball is searched at a configuration."""
        if not self.balls:
            return "no ball"
        if self.exact(configuration):
            return "exact"
        if self.problem is not None:
            return "ascent" if self.problem.steps and self.judged != "identity" else "sampled"
        guided = any(ATTACKS[attack].informed >= Informed.GRADIENT for attack in self.attacks)
        return "ascent" if guided else "sampled"
