"""How often lemmas that are true are refuted, and lemmas that are false are not, as a Markdown table.

    python benchmarks/known_answers.py --seeds 50 > docs/known-answers.md

Six true lemmas of different kinds (`known_lemmas.py`) are audited with seeds of their own; on the same measurements
each exponent that varies is then claimed stronger by one step, which makes the lemma false.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.sweep import run
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import jobs
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import load_claims
from lemmata.claims.language.letters import OF_NETWORKS
from lemmata.claims.registry import measured_claims, select

STEPS = {"m": "1/6", "tau": "1/6", "L": "1/2", "n": "1/2"}
"""By how much a false version's exponent is off: the papers' spacing."""


def main() -> None:
    """Audit, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    load_claims(str(Path(__file__).with_name("known_lemmas.py")))
    print("# Lemmas with known answers\n\nMade by `python benchmarks/known_answers.py`: audits of")
    print(
        f"`benchmarks/known_lemmas.py` with seeds {options.first} to {options.first + options.seeds - 1}, at the error"
    )
    print("budget of a run over all claims.\n")
    print("| lemma | version | refuted | supported | inconclusive |\n| --- | --- | --- | --- | --- |")
    for claim in select(("known/*",)):
        counted: dict[str, Counter[str]] = {}
        for seed in range(options.first, options.first + options.seeds):
            for version, verdict in verdicts(claim, seed).items():
                counted.setdefault(version, Counter())[verdict] += 1
        for version, found in counted.items():
            shown = " | ".join(str(found[verdict]) for verdict in ("refuted", "supported", "inconclusive"))
            print(f"| {claim.id.partition('/')[2]} | {version} | {shown} |", flush=True)


def verdicts(claim: Claim, seed: int) -> dict[str, str]:
    """Of the true lemma, and of each that claims one exponent more strongly."""
    budget = Budget().shared(len(measured_claims()))
    trials = [run(job) for job in jobs([claim], lambda claim: points(claim, Sizes()), seed=seed)]
    found = {"true": judge(claim, trials, budget).verdict}
    for name in claim.plan.lines:
        step = STEPS[name] if OF_NETWORKS[name].toward_zero else f"-{STEPS[name]}"
        moved = replace(claim, terms=(claim.terms[0].shifted(name, step), *claim.terms[1:]))
        found[f"{name} off by {STEPS[name]}"] = judge(moved, trials, budget).verdict
    return found


if __name__ == "__main__":
    main()
