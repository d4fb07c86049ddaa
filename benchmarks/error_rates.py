"""The statistics on synthetic truths: designed and realised error rates side by side, as a Markdown table.

    python benchmarks/error_rates.py > docs/error-rates.md

False alarms: initialisations that violate at exactly the rate δ that is allowed, watched after every trial. Misses: at
the rate that a number of trials is said to detect. Coverage: intervals of exponents on power laws with the finite-size
terms, logarithms and clusters of seeds that the claims show.
"""

import argparse

import numpy as np

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.judge.synthetic import GROWTHS, LAWS, RUNS, coverage, ever_refuted, judged, largest_covered
from lemmata.audit.judge.verdicts import RESOLUTION
from lemmata.claims.registry import measured_claims

ALONE = Budget().growth / 4
"""The share of one exponent in the budget of a claim that is audited alone, with four of them."""

AMONG = ALONE / len(measured_claims())
"""The same in a run of all claims."""


def main() -> None:
    """Print the three tables."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print("# Designed and realised error rates\n\nMade by `python benchmarks/error_rates.py`.\n")
    print("## False alarms at the boundary, looked at after each of 256 trials (20,000 runs)\n")
    _table(("δ = true rate", "designed α", "realised"), false_alarms())
    print("\n## Misses at the rate called detectable (20,000 runs)\n")
    _table(("trials", "α", "detectable rate at δ = 0.05", "designed β", "realised"), misses())
    print("\n## Coverage of the 95 % interval of an exponent (400 runs)\n")
    _table(("quantity", "designed", "realised"), coverages())
    print(f"\n## Growth: a true exponent, and one a step too strong ({GROWTHS} runs each)\n")
    print(
        "Designed: a true exponent is refuted in at most a share α of runs. α of a claim on its own and, in brackets,"
    )
    print("at the rate of one of all the claims' exponents. A step is 1/6 in m, 1/2 in n.\n")
    _table(
        (
            "quantity",
            f"true: refuted, α = {ALONE:.1g}",
            f"a step too strong: refuted, α = {ALONE:.1g} ({AMONG:.1g})",
            "supported",
        ),
        growths(),
    )
    print("\n## Constants: coverage of the 95 % interval for the largest of 15 quantiles (400 runs)\n")
    _table(("values", "designed", "realised"), largest())


def false_alarms() -> list[tuple[str, ...]]:
    """One row per δ and α."""
    return [
        (f"{delta:g}", f"{alpha:g}", f"{ever_refuted(delta, delta, alpha, seed=11):.4f}")
        for delta in (0.01, 0.05, 0.3)
        for alpha in (0.2, 0.05, 0.005)
    ]


def misses() -> list[tuple[str, ...]]:
    """One row per number of trials and level."""
    rows = []
    for trials in (8, 64, 256):
        for alpha, miss in ((1e-4, 1e-3), (1e-2, 0.1)):
            rate = detectable(0.05, trials, alpha, miss)
            assert rate is not None
            draws = np.random.default_rng(13).binomial(trials, rate, RUNS)
            refuted = np.array([Evidence(k, trials, alpha).refutes(0.05) for k in range(trials + 1)])[draws]
            rows.append((str(trials), f"{alpha:g}", f"{rate:.3f}", f"{miss:g}", f"{(~refuted).mean():.4f}"))
    return rows


def coverages() -> list[tuple[str, ...]]:
    """One row per synthetic law."""
    laws = {
        "3 √m": (lambda m: 3 * m**0.5, 0.5),
        "m^(1/3) (1 + 2/√m)": (lambda m: m ** (1 / 3) * (1 + 2 / np.sqrt(m)), 1 / 3),
        "m^(1/3) (1 − 2/√m)": (lambda m: m ** (1 / 3) * (1 - 2 / np.sqrt(m)), 1 / 3),
    }
    return [(name, "0.95", f"{coverage(law, exponent):.3f}") for name, (law, exponent) in laws.items()]


def growths() -> list[tuple[str, ...]]:
    """One row per synthetic law."""
    rows = []
    for law in LAWS:
        found = judged(law, (ALONE, AMONG), RESOLUTION)
        alone, among = found.refuted
        rows.append((law.name, f"{found.false_refutations:.3f}", f"{alone:.3f} ({among:.3f})", f"{found.missed:.3f}"))
    return rows


def largest() -> list[tuple[str, ...]]:
    """One row per law and number of values: medians of the configurations equal, or a tenth apart."""
    return [
        (f"{values}, {count} initialisations", "0.95", f"{largest_covered(count, spread):.3f}")
        for values, spread in (("equal", 0.0), ("a tenth apart", 0.1))
        for count in (8, 16, 64)
    ]


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
