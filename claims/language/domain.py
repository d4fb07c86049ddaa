"""What a statement says "for all" about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What the statement says "for all" about, as ranges of valid sizes; the hardest end comes first.

    Attributes:
        width: smallest and largest m that generated cases use.
        depth: of L, as the paper counts it.
        samples: of n.
        radius: of τ; None for a statement that has no ball.
        fixed: fields of every `Configuration` that the statement is measured at, for instance its data. Of m, L, n and
            τ, which have ranges, where an audit starts from; generated cases draw these from the ranges.
        lines: per field of `Configuration`, the values that an audit varies it over, the others staying; empty leaves
            the audit's own lines. Generated cases draw from the values too, except m, L, n and τ, which have ranges.
        along: per line, what else is fixed along it, where it needs other sizes than the rest; it is then for the audit
            alone.
        examples: the most cases that a generated test draws, for statements that need a whole training run.
        initialisations: per configuration of an audit, where its own number does not resolve the exponents.
    """

    width: tuple[int, int] = (32, 256)
    depth: tuple[int, int] = (1, 4)
    samples: tuple[int, int] = (1, 6)
    radius: tuple[float, float] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    along: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    examples: int | None = None
    initialisations: int | None = None

    def describe(self) -> dict[str, Any]:
        """Ranges by name, for JSON."""
        return {
            "m": list(self.width),
            "L": list(self.depth),
            "n": list(self.samples),
            "tau": None if self.radius is None else list(self.radius),
            **{name: value for name, value in self.fixed.items() if name not in ("m", "L", "n", "tau")},
        }
