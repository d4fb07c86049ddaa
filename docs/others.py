"""`python docs/others.py` writes `docs/others.md`: the gallery, the claims of papers beyond the four, first mistakes.

Everything in it is measured while it is written, with seed 0.
"""

import inspect
import re
import runpy
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import torch

import lemmata.claims
from lemmata.audit.judge.controls import judge_all
from lemmata.audit.judge.findings import sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import measure
from lemmata.audit.plan.grid import Sizes
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import ClaimFileError, forget, load_claims
from lemmata.claims.registry import whole_claims

HERE = Path(__file__).parent
PAGE = HERE / "others.md"
GALLERY = HERE.parent / "examples" / "gallery"
DRAWS = 400
"""Most draws of a claim with a known value."""

HEAD = """# Lemmas of other papers, and of anybody

Made by `python docs/others.py`, measured with seed 0 while it was written. Ji & Telgarsky's Theorem 2.2 inside of its
own conditions, 8.4 · 10⁸ units and 64,261 steps at ε = 0.1, is `lemmata audit 'ji-telgarsky-2020/thm-2.2-*'`. What
is a paper's claim and in a person's words too gives equal numbers: `pytest tests/test_other_papers.py -k equal`.
"""


def gallery() -> Iterator[str]:
    """A row per lemma of the gallery: lines of its file, verdict, and what fell."""
    yield "## Gallery\n"
    yield "A constant is halved or doubled where `--write-constants` has stored one, which is not so here.\n"
    yield "| file | lines | lemma | verdict | neighbours that fell | that stand |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for path in sorted(GALLERY.glob("*.py")):
        for claim in load_claims(str(path)):
            (finding,) = sweep([claim], Sizes(), Options(workers=1))
            found = judge_all(claim, [trials for side in finding.each for trials in side.trials], Options())
            fell = [each.control.name for each in found if each.verdict == "refuted"]
            stand = [f"{each.control.name}: {each.verdict}" for each in found if each.verdict != "refuted"]
            lines = len(path.read_text(encoding="utf-8").splitlines())
            link = f"[{path.name}](../examples/gallery/{path.name})"
            yield f"| {link} | {lines} | `{claim.id}` | {finding.verdict} | {', '.join(fell)} | {', '.join(stand)} |"
        forget(str(path))


def papers() -> Iterator[str]:
    """Per paper what is registered, what its known value is and what is measured; and what is left out."""
    yield "\n## Papers beyond the four\n"
    yield "Measured at the largest width. Of a limit at infinite width, with the error of the median and of the"
    yield "(1 − δ)-quantile, or for lower bounds the δ-quantile; of a stated constant, what the quantile needs of it.\n"
    catalogue = tomllib.loads(files("lemmata.claims").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    for paper in catalogue:
        claims = [claim for claim in whole_claims() if claim.source.paper.key == paper]
        if not any(claim.problem for claim in claims):
            continue
        module = next(m for name, m in vars(lemmata.claims).items() if _states(m, claims))
        said = inspect.getdoc(module) or ""
        yield f"### {claims[0].source.paper.citation}\n"
        yield "| claim | known | measured | error |\n| --- | --- | --- | --- |"
        for claim in claims:
            known, measured, error = compared(claim)
            yield f"| `{claim.id.partition('/')[2]}` | {known} | {measured} | {error} |"
        left = re.search(r"Left out:.*", said, re.DOTALL)
        yield f"\n{' '.join(left[0].split()) if left else ''}\n"


def _states(module: object, claims: list[Claim]) -> bool:
    """Whether a package of claims is that of these."""
    return (
        inspect.ismodule(module)
        and claims[0].measure is not None
        and bool(claims[0].measure.__module__.startswith(module.__name__ + "."))
    )


def compared(claim: Claim) -> tuple[str, str, str]:
    """What is known of a claim, what is measured, and the relative error."""
    if claim.problem is None or not claim.sides[0].measured:
        return "", "", ""
    sizes = claim.problem.sizes
    place = claim.problem.place(**{name: sizes[name].values[-1] for name in ("m",) if name in sizes})
    count = min(DRAWS, max(claim.problem.draws, 1))
    side = claim.sides[0]
    found = measure(side, place, 0, range(count))
    if found.residual is not None:
        return "both sides are equal", f"largest residual {float(found.residual.max()):.1g}", ""
    if side.margin is not None:
        value, shown = float(found.rhs.mean()), float(found.lhs.mean())
        return f"{value:.4g}", f"{shown:.4g}, {count} draws", f"{shown / value - 1:+.1%}"
    level = 1 - place.delta if side.bound == "upper" else place.delta
    median, shown = float(found.ratio.median()), float(found.ratio.quantile(level))
    if side.limit is None or side.limit(place) is None:
        stated = "" if side.stated is None else f"at {'most' if side.bound == 'upper' else 'least'} {side.stated:g}"
        return stated, f"{shown:.3g} at {place.token()}", ""
    limit = float(side.limit(place))
    errors = f"{median / limit - 1:+.1%}, {shown / limit - 1:+.1%}"
    return f"tends to {limit:.4g}", f"{median:.4g}, {shown:.4g} at {place.token()}", errors


def mistakes() -> Iterator[str]:
    """A row per first mistake: the line, and what is said of it."""
    tried = runpy.run_path(str(HERE.parent / "tests" / "test_first_mistakes.py"))
    yield "## First mistakes\n"
    yield "| mistake | what is said, after `FILE.py, line N:` |\n| --- | --- |"
    for name, mistake in {**tried["STATING"], **tried["MEASURING"]}.items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mine.py"
            file.write_text(tried["HEAD"] + mistake.lines, encoding="utf-8")
            try:
                (finding,) = sweep(load_claims(str(file)), Sizes(initialisations=8), Options(workers=1))
                said = finding.reason
            except ClaimFileError as error:
                said = str(error)
            finally:
                forget(str(file))
        _, _, words = said.partition(": ")
        yield f"| {name} | {words.replace('|', chr(92) + '|').replace(folder, '…')} |"


def main() -> None:
    """Write the page."""
    torch.set_num_threads(1)
    PAGE.write_text("\n".join([HEAD, *gallery(), *papers(), *mistakes()]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
