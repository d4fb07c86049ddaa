"""Training and generalisation claims as evidence: the tables of docs/runs.md.

    python benchmarks/runs.py [mutants] [sizes] [thresholds] [containment]

Without a name all four are made, in half an hour on two cores. Each replaces its own part of the page.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lemmata.audit.judge.controls import judge_control
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.growth import quantile
from lemmata.audit.judge.verdicts import exponents, trivial
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run_all
from lemmata.audit.plan.devices import workers
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import jobs
from lemmata.claims import REGISTRY, Claim
from lemmata.claims.cao_gu_2020.descent_converges import NEIGHBOURS, NEIGHBOURS_PLAN
from lemmata.claims.cao_gu_2020.prescribed_runs import descend_on, dominance
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.zou_gu_2019.kernel_regime import MU, data_of, fit, predicted_fit
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020, ZOU_GU_2019

PAGE = Path(__file__).parent.parent / "docs" / "runs.md"
CLAIMS = [
    claim
    for claim in REGISTRY.values()
    if claim.reading == "meant" and any(control.of == "algorithm" for control in claim.controls)
]
"""Every claim that other algorithms are tried on."""

SLOW = 1.5
"""A run is slow if it takes so many times the kernel's iterations."""

LABELLED = {
    "two inputs": {"data": "simplex", "n": 2},
    "four on an arc": {"data": "chain", "n": 4},
}
"""Data of two geometries: neighbours at distance φ, with labels ±1 in turn."""

SEPARATIONS = (0.7, 0.5, 0.35, 0.25, 0.18)
CROWDS = (8, 16, 32, 64, 128)
"""m φ⁴ at the widths that are tried."""

RESAMPLES = 1000


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def mutants() -> str:
    """Claim × algorithm."""
    options, rows, why = Options(workers=1), [], []
    names = dict.fromkeys(c.name for claim in CLAIMS for c in claim.controls if c.of == "algorithm")
    names.pop("overstepping", None)
    for claim in CLAIMS:
        found = {}
        for control in claim.controls:
            if control.of == "algorithm" and control.name in names:
                result = judge_control(claim, control, [], options)
                found[control.name] = result.verdict
                if result.verdict != "refuted":
                    why.append(f"* `{claim.id}`, {control.name}: {result.reason}.")
        rows.append([f"`{claim.id}`", *(found.get(name, "") for name in names)])
    return "\n\n".join([table(["claim", *names], rows), "What is not refuted, and why:", "\n".join(dict.fromkeys(why))])


def sizes() -> str:
    """Per claim and line of sizes: the left-hand side, the ratio, and how much of it is trivial."""
    chosen = [claim for claim in CLAIMS if claim.judged in ("growth", "violations")]
    work = jobs(chosen, lambda claim: points(claim, Sizes()), seed=0, device="auto")
    measured: dict[str, list[Trials]] = {claim.id: [] for claim in chosen}
    for trials in run_all(work, workers=workers()):
        measured[trials.job.claim].append(trials)
    rows = [row for claim in chosen for row in _lines(claim, measured[claim.id])]
    return table(["claim", "along", "sizes", "left-hand side", "ratio, 95 % quantile", "trivial"], rows)


def _lines(claim: Claim, trials: list[Trials]) -> Iterator[list[str]]:
    name = f"`{claim.id}`"
    for parameter, exponent in exponents(claim, trials, Budget()).items():
        line = sorted(exponent.line, key=lambda item: getattr(item.job.configuration, parameter))
        first = {getattr(item.job.configuration, parameter): item for item in reversed(line)}
        items = [first[size] for size in sorted(first)]
        bounds = [quantile(item.ratio, claim.direction.level(item.job.configuration.delta)) for item in items]
        yield [
            name,
            parameter,
            ", ".join(f"{size:g}" for size in sorted(first)),
            " → ".join(f"{np.median(item.lhs):.3g}" for item in items),
            "; ".join(f"{b.estimate:.3g} [{b.low:.3g}, {'∞' if b.high is None else f'{b.high:.3g}'}]" for b in bounds),
            f"{sum(trivial(claim, [item]) for item in items)} of {len(items)}",
        ]
        name = ""


def thresholds(initialisations: int = 16) -> str:
    """The width at which labels of size 1 are fitted about as fast as by the kernel, against φ."""
    parts = []
    for words, data in LABELLED.items():
        speeds: dict[float, dict[int, np.ndarray]] = {}
        for phi in SEPARATIONS:
            widths = [round(crowd / phi**4) for crowd in CROWDS]
            speeds[phi] = {m: _speeds(m, phi, initialisations, data) for m in widths}
        rng = generator(stream(0, "resamples"))
        drawn = [
            {phi: _crossing({m: rng.choice(s, len(s)) for m, s in at.items()}) for phi, at in speeds.items()}
            for _ in range(RESAMPLES)
        ]
        rows = []
        for phi, at in speeds.items():
            low, high = np.quantile([each[phi] for each in drawn], [0.025, 0.975])
            median = _crossing(at)
            rows.append([phi, f"{median:.0f}", f"[{low:.0f}, {high:.0f}]", f"{median * phi**4:.3g}"])
        slopes = [_slope(each) for each in drawn]
        low, high = np.quantile(slopes, [0.025, 0.975])
        fitted = _slope({phi: _crossing(at) for phi, at in speeds.items()})
        parts.append(
            f"{words.capitalize()}: the threshold grows like φ^{fitted:.2f} [{low:.2f}, {high:.2f}]; claimed −4.\n\n"
            + table(["φ", "threshold width", "95 %", "m φ⁴"], rows)
        )
    return "\n\n".join(parts)


def _speeds(m: int, phi: float, initialisations: int, data: dict[str, object]) -> np.ndarray:
    """The kernel's iterations over those of each initialisation; 0 where ε is not reached."""
    c = Configuration(m=m, L=1, d=10, phi=phi, mu=MU, labels="alternating", eps=0.02, **data)  # type: ignore[arg-type]
    assert data_of(c) is not None
    case = draw(ZOU_GU_2019, c, 0, initialisations)
    run = fit(case)
    taken = run.first(run.losses <= c.eps)
    return (predicted_fit(case, run.losses[:, 0]) / taken).numpy()


def _crossing(at: dict[int, np.ndarray]) -> float:
    """The width at which the median speed passes 1/`SLOW`, between the widths tried; the ends where it never does."""
    widths = sorted(at)
    speed = np.maximum.accumulate([np.median(at[m]) for m in widths])
    if speed[0] >= 1 / SLOW:
        return float(widths[0])
    return float(math.exp(np.interp(1 / SLOW, speed, np.log(widths))))


def _slope(widths: dict[float, float]) -> float:
    return float(np.polyfit(np.log(list(widths)), np.log(list(widths.values())), 1)[0])


def containment(initialisations: int = 8) -> str:
    """Theorem 4.7 at the first hit of ε and at K, for three B and three widths."""
    rows = []
    for phi in (1.4, 0.7, 0.5):
        for m in (1024, 8192, 65536):
            c = replace(NEIGHBOURS_PLAN.base(NEIGHBOURS), m=m, phi=phi, eps=0.1, n=2)
            case = draw(CAO_GU_2020, c, 0, initialisations)
            run, last = descend_on(case)
            B, hit = dominance(case), run.first(run.errors <= c.eps)
            tau = 1 / (B * c.eps * math.sqrt(m))
            far = run.distances.amax(-1)
            at_hit = far.gather(1, hit.clamp(max=run.steps).long()[:, None])[:, 0]
            within = torch.arange(run.steps + 1) <= last[:, None]
            whole = torch.where(within, far, 0.0).amax(-1)
            numbers = [B.median(), hit.median(), last.median(), (at_hit / tau).median(), (whole / tau).max()]
            rows.append([m, *(f"{float(number):.3g}" for number in numbers)])
    return table(["m", "B", "first hit of ε", "K", "distance / τ at the hit", "largest to K"], rows)


PARTS: dict[str, tuple[Callable[[], str], str]] = {
    "mutants": (
        mutants,
        """## Other algorithms

Every such claim is measured on runs of other algorithms, too: a statement that they satisfy as well tests no
training. *idle*: no step is made. *ascending*: every step climbs. *huge*, *tiny steps*: η times a thousand, over a
thousand. *same batch*: every step is on the first one's. *last iterate*: in place of a drawn one. *tested on the
sample*: errors are counted on the training examples. `true` has a proof; `out-of-reach` was tried, and not refuted.""",
    ),
    "sizes": (
        sizes,
        """## Sizes, and what falls over them

Per line of an audit: the median of the left-hand side at each size (an error, a number of iterations, a distance),
the (1 − δ)-quantile of the ratio with its 95 % interval, and at how many sizes the right-hand side exceeds what no
network does.""",
    ),
    "thresholds": (
        thresholds,
        """## The width that Theorem 3.3 needs, against φ

Labels ±1, ε = 0.02, one hidden layer: the width at which half of the initialisations take at most 1.5 times as many
iterations as the kernel of infinite width. Intervals are from resampled initialisations, 16 per width.""",
    ),
    "containment": (
        containment,
        """## Theorem 4.7 at the first hit of ε and at K

Two inputs with opposite labels, one hidden layer, ε = 0.1, eight initialisations. (i) is about all k ≤ K, (ii)
about the first hit.""",
    ),
}
"""What makes each part, and what stands above it."""


def write(part: str, text: str) -> None:
    """Put a part into the page between its marks, or at its end where it has none yet."""
    start, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->\n"
    page = PAGE.read_text(encoding="utf-8")
    if start not in page:
        page += f"\n{start}{end}"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{start}{PARTS[part][1]}\n\n{text}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Make the parts that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], choices=[*PARTS, []], metavar="|".join(PARTS))
    for part in parser.parse_args().parts or PARTS:
        write(part, PARTS[part][0]())


if __name__ == "__main__":
    main()
