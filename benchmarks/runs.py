"""Training and generalisation claims as evidence: the tables of docs/runs.md.

    python benchmarks/runs.py [mutants] [sizes] [thresholds] [containment] [conditions] [digits] [polylogarithmic]
                              [tails] [--out runs.jsonl]

Without a name all are made, in about an hour of one core. What was measured is one line of the output file as soon as
it ends, so the script can be stopped and started again; a part that is complete replaces its own part of the page.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from lemmata.audit.judge.controls import judge_control
from lemmata.audit.judge.evidence import Budget, Evidence
from lemmata.audit.judge.growth import quantile
from lemmata.audit.judge.verdicts import exponents, trivial
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY, Claim
from lemmata.claims.cao_gu_2019_slides.one_pass import error_of_the_drawn
from lemmata.claims.cao_gu_2020.descent_converges import NEIGHBOURS, NEIGHBOURS_PLAN
from lemmata.claims.cao_gu_2020.prescribed_runs import descend_on, dominance
from lemmata.claims.case import draw
from lemmata.claims.constants import constant
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.zou_gu_2019.kernel_regime import MU, fit, predicted_fit, smallest_eigenvalue
from lemmata.model.data import Dataset, unit_rows
from lemmata.model.kernels import tangent_kernel
from lemmata.model.margins import label_complexity
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020, CHEN_ET_AL_2019_POSTER, ZOU_GU_2019
from lemmata.model.training import Algorithm, follow

PAGE = Path(__file__).parent.parent / "docs" / "runs.md"
CLAIMS = {
    claim.id: claim
    for claim in REGISTRY.values()
    if claim.reading == "meant" and any(control.name == "idle" for control in claim.controls)
}
"""Every claim that is tried on runs that do not train."""

SLOW = 1.5
"""A run is slow if it takes so many times the kernel's iterations."""


@dataclass(frozen=True)
class Labelled:
    """Data whose neighbours are at distance φ and have labels ±1 in turn; where the threshold width is looked for.

    Attributes:
        data, n: as a configuration has them.
        separations: φ.
        crowds: m φ⁴ at the widths that are tried.
    """

    data: str
    n: int
    separations: tuple[float, ...]
    crowds: tuple[int, ...]


LABELLED = {
    "two inputs": Labelled("simplex", 2, (0.7, 0.5, 0.35, 0.25, 0.2), (2, 4, 8, 16, 32, 64, 128)),
    "four on an arc": Labelled("chain", 4, (0.9, 0.75, 0.6, 0.5, 0.4), (16, 32, 64, 128, 256)),
}
"""Data of two geometries."""

INITIALISATIONS = 16
CONTAINED = SIZED = 8
PATIENCE = 12
"""Per width of a threshold; per B and width of Theorem 4.7, and per size of a claim's lines, of which none is begun
after so many seconds of the processor."""

CONTAINMENTS = {f"{phi}, {m}": (phi, m) for phi in (1.4, 0.7, 0.5) for m in (1024, 8192, 65536)}
"""φ, which decides B, and m."""

INSIDE = ("thm-3.10", "thm-3.3", "thm-3.3 --samples 3")
"""Arguments of `lemmata regime`, at which a machine can hold the network."""

DIGITS_SAMPLES, HELD_OUT = 8, 500
"""Samples per size, each with a network of its own, and examples that none of them has."""

HEADLINE_LAWS: dict[str, dict[str, Any]] = {
    "a teacher's, classes 0.7 apart": {"data": "teacher", "phi": 0.7},
    "fair coins": {"data": "sphere"},
}
HEADLINE_SIZES = {"a teacher's, classes 0.7 apart": (4, 16, 64, 256), "fair coins": (4, 8, 16)}
HEADLINE_WIDTHS = (2, 4, 8, 16, 32, 64)
HEADLINE_LOSS, HEADLINE_STEPS, NEARLY_ALL = 0.1, 200, 0.9
"""A sample is fitted by a width at which so many initialisations reach the loss in so many steps."""

TAIL_DRAWS = 8000
"""Initialisations whose failures are counted."""

RESAMPLES = 1000


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


Rows = list[list[str]]
Record = dict[str, Any]


def mutants(name: str) -> Record:
    """What becomes of every other algorithm, and of those that are not refuted, why."""
    claim, options = CLAIMS[name], Options(workers=1)
    verdicts, why = {}, {}
    for control in claim.controls:
        if control.of != "algorithm":
            continue
        if control.unrefuted is not None:
            verdicts[control.name] = "true" if control.unrefuted.true else "out-of-reach"
            why[control.name] = str(control.unrefuted)
            continue
        result = judge_control(claim, control, [], options)
        verdicts[control.name] = result.verdict
        if result.verdict != "refuted":
            why[control.name] = result.reason
    return {"verdicts": verdicts, "why": why}


def mutants_table(records: Mapping[str, Record]) -> str:
    """Claim × algorithm."""
    verdicts: dict[str, dict[str, str]] = {name: record["verdicts"] for name, record in records.items()}
    names = dict.fromkeys(mutant for found in verdicts.values() for mutant in found)
    rows = [[f"`{name}`", *(found.get(mutant, "") for mutant in names)] for name, found in verdicts.items()]
    why = [
        f"* `{name}`, {mutant}: {reason}."
        for name, record in records.items()
        for mutant, reason in record["why"].items()
    ]
    return "\n\n".join([table(["claim", *names], rows), "What is not refuted, and why:", "\n".join(why)])


def sizes(name: str) -> Record:
    """Per line of sizes of a claim: the left-hand side, the ratio, and how much of it is trivial."""
    claim, trials, started = CLAIMS[name], [], time.process_time()
    chosen = sorted((point.configuration for point in points(claim, Sizes())), key=lambda c: c.m * c.n)
    for configuration in chosen:
        if time.process_time() - started < PATIENCE:
            trials.append(run(Job(claim.id, configuration, SIZED)))
    return {"rows": list(_lines(claim, trials)), "left out": len(chosen) - len(trials)}


def sizes_table(records: Mapping[str, Record]) -> str:
    """All claims'."""
    rows: Rows = []
    for name, record in records.items():
        lines: Rows = record["rows"]
        left = f", {record['left out']} sizes left out" if record["left out"] else ""
        rows += [[f"`{name}`{left}" if not number else "", *line] for number, line in enumerate(lines)]
    return table(["claim", "along", "sizes", "left-hand side", "ratio, 95 % quantile", "trivial"], rows)


def _lines(claim: Claim, trials: list[Trials]) -> Iterator[list[str]]:
    """A row per line; of n alone where no power is fitted, as none is where all is trivial."""
    lines = {name: exponent.line for name, exponent in exponents(claim, trials, Budget()).items()}
    for parameter, line in (lines or {"n": tuple(trials)}).items():
        first = {getattr(item.job.configuration, parameter): item for item in line[::-1]}
        items = [first[size] for size in sorted(first)]
        bounds = [quantile(item.ratio, claim.direction.level(item.job.configuration.delta)) for item in items]
        yield [
            parameter,
            ", ".join(f"{size:g}" for size in sorted(first)),
            " → ".join(f"{np.median(item.lhs):.3g}" for item in items),
            "; ".join(f"{b.estimate:.3g} [{b.low:.3g}, {'∞' if b.high is None else f'{b.high:.3g}'}]" for b in bounds),
            f"{sum(trivial(claim, [item]) for item in items)} of {len(items)}",
        ]


def thresholds(name: str) -> Record:
    """How fast labels of size 1 are fitted, by width, at one separation."""
    words, _, separation = name.rpartition(", ")
    of, phi = LABELLED[words], float(separation)
    widths = [round(crowd / phi**4) for crowd in of.crowds]
    return {"speeds": {m: [round(speed, 6) for speed in _speeds(m, phi, of).tolist()] for m in widths}}


def thresholds_table(records: Mapping[str, Record]) -> str:
    """The width at which labels of size 1 are fitted about as fast as by the kernel, against φ."""
    parts = []
    for words, of in LABELLED.items():
        speeds: dict[float, dict[int, np.ndarray]] = {}
        for phi in of.separations:
            measured: dict[str, list[float]] = records[f"{words}, {phi}"]["speeds"]
            speeds[phi] = {int(m): np.array(found) for m, found in measured.items()}
        rng = generator(stream(0, "resamples"))
        drawn = [
            {phi: _crossing({m: rng.choice(s, len(s)) for m, s in at.items()}) for phi, at in speeds.items()}
            for _ in range(RESAMPLES)
        ]
        rows = []
        for phi, at in speeds.items():
            low, high = np.quantile([each[phi] for each in drawn], [0.025, 0.975])
            median = _crossing(at)
            found = ", ".join(f"{1 / np.median(s):.2f}" if np.median(s) else "∞" for s in at.values())
            widths = ", ".join(map(str, at))
            rows.append(
                [
                    phi,
                    widths,
                    found,
                    f"{median:.0f}",
                    f"[{low:.0f}, {high:.0f}]",
                    f"{median * phi**4:.3g}",
                    f"{median * phi**4 / math.log(median) ** 3:.3g}",
                ]
            )
        growths = {}
        for name, power in (("the threshold width m", 0.0), ("m/log³ m, as (3.1) has it,", 3.0)):
            low, high = np.quantile([_slope(each, power) for each in drawn], [0.025, 0.975])
            fitted = _slope({phi: _crossing(at) for phi, at in speeds.items()}, power)
            growths[name] = f"{name} grows like φ^{fitted:.2f} [{low:.2f}, {high:.2f}]"
        head = ["φ", "widths tried", "iterations / the kernel's", "threshold width", "95 %", "m φ⁴", "m φ⁴/log³ m"]
        parts.append(
            f"{words.capitalize()}: {'; '.join(growths.values())}, where the claim has φ^-4.\n\n" + table(head, rows)
        )
    return "\n\n".join(parts)


def _speeds(m: int, phi: float, of: Labelled) -> np.ndarray:
    """The kernel's iterations over those of each initialisation; 0 where ε is not reached."""
    c = Configuration(m=m, L=1, d=10, phi=phi, mu=MU, labels="alternating", eps=0.02, data=of.data, n=of.n)
    case = draw(ZOU_GU_2019, c, 0, INITIALISATIONS)
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


def _slope(widths: dict[float, float], power: float = 0.0) -> float:
    """The exponent of φ in the widths, over a power of their logarithm."""
    sizes = np.log(list(widths.values()))
    return float(np.polyfit(np.log(list(widths)), sizes - power * np.log(sizes), 1)[0])


def containment(name: str) -> Record:
    """Theorem 4.7 at the first hit of ε and at K."""
    phi, m = CONTAINMENTS[name]
    c = replace(NEIGHBOURS_PLAN.base(NEIGHBOURS), m=m, phi=phi, eps=0.1, n=2)
    case = draw(CAO_GU_2020, c, 0, CONTAINED)
    run, last = descend_on(case)
    B, hit = dominance(case), run.first(run.errors <= c.eps)
    tau = 1 / (B * c.eps * math.sqrt(m))
    far = run.distances.amax(-1)
    at_hit = far.gather(1, hit.clamp(max=run.steps).long()[:, None])[:, 0]
    within = torch.arange(run.steps + 1) <= last[:, None]
    whole = torch.where(within, far, 0.0).amax(-1)
    numbers = [B.median(), hit.median(), last.median(), (at_hit / tau).median(), (whole / tau).max()]
    return {"rows": [[str(m), *(f"{float(number):.3g}" for number in numbers)]]}


def containment_table(records: Mapping[str, Record]) -> str:
    """For three B and three widths."""
    rows: Rows = [row for record in records.values() for row in record["rows"]]
    return table(
        ["m", "B", "iterations to ε", "iterations in all, K", "distance / τ at ε", "largest distance / τ up to K"], rows
    )


def conditions(name: str) -> Record:
    """What `lemmata regime` says of a statement inside its own conditions."""
    command = [
        sys.executable,
        "-c",
        "from lemmata.audit.cli import main; raise SystemExit(main())",
        "regime",
        *name.split(),
    ]
    return {"text": subprocess.run(command, capture_output=True, text=True, check=True).stdout}


def conditions_table(records: Mapping[str, Record]) -> str:
    """As the command prints it."""
    blocks = (
        f"<!-- slow -->\n```console\n$ lemmata regime {name}\n```\n\n```text\n{record['text']}```"
        for name, record in records.items()
    )
    return "\n\n".join(blocks)


def digits(name: str) -> Record:
    """Corollary cor-ntk on handwritten digits: the error on held out examples beside the label complexity."""
    n, claim = int(name), REGISTRY["cao-gu-2019-slides/cor-ntk"]
    bundle = load_digits()
    inputs = unit_rows(torch.from_numpy(bundle.data))
    labels = torch.from_numpy(np.where(bundle.target % 2, -1.0, 1.0))[:, None]
    errors, ratios, untrained = [], [], []
    for sample in range(DIGITS_SAMPLES):
        order = generator(stream(sample, "digits")).permutation(len(inputs))
        mine, held = (Dataset(inputs[rows], labels[rows]) for rows in (order[:n], order[-HELD_OUT:]))
        c = Configuration(m=64, L=2, n=n, d=inputs.shape[1])
        case = draw(claim.setting, c, sample, 1, data=mine)
        complexity = float(label_complexity(tangent_kernel(claim.setting, mine.inputs, c.L), mine.labels)) ** 0.5
        step = complexity / (c.m * math.sqrt(n))
        errors.append(float(error_of_the_drawn(case, step, held)))
        untrained.append(float(error_of_the_drawn(case.trained_by(Algorithm(pace=0.0)), step, held)))
        ratios.append(errors[-1] / (c.L * complexity / math.sqrt(n) + math.sqrt(math.log(1 / case.delta) / n)))
    return {"errors": errors, "untrained": untrained, "ratios": ratios}


def digits_table(records: Mapping[str, Record]) -> str:
    """Against n."""
    limit = constant(REGISTRY["cao-gu-2019-slides/cor-ntk"])
    rows = [
        [
            n,
            *(f"{np.mean(record[part]):.3f}" for part in ("untrained", "errors")),
            _spread(record["ratios"]),
            f"{limit:g}",
        ]
        for n, record in records.items()
    ]
    return table(["n", "error of W⁽⁰⁾", "error of one pass", "ratio: median, largest", "audited on teachers"], rows)


def _spread(values: Sequence[float]) -> str:
    return f"{np.median(values):.3g}, {max(values):.3g}"


def polylogarithmic(name: str) -> Record:
    """The share of initialisations that fit a sample, by width, up to the first width that fits nearly all."""
    law, _, size = name.rpartition(", ")
    fitted: dict[int, float] = {}
    for m in HEADLINE_WIDTHS:
        c = Configuration(m=m, L=2, n=int(size), d=3, alpha=0.5, **HEADLINE_LAWS[law])
        case = draw(CHEN_ET_AL_2019_POSTER, c, 0, INITIALISATIONS)
        run = follow(
            case.initial,
            case.inputs,
            case.labels,
            step_size=0.5 / (case.depth * case.initial.scale**2),
            steps=HEADLINE_STEPS,
            until=lambda loss, _: loss <= HEADLINE_LOSS,
            far=False,
        )
        fitted[m] = float((run.losses.amin(-1) <= HEADLINE_LOSS).double().mean())
        if fitted[m] >= NEARLY_ALL:
            break
    return {"fitted": fitted}


def polylogarithmic_table(records: Mapping[str, Record]) -> str:
    """Law × n."""
    rows = []
    for name, record in records.items():
        law, _, size = name.rpartition(", ")
        least = next((m for m, share in record["fitted"].items() if share >= NEARLY_ALL), f"> {HEADLINE_WIDTHS[-1]}")
        shares = ", ".join(f"{m}: {share:.2f}" for m, share in record["fitted"].items())
        rows.append([law, size, least, shares])
    return table(["labels", "n", "least width", "share of initialisations that fit, by width"], rows)


def tails(name: str) -> Record:
    """How often a statement fails at W⁽⁰⁾, of many initialisations."""
    words, _, m = name.rpartition(", ")
    failed = [TAILS[words][1](int(m), range(first, first + 1000)) for first in range(0, TAIL_DRAWS, 1000)]
    return {"failed": int(torch.cat(failed).sum()), "of": TAIL_DRAWS}


def _too_few_active(m: int, numbers: range) -> Tensor:
    """(C.1) for one example."""
    claim = REGISTRY["cao-gu-2020/eq-C.1"]
    case = draw(claim.setting, Configuration(m=m, L=1, n=1, d=4), 0, numbers)
    return claim.measure(case).lhs[:, 0] < claim.stated


def _small_gradient(phi: float, m: int, numbers: range) -> Tensor:
    """Lemma 4.1 at W⁽⁰⁾ with half of the constant of infinite width, for two inputs and the worst labels."""
    c = Configuration(m=m, L=1, n=2, d=4, data="chain", mu=MU, phi=phi)
    limit = smallest_eigenvalue(c)
    assert limit is not None
    kernel = draw(ZOU_GU_2019, c, 0, numbers).at_initial.ntk()[:, :, 0, :, 0] / m
    return torch.linalg.eigvalsh(kernel)[:, 0] < limit / 2


TAILS: dict[str, tuple[tuple[int, ...], Callable[[int, range], Tensor]]] = {
    "(C.1) of Cao and Gu, share of active units": ((16, 32, 64, 128), _too_few_active),
    "Lemma 4.1 of Zou and Gu, φ = 0.4": ((64, 128, 256, 512), partial(_small_gradient, 0.4)),
    "Lemma 4.1 of Zou and Gu, φ = 0.2": ((128, 256, 512, 1024), partial(_small_gradient, 0.2)),
}
"""Statements with an exponential tail, the widths at which it shows, and where it fails."""


def tails_table(records: Mapping[str, Record]) -> str:
    """−log of the rate: between two widths it grows in proportion to them where the tail is exponential."""
    rows: Rows = []
    before: tuple[str, int, float] | None = None
    for name, record in records.items():
        words, _, m = name.rpartition(", ")
        rate = Evidence(record["failed"], record["of"], 0.05)
        exponent = -math.log(record["failed"] / record["of"]) if record["failed"] else math.inf
        per = ""
        if before is not None and before[0] == words and math.isfinite(exponent):
            per = f"{(exponent - before[2]) / (int(m) - before[1]):.4f}"
        rows.append(
            [
                words,
                m,
                f"{record['failed']} of {record['of']}",
                f"[{rate.low:.2g}, {rate.high:.2g}]",
                f"{exponent:.3g}",
                per,
            ]
        )
        before = words, int(m), exponent
    return table(["statement", "m", "failures", "rate, 95 %", "−log rate", "its slope in m"], rows)


@dataclass(frozen=True)
class Part:
    """One table of the page.

    Attributes:
        names: of what is measured, one record each.
        measure: one of them.
        table: of all records.
        head: what stands above it.
    """

    names: Iterable[str]
    measure: Callable[[str], Record]
    table: Callable[[Mapping[str, Record]], str]
    head: str


PARTS = {
    "mutants": Part(
        CLAIMS,
        mutants,
        mutants_table,
        """## Other algorithms

Every such claim is measured on runs of other algorithms, too: a statement that they satisfy as well tests no
training. *idle*: no step is made. *ascending*: every step climbs. *huge*, *tiny steps*: η times a thousand, over a
thousand. *same batch*: every step is on the first one's. *last iterate*: in place of a drawn one. *tested on the
sample*: errors are counted on the training examples. `true` has a proof; `out-of-reach` was not refuted where `lemmata
controls` tried it, and is not tried again here. Theorem 4.5 and the steps of its proof are about all weights of a ball,
the slides' width-free about W⁽⁰⁾: there is no algorithm in them to replace.""",
    ),
    "sizes": Part(
        [name for name, claim in CLAIMS.items() if claim.judged in ("growth", "violations")],
        sizes,
        sizes_table,
        """## Sizes, and what falls over them

Per line of an audit, with eight initialisations per size where an audit has up to 32; the larger sizes of slow claims
are left out: the median of the left-hand side at each size (an error, a number of iterations, a distance),
the (1 − δ)-quantile of the ratio with its 95 % interval, and at how many sizes the right-hand side exceeds what no
network does.""",
    ),
    "thresholds": Part(
        [f"{words}, {phi}" for words, of in LABELLED.items() for phi in of.separations],
        thresholds,
        thresholds_table,
        """## The width that Theorem 3.3 needs, against φ

Labels ±1, ε = 0.02, one hidden layer: the width at which half of the initialisations take at most 1.5 times as many
iterations as the kernel of infinite width. Intervals are from resampled initialisations, 16 per width. By itself the
threshold grows faster than φ^-4 at these φ; but (3.1) asks for m/log³ m, and what is needed stays below that.""",
    ),
    "containment": Part(
        CONTAINMENTS,
        containment,
        containment_table,
        """## Theorem 4.7 at the first hit of ε and at K

Two inputs with opposite labels, one hidden layer, ε = 0.1, eight initialisations: medians, and of the largest distance
the largest. (i) is about all k ≤ K, (ii) about the first iterate with E_S ≤ ε. At infinite width, from f = 0, the
distance at K is log(1/ε²)/(B √m) up to 2 %, which is 0.46 τ: `tests/test_width_free.py`.""",
    ),
    "conditions": Part(
        INSIDE,
        conditions,
        conditions_table,
        """## Inside a theorem's own conditions

With every hidden constant 1: where a measurement's bound does not hold, its constant is larger than that. Conditions,
measurements, time and memory are the command's own.""",
    ),
    "digits": Part(
        ("32", "128", "512"),
        digits,
        digits_table,
        """## Handwritten digits

Corollary of the slides (cor-ntk) on the 8 × 8 digits of scikit-learn, even against odd: one pass of SGD over n of
them, m = 64, L = 2, eight samples of their own; errors on 500 that no sample has. The ratio is the error over L √(ỹᵀ
Θ⁻¹ ỹ/n) + √(log(1/δ)/n), beside the constant that was audited on teachers.""",
    ),
    "polylogarithmic": Part(
        [f"{law}, {n}" for law, sizes in HEADLINE_SIZES.items() for n in sizes],
        polylogarithmic,
        polylogarithmic_table,
        """## The least width that trains, against n

The poster's headline: on data that a fixed margin separates, a width polylogarithmic in n is enough. Gradient descent
with the poster's step size on L = 2, d = 3, sixteen initialisations: the least width at which nine in ten reach a
training loss of 0.1 in 200 steps. With coins for labels there is no margin, and no such width.""",
    ),
    "tails": Part(
        [f"{words}, {m}" for words, (widths, _) in TAILS.items() for m in widths],
        tails,
        tails_table,
        """## How often statements fail, against the width

Where a probability of 1 − exp(−Ω(·)) is promised, −log of the rate of failures is to grow in proportion to what is in
the bracket: m for (C.1), whose exponent is known to be 0.0435 m, and m φ/(k n) for Lemma 4.1, so that half of φ takes
twice the width. The tails of the theorems about runs, 1 − O(1/n), cannot be seen at sizes that run: no run at these
widths failed (the audits' counts), and no rate that is 0 shows a power of n. Those of Lemmas 4.2 and 4.5 of Zou and Gu,
1 − exp(−Ω(m τ^(2/3) L)), are inside conditions on τ under which m τ^(2/3) is in the thousands.""",
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
    PAGE.write_text(f"{before}{start}{PARTS[part].head}\n\n{text}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Measure what is missing of the parts that are named, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], choices=[*PARTS, []], metavar="|".join(PARTS))
    parser.add_argument("--out", type=Path, default=Path("runs.jsonl"))
    options = parser.parse_args()
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    done = {(line["part"], line["name"]): line["record"] for line in map(json.loads, lines)}
    for name in options.parts or PARTS:
        part, records = PARTS[name], {}
        for each in part.names:
            if (name, each) not in done:
                started = time.process_time()
                record = part.measure(each)
                line = {
                    "part": name,
                    "name": each,
                    "record": record,
                    "seconds": round(time.process_time() - started, 1),
                }
                with options.out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                done[name, each] = json.loads(json.dumps(record))
            records[each] = done[name, each]
        write(name, part.table(records))


if __name__ == "__main__":
    main()
