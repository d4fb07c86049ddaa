"""Random against informed searches of the ball, beside certificates and known limits: a Markdown table.

    python benchmarks/adversaries.py [--widths 256,512,1024] [--radii 0.01,0.03] [--depths 1,2,4] > docs/adversaries.md

Per claim over a ball and configuration, the mean over initialisations of the ratio that each search reaches:
random points; gradient ascent from a random point; the closed-form and structured attacks; ascent from the best
of those; then the certificate (a sound upper bound, where one is known) and the infinite-width limit.
"""

import argparse
import itertools
import sys

import torch

from lemmata.claims import select
from lemmata.claims.case import Recipe, draw
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.search import found_by, supremum
from lemmata.model.attacks import ATTACKS

STEPS = 10


def row(claim: Claim, configuration: Configuration, initialisations: int) -> list[str]:
    """One line of the table."""
    case = draw(claim.setting, configuration, 0, initialisations)

    def mean(recipe: Recipe) -> float:
        return float(found_by(claim, case, recipe).ratio.nan_to_num(0.0).mean())

    random = Recipe("random", case.hidden)
    structured = supremum(claim, case)
    best = max(set(structured.recipes), key=structured.recipes.count)
    polished = structured.ratio
    if claim.ascends and ATTACKS[best.attack].ascends:
        climbed = found_by(claim, case, Recipe(best.attack, best.layer, best.example, best.output, STEPS)).ratio
        polished = torch.maximum(polished, climbed)
    ascended = mean(Recipe("random", case.hidden, ascent=STEPS)) if claim.ascends else None
    certificate = None if claim.certificate is None else float(claim.certificate(case).mean())
    numbers = (
        mean(random),
        ascended,
        float(structured.ratio.mean()),
        float(polished.mean()),
        certificate,
        claim.limit(configuration),
    )
    c = configuration
    name = claim.id.partition("/")[2]
    return [name, str(c.m), str(c.L), f"{c.tau:g}", *map(_cell, numbers), best.attack]


def _cell(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"


def main() -> None:
    """Print the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", default="256,512,1024")
    parser.add_argument("--radii", default="0.01,0.03")
    parser.add_argument("--depths", default="1,2,4")
    parser.add_argument("--samples", type=int, default=1, help="examples n, in 20 dimensions when there are several")
    parser.add_argument("--initialisations", type=int, default=4)
    parser.add_argument("claims", nargs="*", default=["*"])
    options = parser.parse_args()
    columns = ["claim", "m", "L", "τ", "random", "ascent from random", "structured", "structured + ascent"]
    columns += ["certificate", "limit", "best attack"]
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    chosen = [claim for claim in select(tuple(options.claims)) if claim.balls and claim.kind == "SCALE"]
    widths, depths = ([int(x) for x in text.split(",")] for text in (options.widths, options.depths))
    radii = [float(x) for x in options.radii.split(",")]
    for claim, m, L, tau in itertools.product(chosen, widths, depths, radii):
        n = options.samples
        line = row(claim, Configuration(m=m, L=L, n=n, tau=tau, d=5 if n == 1 else 20), options.initialisations)
        print("| " + " | ".join(line) + " |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
