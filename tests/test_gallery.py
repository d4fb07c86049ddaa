"""The gallery: lemmas about anything, each some twenty lines, each supported, each with false neighbours that fall."""

from pathlib import Path

import pytest

from lemmata.audit.judge.controls import judge_all
from lemmata.audit.judge.findings import sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.plan.grid import Sizes
from lemmata.claims.from_file import forget, load_claims

GALLERY = sorted((Path(__file__).parent.parent / "examples" / "gallery").glob("*.py"))

LONGEST = 50
"""Lines of a file, its words included."""

NO_CONSTANT_YET = ("constant halved", "constant doubled", "upper: constant halved", "lower: constant doubled")
"""Neighbours that wait for `--write-constants`."""


@pytest.fixture(params=GALLERY, ids=lambda path: path.stem)
def stated(request):
    """The claims of one file of the gallery."""
    yield load_claims(str(request.param))
    forget(str(request.param))


def test_lemmas_hold_and_their_false_neighbours_fall(stated):
    """Every verdict is the expected one, and whatever is false beside it is refuted."""
    for claim in stated:
        (finding,) = sweep([claim], Sizes(), Options(workers=1))
        assert finding.expected, f"{claim.id}: {finding.verdict}, {finding.reason}"
        found = judge_all(claim, [trials for side in finding.each for trials in side.trials], Options())
        standing = {r.control.name: r.reason for r in found if r.verdict not in ("refuted", "true")}
        assert found
        assert not standing.keys() - NO_CONSTANT_YET, standing


def test_a_lemma_is_short():
    """All of them, each on a page."""
    assert len(GALLERY) == 11
    assert all(len(path.read_text().splitlines()) <= LONGEST for path in GALLERY)
