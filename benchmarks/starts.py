"""What further starts of the placement on kinks find: the best of so many over the first, Lemma 5.2 (a).

python benchmarks/starts.py [--starts 4] [--initialisations 8]
"""

import argparse

import torch

from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe, draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.search import found_by

CLAIM = "cao-gu-2020/lemma-5.2a"

PLACES = ((2, 256, 0.1), (3, 64, 0.1), (3, 256, 0.1), (4, 64, 0.03), (4, 256, 0.03))
"""Hidden layers, width and radius: balls that hold from ten to a hundred kinks."""


def gains(depth: int, width: int, tau: float, starts: int, initialisations: int) -> torch.Tensor:
    """Ratio with so many starts over that with one, of the sign that finds more, (initialisations,)."""
    claim = REGISTRY[CLAIM]
    case = draw(claim.setting, Configuration(m=width, L=depth, n=1, tau=tau), 0, initialisations)
    once, several = (
        torch.stack(
            [
                found_by(claim, case, Recipe(attack, layer=depth, ascent=further)).ratio
                for attack in ("place-on-kinks-deep", "place-on-lowering-kinks-deep")
            ]
        ).amax(0)
        for further in (0, starts - 1)
    )
    return several / once


def main() -> None:
    """Print a table, a row per place as it ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--initialisations", type=int, default=8)
    options = parser.parse_args()
    print("| L | m | τ | mean | largest |\n| --- | --- | --- | --- | --- |")
    for depth, width, tau in PLACES:
        found = gains(depth, width, tau, options.starts, options.initialisations)
        print(f"| {depth} | {width} | {tau:g} | {found.mean():.2f} | {found.max():.2f} |", flush=True)


if __name__ == "__main__":
    main()
