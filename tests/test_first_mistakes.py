"""What goes wrong at first, when somebody states a lemma of their own, is said in one line: file, line, field."""

from typing import NamedTuple

import pytest

from lemmata.audit.judge.findings import sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.plan.grid import Sizes
from lemmata.claims.from_file import ClaimFileError, forget, load_claims

HEAD = """import random
import torch
from lemmata import Scaling, Size, Within, gaussian, lemma
N = {"n": Size(4, 16, 64), "delta": Size(0.1)}
seen = []
"""

FIRST = len(HEAD.splitlines())


class Mistake(NamedTuple):
    """A lemma's lines, the one of them (from 1) that is to be named, and what is to be said of it."""

    lines: str
    line: int
    words: str


def stated(body: str, fields: str = "sizes=N") -> str:
    """A lemma of one function, whose body is on line 3."""
    return f"@lemma('my/own', 'x <= y', {fields})\ndef f(rng, p):\n    {body}\n"


BALLED = "sizes=N, draw=lambda rng, p: {'w': gaussian(rng, p.n)}, ball={'w': Within('rows', 1)}"


def balled(body: str, ball: str) -> str:
    """The same over a ball."""
    fields = f"sizes=N, draw=lambda rng, p: {{'w': gaussian(rng, p.n)}}, {ball}"
    return stated(body, fields).replace("(rng, p):\n", "(x, p, w):\n")


STATING = {
    "unknown letter": Mistake(
        stated("return 1.0", "sizes=N, scaling=Scaling(q=1)"), 1, "terms speak of 'q'; allowed: n"
    ),
    "no size": Mistake(stated("return 1.0", "sizes={'n': 4}"), 1, "sizes n=4 must be a Size"),
    "no probability": Mistake(
        stated("return 1.0", "sizes={'delta': Size(2)}"), 1, "sizes delta=Size(2) must be of prob"
    ),
    "neither way": Mistake(
        stated("return 1.0", "sizes={'n': Size(4, 2, 8)}"), 1, "values=(4, 2, 8) must rise, or fall"
    ),
    "words and numbers": Mistake(stated("return 1.0", "sizes={'n': Size(4, 'a')}"), 1, "must be numbers, or words"),
    "taken letter": Mistake(stated("return 1.0", "sizes={'seed': Size(4)}"), 1, "sizes has the letter 'seed'; taken:"),
    "letter in another form": Mistake(
        stated("return 1.0", "sizes={'ϵ': Size(4)}"), 1, "sizes has the letter 'ϵ'; it must be 'ε'"
    ),
    "too many arguments": Mistake(
        "@lemma('my/own', 'x', sizes=N)\ndef f(rng, p, x):\n    return 1.0\n", 1, "must be f(rng, p)"
    ),
    "draw without sizes": Mistake(stated("return 1.0", "sizes=N, draw=lambda rng: 1"), 1, "must be draw(rng, p)"),
    "unknown bound": Mistake(stated("return 1.0", "sizes=N, bound='above'"), 1, "bound='above' must be one of"),
    "unknown field": Mistake(stated("return 1.0", "sizes=N, constants=2"), 1, "constants=2; allowed:"),
    "constant of no constant": Mistake(
        stated("return 1.0", "sizes=N, false={'half': 0.5}"), 1, "false 'half'=0.5 must be"
    ),
    "axes no tuple": Mistake(stated("return 1.0", "sizes=N, axes='pair'"), 1, "axes='pair' must be a tuple of names"),
    "vmap of nothing": Mistake(stated("return 1.0", "sizes=N, vmap=True"), 1, "vmap=True wants draw="),
    "ball of nothing drawn": Mistake(
        stated("return 1.0", "sizes=N, ball={'w': Within('rows', 1)}"), 1, "ball=['w'] wants draw="
    ),
    "norm that is none": Mistake(
        stated("return 1.0", "sizes=N, ball={'w': Within('max', 1)}"), 1, "norm='max' must be frobenius, spectral, rows"
    ),
    "radius of no letter": Mistake(
        balled("return 1.0", "ball={'w': Within('rows', 'r')}"), 1, "ball 'w' has a radius of 'r'; allowed: n, delta"
    ),
    "attack of no ball": Mistake(
        stated("return 1.0", "sizes=N, attacks=[max]"), 1, "attacks=['max'] want ball=, whose points they are"
    ),
    "measurement without the point": Mistake(stated("return 1.0", BALLED), 1, "must be f(x, p, w)"),
}
"""Said when the file is loaded."""

MEASURING = {
    "letter that is no size": Mistake(stated("return p.m"), 3, "p.m: no such size; allowed: delta, n"),
    "missing axis": Mistake(
        stated("return gaussian(rng, p.n).abs()"), 1, "lhs has 1 axes, (64,), and the lemma names none"
    ),
    "axis too many": Mistake(
        stated("return 1.0", "sizes=N, axes=('pair',)"), 1, "lhs has 0 axes, (), and the lemma names 1"
    ),
    "shape of the draw's own": Mistake(
        stated("return gaussian(rng, int(rng.integers(1, 9)))", "sizes=N, axes=('i',)"), 1, "at one draw and"
    ),
    "nothing returned": Mistake(stated("gaussian(rng, p.n)"), 1, "lhs must be a real number or a tensor; it is None"),
    "text": Mistake(stated("return 'small'"), 1, "lhs must be a real number or a tensor; it is a str"),
    "three sides": Mistake(stated("return 1.0, 2.0, 3.0"), 1, "must return lhs, or (lhs, rhs); it returns 3 values"),
    "factors of a shape": Mistake(
        stated("return 1.0, torch.ones(2).double()"), 1, "rhs must be a number, or have the axes"
    ),
    "not a number": Mistake(stated("return float('nan')"), 1, "lhs is not a number (NaN) at draw 0"),
    "single precision": Mistake(
        stated("return torch.ones(p.n), 1.0", "sizes=N, axes=('i',)"),
        1,
        "lhs must be float64, as the run is; it is float32",
    ),
    "unseeded draw": Mistake(stated("return torch.randn(()).abs()"), 1, "draws from the global generator of torch"),
    "unseeded in Python": Mistake(stated("return random.random()"), 1, "draws from the global generator of random"),
    "leaking state": Mistake(stated("seen.append(1); return len(seen)"), 1, "two looks at the same draw differ"),
    "nothing to bound": Mistake(stated("return gaussian(rng, 0)", "sizes=N, axes=('i',)"), 1, "lhs is empty"),
    "gradient through integers": Mistake(
        stated("return torch.func.grad(lambda k: k.sum())(torch.arange(p.n))"), 3, "RuntimeError: "
    ),
    "division by nothing": Mistake(stated("return 1 / (p.n - p.n)"), 3, "ZeroDivisionError: division by zero"),
    "ball of another name": Mistake(
        balled("return w['w'].norm()", "ball={'v': Within('rows', 1)}"), 1, "ball names 'v', and what is drawn has w"
    ),
}
"""Said when it is measured."""


@pytest.fixture
def file(tmp_path):
    """A file for claims, forgotten afterwards."""
    path = tmp_path / "mine.py"
    yield path
    forget(str(path))


@pytest.mark.parametrize("name", STATING)
def test_what_cannot_be_stated(name, file):
    """A field that cannot be what it is is named where the lemma is stated."""
    mistake = STATING[name]
    file.write_text(HEAD + mistake.lines)
    with pytest.raises(ClaimFileError) as refused:
        load_claims(str(file))
    said = str(refused.value)
    assert said.startswith(f"{file}, line {FIRST + mistake.line}: ")
    assert mistake.words in said
    assert "\n" not in said


@pytest.mark.parametrize("name", MEASURING)
def test_what_cannot_be_measured(name, file):
    """A measurement that says nothing about the lemma decides nothing, and the line is named."""
    mistake = MEASURING[name]
    file.write_text(HEAD + mistake.lines)
    (finding,) = sweep(load_claims(str(file)), Sizes(initialisations=8), Options(workers=1))
    assert finding.verdict == "error"
    assert finding.reason.startswith(f"{file}, line {FIRST + mistake.line}: ")
    assert mistake.words in finding.reason
    assert "\n" not in finding.reason


def test_premises_that_no_size_meets(file):
    """Where no size meets the premises nothing is measured, and that is no support."""
    file.write_text(HEAD + stated("return 1.0", "sizes=N, given=lambda p: p.n > 100"))
    (finding,) = sweep(load_claims(str(file)), Sizes(), Options(workers=1))
    assert finding.verdict == "inconclusive"
