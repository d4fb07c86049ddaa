"""What each search of the ball reaches, beside certificates and limits: the tables of `docs/adversaries.md`.

    python benchmarks/adversaries.py [--depths 1,2,3,4] [--radii 0.01,0.1] [--width 256] > docs/adversaries.md

Per claim over a ball and configuration, the mean over initialisations of the ratio that each search reaches, with one
example: a random point; gradient ascent from it; each structured attack at its best aim; all attacks and ascents as an
audit has them; then the certificate, what the same recursion gives with products of spectral norms in place of norms of
masked products, and the limit at infinite width. A second table says at which share of the initialisations each attack
was best, a third how near attack and certificate are at each depth.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lemmata.claims import select
from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.case import Case, Recipe, draw
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.search import found_by, supremum
from lemmata.model.reach import Reach

STEPS = 20
"""Of an ascent."""


class Plain(Reach):
    """The same bounds with ∏ ‖W_r‖_2 in place of norms of masked products."""

    def _together(self, marks: list[Tensor], low: int, below: Tensor, *, robust: bool = True) -> Tensor:
        product, parts = below.amax(-1), [marks[0].amax(-1)]
        for layer, mark in enumerate(marks[1:], low):
            matrix = self.trace.network.matrices[layer].materialise()
            product = product * torch.linalg.matrix_norm(matrix, 2)[:, None]
            parts.append(product * mark.amax(-1))
        return torch.linalg.vector_norm(torch.stack(parts), dim=0)


@contextmanager
def plainly() -> Iterator[None]:
    """Certificates of cao-gu-2020 and the slides by products of spectral norms."""
    own = certificates.reach
    certificates.reach = lambda case: Plain(case.at_initial, case.tau)
    try:
        yield
    finally:
        certificates.reach = own


@dataclass
class Row:
    """One claim and configuration: means over the initialisations, NaN where there is none."""

    name: str
    depth: int
    tau: float
    random: float
    climbed: float
    structured: dict[str, float]
    everything: float
    certificate: float
    plain: float
    limit: float | None
    best: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Attack over certificate."""
        return self.everything / self.certificate


def measured(claim: Claim, configuration: Configuration, initialisations: int) -> Row:
    """One row."""
    case = draw(claim.setting, configuration, 0, initialisations)
    sign = claim.direction.sign

    def best(recipes: Sequence[Recipe]) -> Tensor:
        found = torch.stack([sign * found_by(claim, case, recipe).ratio for recipe in recipes])
        return sign * found.nan_to_num(-torch.inf, torch.inf, -torch.inf).amax(0)

    random = Recipe("random", case.hidden)
    recipes = [recipe for recipe in claim.recipes(case) if recipe.attack != "random"]
    structured = {
        name: _mean(best([recipe for recipe in recipes if recipe.attack == name]))
        for name in dict.fromkeys(recipe.attack for recipe in recipes)
    }
    everything = supremum(claim, case, ascent=STEPS)
    climbed = best([Recipe("random", case.hidden, ascent=STEPS)]) if claim.ascends else torch.full((1,), torch.nan)
    return Row(
        claim.id.partition("/")[2],
        configuration.L,
        configuration.tau,
        float(best([random]).mean()),
        float(climbed.mean()),
        structured,
        float(everything.ratio.mean()),
        certified(claim, case),
        plain(claim, case),
        claim.limit(configuration),
        [recipe.attack + (" + ascent" if recipe.ascent else "") for recipe in everything.recipes],
    )


def _mean(ratios: Tensor) -> float:
    """Over the initialisations at which an attack leads somewhere; NaN if there are none."""
    return float(ratios[ratios.isfinite()].mean())


def certified(claim: Claim, case: Case) -> float:
    """The mean certificate."""
    return torch.nan if claim.certificate is None else float(claim.certificate(case).mean())


def plain(claim: Claim, case: Case) -> float:
    """The same of plain products, for the claims whose certificate is one of the recursion's."""
    if claim.setting.ball != "frobenius":
        return torch.nan
    with plainly():
        return certified(claim, case)


def tables(rows: Sequence[Row]) -> str:
    """All three, in Markdown."""
    parts = [
        markdown(
            [
                "claim",
                "L",
                "τ",
                "random",
                "ascent from it",
                "structured",
                "all",
                "certificate",
                "plain products",
                "limit",
            ],
            [
                [row.name, str(row.depth), f"{row.tau:g}", *map(cell, (row.random, row.climbed)), listed(row)]
                + [cell(value) for value in (row.everything, row.certificate, row.plain, row.limit)]
                for row in rows
            ],
        )
    ]
    won = Counter(name for row in rows for name in row.best)
    parts.append(
        "## Which attack was best\n\nAt how many of the initialisations above.\n\n"
        + markdown(["attack", "share"], [[name, f"{count / won.total():.1%}"] for name, count in won.most_common()])
    )
    depths = sorted({row.depth for row in rows})
    by_claim: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row.certificate == row.certificate and row.certificate > 0:
            by_claim.setdefault(row.name, {}).setdefault(row.depth, []).append(row.share)
    spans = [
        [name, *(" to ".join(dict.fromkeys((cell(min(x)), cell(max(x))))) if (x := at.get(L)) else "" for L in depths)]
        for name, at in by_claim.items()
    ]
    parts.append(
        "## Attack over certificate\n\nOver the radii above, least and largest; above 1 for lower bounds, and none "
        "where their certificate is 0.\n\n" + markdown(["claim", *(f"L = {L}" for L in depths)], spans)
    )
    parts.append(WHERE_IT_STOPS)
    return "\n\n".join(parts)


def listed(row: Row) -> str:
    """The value of each structured attack that leads somewhere, the best first."""
    led = {name: value for name, value in row.structured.items() if value == value}
    ordered = sorted(led.items(), key=lambda pair: abs(pair[1] - row.everything))
    return ", ".join(f"{name} {cell(value)}" for name, value in ordered)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(value: float | None) -> str:
    """A number, nothing for none."""
    return "" if value is None or value != value else f"{value:.3g}"


HEAD = """# What each search of the ball reaches

Made by `python benchmarks/adversaries.py {arguments}`:
one example in five dimensions, m = {width}, means over {initialisations} initialisations of lhs / rhs with unit
constants. *Ascent* is twenty projected gradient steps; it is empty where the measurement is flat, an iteration, or
attained exactly. *Structured* is every attack of the claim at its best aim; *all* is the worst of them per
initialisation, with ascent, as an audit searches. The *certificate* bounds the ratio over the whole ball, from above or
for lower bounds from below; *plain products* is the same bound with products of spectral norms in place of norms of
masked products. Where every search finds 0 there is no row.
"""


WHERE_IT_STOPS = """## Where the certificates stop, and why

What lies between the best attack and the certificate, for Lemma 5.2 and what shares its recursion, at τ = 0.001 from
about the largest part down:

- *The signals that drift.* A unit of a lower layer counts by the g of W̃, which flips above it have changed. Each
  unit's g is bounded by itself, by flips of the right sign that the budget of the layer above pays for; but the same
  budget must put that layer's own units on their kinks, and the bound lets it do both. In the pairs found g hardly
  grows.
- *The sum over the crossed units.* Σ w_j |dz_j| of the units in reach is at most √Σ w_j² times the norm of their rows:
  the semidefinite relaxation of a choice of signs. With a dozen units it is a tenth or less above the best signs.
- *Part of a unit.* The budget buys the last unit in part, though a short step crosses whole ones only: with four to
  eight units crossed, up to a tenth. It cannot be rounded down, as in a long step a unit's share may be a fraction.
- *Sums of balls.* Each layer has a change of its own, and a layer's units move by the sum of what all changes below do.
  That is attained for one layer at a time; for all together there is one budget more, in the norm of all rows.
- *Unknown patterns.* A unit that may flip between two layers is in D by a half ± a half. A multiplier per layer bounds
  this for all patterns at once, to a few per cent where such units are few, far below the norms added.

At τ = 0.03 half of a layer's units may flip, and nearly all at four layers: almost nothing of D is known, products are
bounded for patterns that no W in the ball has, and what is so bounded is met again in every layer. A bound that
knows which patterns occur together would have to search them.

In Zou and Gu's Lemma 4.4 all layers step at once, and the certificate adds the layers' rates, which units of the last
layer alone attain. For Lemma 5.2 (b), (B.2) and almost-convexity only the sign that the label counts is certified,
for Lemma 4.4 where a residual keeps its sign."""


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--radii", default="0.01,0.1")
    parser.add_argument("--depths", default="1,2,3,4")
    parser.add_argument("--initialisations", type=int, default=3)
    parser.add_argument("claims", nargs="*", default=["*"])
    options = parser.parse_args()
    depths, radii = [int(x) for x in options.depths.split(",")], [float(x) for x in options.radii.split(",")]
    rows = []
    for claim in select(tuple(options.claims)):
        if claim.problem is not None or not claim.balls or claim.kind != "SCALE" or claim.reading != "meant":
            continue
        if claim.judged != "growth" or len(claim.attacks) < 2:
            continue
        for L in depths:
            for tau in radii:
                c = Configuration(**{**claim.start, "m": options.width, "L": L, "n": 1, "tau": tau})
                here = claim.setting.hidden_layers(L) > 0 and claim.domain.contains(c)
                here = here and not claim.obstacle(draw(claim.setting, c, 0, 1))
                if here:
                    row = measured(claim, c, options.initialisations)
                    rows += [row] if row.everything else []
                    print(claim.id, c.token(), file=sys.stderr, flush=True)
    words = {"arguments": " ".join(sys.argv[1:]), "width": options.width, "initialisations": options.initialisations}
    print(HEAD.format(**words) + "\n" + tables(rows))


if __name__ == "__main__":
    main()
