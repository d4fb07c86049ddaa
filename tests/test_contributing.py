"""The documented way to add a lemma works as it is written: one module, one line, a constant that the tests read."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ID = "cao-gu-2020/example"


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the package in which the lemma of CONTRIBUTING.md is added: its module, and a line in its paper."""
    house = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "lemmata", house / "lemmata", ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("model", "strategies", "audit"):
        (house / "lemmata" / room).symlink_to(ROOT / room)
    claims = house / "lemmata" / "claims"
    shutil.copytree(ROOT / "claims", claims, ignore=shutil.ignore_patterns("__pycache__"))
    (block,) = (
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
        if ID in block
    )
    paper = claims / "cao_gu_2020"
    (paper / "nearby_patterns_agree.py").write_text(block)
    listed = (paper / "__init__.py").read_text()
    (paper / "__init__.py").write_text(
        listed.replace("    patterns_stable,\n", "    patterns_stable,\n    nearby_patterns_agree,\n")
    )
    return house


def python(house: Path, *arguments: str) -> str:
    """What a program prints that runs in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(house)}
    run = subprocess.run(
        [sys.executable, *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1), run.stderr
    assert not run.stderr
    return run.stdout


def test_a_lemma_of_a_paper_is_one_module_and_one_line(house):
    """It is registered, audited, given a constant, held to it, and it is about what its statement says."""
    audited = ("-m", "lemmata", "audit", "example", "--widths", "64,256,1024", "--initialisations", "8")
    before = tomllib.loads((house / "lemmata" / "claims" / "constants.toml").read_text())
    assert ID not in before
    assert "1 claims" in python(house, *audited, "--write-constants")
    after = tomllib.loads((house / "lemmata" / "claims" / "constants.toml").read_text())
    assert after.keys() == {*before, ID}
    assert {id: after[id] for id in before} == before
    # Two unit vectors at angle θ differ on a share θ/π of the units, at most half their distance; the rest is chance.
    assert 0.3 < after[ID]["constant"] < 1
    assert python(house, "-c", _VERIFY.format(constant=after[ID]["constant"])).strip() == "supported"


_VERIFY = """
from lemmata.claims import REGISTRY
from lemmata.claims.constants import constant
from lemmata.verify import verify
claim = REGISTRY["cao-gu-2020/example"]
assert constant(claim) == {constant}
print(verify(claim).verdict)
"""
