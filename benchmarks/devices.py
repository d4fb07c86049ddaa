"""One core beside the GPU, claim by claim: the tables of docs/gpu.md.

    python benchmarks/devices.py [TOKEN …] [--without-core]

Each, a token as `lemmata replay` takes it, is measured as an audit does it, attacks and ascents included, with its
initialisations side by side: on the GPU, which has loaded its programs before, then on one core. The last column is the
largest relative difference of a ratio.
"""

import argparse
import os
import time
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.devices import choose_device
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.measuring.replay import parse

EACH = (
    *(f"cao-gu-2020/lemma-5.2a:m={m},L=2,n=1,tau=0.01,init=0-15" for m in (256, 1024, 2048)),
    *(f"cao-gu-2020/lemma-5.2b:m={m},L=3,n=4,tau=0.01,init=0-3" for m in (256, 1024)),
    *(f"cao-gu-2020/lemma-5.1b:m={m},L=3,n=4,tau=0.01,init=0-15" for m in (256, 1024)),
    *(
        f"zou-gu-2019/thm-3.3-labels:m={m},n=2,d=10,data=simplex,phi=0.5,mu=0.3,eps=0.02,init=0-15"
        for m in (4096, 32768)
    ),
    *(f"cao-gu-2019-slides/cor-ntk:m=256,L=2,n={n},d=20,data=teacher,phi=1.2,init=0-15" for n in (256, 1024)),
    *(f"cao-gu-2019-slides/thm-ntrf:m=256,L=2,n={n},d=20,data=teacher,phi=1.2,init=0-15" for n in (256, 1024)),
    *(
        f"chen-et-al-2019-poster/thm-2.2:m={m},L=2,n=256,d=3,data=teacher,phi=1.4,alpha=0.5,init=0-7"
        for m in (64, 1024)
    ),
    *(
        f"chen-et-al-2019-poster/thm-2.3:m=128,L=2,n={n},d=3,data=teacher,phi=1.4,eps=0.06,alpha=0.25,init=0-7"
        for n in (512, 1024)
    ),
)
"""Attacks at depth, descent with labels of size 1, and one pass and whole descent with laws that can be learned."""


def main() -> None:
    """Print the table, a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("each", nargs="*", default=EACH, metavar="TOKEN")
    parser.add_argument("--without-core", action="store_true", help="the GPU alone")
    given = parser.parse_args()
    torch.set_num_threads(1)
    choose_device("cuda")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    print("| claim | configuration | GPU, s | one core, s | largest difference |\n| --- | --- | --- | --- | --- |")
    for token in given.each:
        what = parse(token)
        job = Job(what.claim.id, what.configuration, len(what.initialisations), seed=what.seed, device="cuda")
        run(replace(job, initialisations=2))
        there = _timed(job)
        shown = f"| {job.claim} | `{job.configuration.token()}` | {there[1]:.2f}"
        if given.without_core:
            print(f"{shown} | | |", flush=True)
            continue
        here = _timed(replace(job, device="cpu"))
        apart = max(
            abs(a - b) / max(abs(a), abs(b), 1e-300) for a, b in zip(there[0].ratio, here[0].ratio, strict=True)
        )
        print(f"{shown} | {here[1]:.2f} | {apart:.1e} |", flush=True)


def _timed(job: Job) -> tuple[Trials, float]:
    started = time.perf_counter()
    found = run(job, REGISTRY[job.claim])
    return found, time.perf_counter() - started


if __name__ == "__main__":
    main()
