"""An independent search of the ball against the suite's: where it finds a worse point, and by how much.

    python benchmarks/independent.py [--places 100] [--out FILE.jsonl]

At random places (a claim, sizes with m ≤ 64, a seed) Adam moves every entry of W̃ and Ŵ along the gradient of the
claim's own measurement, patterns taken as sigmoids that sharpen, from restarts of several kinds, short steps and long;
from the best, single units of random layers are sent to either side of their kinks, one after another, wherever that is
worse. It shares the measurement with the suite and no part of its search.

The suite's search is that of `lemmata search`, with its patience or `--patience`. What the other finds at a place is
added to the file and not searched for again; the suite is measured each time, so that the same file shows what a better
attack gains. At the end the table of `docs/adversaries.md` is printed.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lemmata.audit.measure.around import PATIENCE, last_of
from lemmata.claims import select
from lemmata.claims.case import Case, draw
from lemmata.claims.claim import Claim, Measurement
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import measured, right_hand_side
from lemmata.claims.measuring.search import patiently
from lemmata.model.attacks import Pair
from lemmata.model.changes import DenseChange
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.network import assemble

RESTARTS, STEPS, RATE = 24, 150, 0.1
"""Restarts of Adam side by side, steps of each, and the first step's length over the radius."""

SHORT = 1e-4
"""Length of a short step over the radius."""

FLIPS, AMOUNTS = 200, (-2.0, -1.05, -0.999, 1.0)
"""Units that are tried one after another, and how far their pre-activations move, over themselves."""

BEATEN = 1.02
"""Beyond this factor the suite is beaten."""


@dataclass
class Points:
    """R pairs of the same ball: W̃ − W⁽⁰⁾ and Ŵ − W̃ of every layer, (R, out, in)."""

    tilde: list[Tensor]
    step: list[Tensor]

    def at(self, rows: Tensor) -> "Points":
        """Some of them."""
        return Points([x[rows] for x in self.tilde], [x[rows] for x in self.step])


def copies(case: Case, count: int) -> Case:
    """The one initialisation of a case, as often."""
    matrices = [DenseMatrix(matrix.materialise().expand(count, -1, -1)) for matrix in case.initial.matrices]
    network = assemble(case.setting, matrices, case.initial.like.expand(count))
    return Case(
        network,
        case.data,
        tau=case.tau,
        delta=case.delta,
        draws=case.draws,
        numbers=[0] * count,
        configuration=case.configuration,
    )


def ratios(claim: Claim, case: Case, points: Points, smoothing: float = 0.0) -> Tensor:
    """Every member's ratio, larger is worse, (R, ·)."""
    pair = Pair(*(tuple(DenseChange(x) for x in part) for part in (points.tilde, points.step)))
    here = case.smoothed(smoothing).at_pair(pair) if smoothing else case.at_pair(pair)
    found = measured(claim, here)
    assert isinstance(found, Measurement)
    rhs = right_hand_side(claim, here, found)
    ratio = claim.direction.sign * found.lhs / torch.where(rhs > 0, rhs, 1.0)
    return torch.where(rhs > 0, ratio, -torch.inf).reshape(len(ratio), -1)


def projected(case: Case, change: Tensor) -> Tensor:
    """The nearest change in the ball."""
    if case.setting.ball == "frobenius":
        size = torch.linalg.matrix_norm(change)[:, None, None]
        return change * (case.tau / size.clamp_min(case.tau))
    u, values, v = torch.linalg.svd(change, full_matrices=False)
    return u * values.clamp_max(case.tau)[:, None] @ v


def inside(case: Case, points: Points, short: Tensor) -> Points:
    """Both points in the ball, short steps as short as they were."""
    tilde = [projected(case, x) for x in points.tilde]
    step = []
    for x, dx in zip(tilde, points.step, strict=True):
        size = torch.linalg.matrix_norm(dx)[:, None, None].clamp_min(1e-300)
        brief = dx * (SHORT * case.tau / size)
        long = projected(case, x + dx) - x
        step.append(torch.where(short[:, None, None], brief, long))
    tilde = [torch.where(short[:, None, None], x * (1 - 2 * SHORT), x) for x in tilde]
    return Points(tilde, step)


def climbed(claim: Claim, case: Case, rng: torch.Generator) -> tuple[Points, Tensor]:
    """The best point that Adam meets at each restart, and its ratio."""
    count = case.initial.initialisations
    shapes = [matrix.shape for matrix in case.initial.matrices[: case.initial.trained]]
    like = case.initial.like

    def noise(size: Tensor) -> list[Tensor]:
        parts = [torch.randn((count, *shape), generator=rng, dtype=like.dtype) for shape in shapes]
        return [x / torch.linalg.matrix_norm(x)[:, None, None] * size[:, None, None] for x in parts]

    kind = torch.arange(count) % 4
    short = kind % 2 == 1
    start = torch.where(kind < 2, 0.02, 0.8) * case.tau
    points = inside(case, Points(noise(start), noise(torch.where(short, SHORT, 0.3) * case.tau)), short)
    best, most = points, torch.full_like(like, -torch.inf)
    moments = [[torch.zeros_like(x), torch.zeros_like(x)] for part in (points.tilde, points.step) for x in part]
    for turn in range(STEPS + 1):
        share = turn / STEPS
        with torch.no_grad():
            value = ratios(claim, case, points).amax(-1).nan_to_num(-torch.inf, -torch.inf, -torch.inf)
        better = (value > most)[:, None, None]
        best = Points(
            *(
                [torch.where(better, new, old) for new, old in zip(a, b, strict=True)]
                for a, b in ((points.tilde, best.tilde), (points.step, best.step))
            )
        )
        most = torch.maximum(value, most)
        if turn == STEPS:
            break
        leaves = Points(*([x.clone().requires_grad_() for x in part] for part in (points.tilde, points.step)))
        members = ratios(claim, case, leaves, 1.0 * 0.01**share)
        finite = members.isfinite()
        values = torch.where(finite, members, 0.0)
        weights = torch.where(finite, values.detach() / values.detach().abs().amax().clamp_min(1e-300) * 30, -torch.inf)
        objective = (weights.softmax(-1).nan_to_num() * values).sum()
        flat = [*leaves.tilde, *leaves.step]
        if not objective.requires_grad:
            break
        slopes = torch.autograd.grad(objective, flat, allow_unused=True)
        moved = []
        for x, slope, (first, second) in zip(flat, slopes, moments, strict=True):
            g = torch.zeros_like(x) if slope is None else slope.nan_to_num(0.0, 0.0, 0.0)
            g = g / torch.linalg.matrix_norm(g)[:, None, None].clamp_min(1e-300)
            first.mul_(0.8).add_(g, alpha=0.2)
            second.mul_(0.95).add_(torch.linalg.matrix_norm(g)[:, None, None].square(), alpha=0.05)
            moved.append((x + RATE * 0.02**share * case.tau * first * 5 / second.sqrt().clamp_min(0.2)).detach())
        half = len(points.tilde)
        # A short step only turns: it moves by shares of its own length.
        for at in range(half):
            old, new = points.step[at], moved[half + at]
            moved[half + at] = torch.where(short[:, None, None], old + (new - old) * SHORT, new)
        points = inside(case, Points(moved[:half], moved[half:]), short)
    return best, most


def flipped(claim: Claim, case: Case, point: Points, most: float, rng: np.random.Generator) -> float:
    """The ratio after single units were moved across their kinks, or onto them, wherever that is worse."""
    count = len(AMOUNTS) * 2
    several, hidden = copies(case, count), case.hidden
    short = torch.full((count,), all(float(torch.linalg.matrix_norm(x)[0]) <= SHORT * 2 * case.tau for x in point.step))
    for _ in range(FLIPS):
        layer, example = int(rng.integers(hidden)), int(rng.integers(len(case.inputs)))
        network = case.initial.moved(tuple(DenseChange(x) for x in point.tilde))
        x = case.inputs[None]
        for below in range(layer):
            x = network.apply(below, x).relu()
        z = network.apply(layer, x)[0, example]
        unit = int(rng.choice(z.abs().argsort()[: max(4, len(z) // 3)].numpy()))
        row = x[0, example] / x[0, example].square().sum().clamp_min(1e-300)
        trial = Points(
            [t.expand(count, -1, -1).clone() for t in point.tilde],
            [s.expand(count, -1, -1).clone() for s in point.step],
        )
        for at, amount in enumerate(AMOUNTS):
            trial.tilde[layer][at, unit] += amount * z[unit] * row
            trial.tilde[layer][len(AMOUNTS) + at, unit] += amount * z[unit] * row
            trial.step[layer][len(AMOUNTS) + at, unit] -= amount * z[unit] * row
        trial = inside(case, trial, short)
        values = ratios(claim, several, trial).amax(-1).nan_to_num(-torch.inf, -torch.inf, -torch.inf)
        if float(values.max()) > most:
            most = float(values.max())
            point = trial.at(values.argmax()[None])
    return most


def place(claims: Sequence[Claim], number: int) -> tuple[Claim, Configuration]:
    """The claim and the sizes of a place."""
    rng = np.random.default_rng([17, number])
    claim = claims[number % len(claims)]
    L = int(rng.integers(1, 4)) + (claim.setting.hidden_layers(1) == 0)
    n = int(rng.choice([1, 2, 4]))
    chosen = {"m": int(rng.choice([16, 32, 64])), "L": L, "n": n, "tau": float(rng.choice([0.01, 0.03, 0.1, 0.3]))}
    for name, value in chosen.items():
        low, high = claim.domain.ends(name) if name != "tau" else (0.0, 1.0)
        chosen[name] = type(value)(min(max(value, low), high))
    fixed = {name: value for name, value in claim.start.items() if name not in (*chosen, "d")}
    return claim, replace(Configuration(**fixed), d=int(rng.choice([4, 10, 20])), **chosen)


def searched(claim: Claim, case: Case, number: int) -> float:
    """The worst ratio that the independent search finds; NaN where none is defined."""
    points, values = climbed(claim, copies(case, RESTARTS), torch.Generator().manual_seed(number))
    at = int(values.argmax())
    most = float(values[at])
    if most == -torch.inf:
        return float("nan")
    best = points.at(torch.tensor([at]))
    return claim.direction.sign * flipped(claim, case, best, most, np.random.default_rng(number))


def table(rows: Sequence[tuple[Claim, Configuration, float, float]]) -> str:
    """Per claim: at how many places the independent search is worse by more than 2 %, and by how much.

    Args:
        rows: claim, sizes, what the suite reaches and what the independent search does.
    """
    lines = ["| claim | places | beaten by > 2 % | largest factor | median factor | at |", "|" + " --- |" * 6]
    found: dict[str, list[tuple[float, str]]] = {}
    for claim, configuration, suite, other in rows:
        factor = (other / suite) ** claim.direction.sign if suite and other else 1.0
        found.setdefault(claim.id, []).append((factor, configuration.token()))
    for id, factors in found.items():
        beaten = sum(factor > BEATEN for factor, _ in factors)
        largest, where = max(factors)
        middle = float(np.median([factor for factor, _ in factors]))
        name = id.partition("/")[2]
        lines.append(f"| {name} | {len(factors)} | {beaten} | {largest:.3g} | {middle:.3g} | {where} |")
    every = [factor for factors in found.values() for factor, _ in factors]
    lines.append(
        f"| all | {len(every)} | {sum(f > BEATEN for f in every)} | {max(every):.3g} | {np.median(every):.3g} | |"
    )
    return "\n".join(lines)


def main() -> None:
    """Do the places that the file lacks, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--places", type=int, default=100)
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds of computing for the suite's search")
    parser.add_argument("--each", action="store_true", help="a line per place too")
    parser.add_argument("--out", type=Path, default=Path("independent.jsonl"))
    parser.add_argument("claims", nargs="*", default=["cao-gu-2020/*", "zou-gu-2019/lemma-4.*", "cao-gu-2019-slides/*"])
    options = parser.parse_args()
    claims = [
        side
        for claim in select(tuple(options.claims))
        for side in claim.sides
        if side.balls and side.kind == "SCALE" and side.reading == "meant" and (side.ascends or len(side.attacks) > 1)
    ]
    kept = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    known = {row["place"]: row["independent"] for row in kept}
    rows = []
    for number in range(options.places):
        claim, configuration = place(claims, number)
        case = draw(claim.setting, configuration, number, 1)
        if claim.obstacle(case):
            continue
        find, _ = last_of(patiently(claim, case, {}), options.patience)
        suite = float("nan") if find is None else float(find.evaluation.ratio)
        if number not in known:
            known[number] = searched(claim, case, number)
            with open(options.out, "a") as stream:
                stream.write(json.dumps({"place": number, "independent": known[number]}) + "\n")
        if suite == suite and known[number] == known[number]:
            rows.append((claim, configuration, suite, known[number]))
            if options.each:
                print(claim.id, configuration.token(), f"{suite:.4g} {known[number]:.4g}", flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
