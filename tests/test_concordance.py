"""The concordance: every statement and every claim has its row."""

import re
import runpy
from pathlib import Path

from lemmata.claims import REGISTRY

GENERATOR = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "concordance.py"))
concordance, rows, statements = (GENERATOR[name] for name in ("concordance", "rows", "statements"))


def names(audited: dict | None = None) -> dict[str, list[str]]:
    return {paper: [cells[0].strip("`") for cells in rows(paper, audited or {})] for paper in statements()}


def test_every_claim_has_one_row_under_its_paper():
    """In the order of the catalogue, the reading on the page beside the one meant."""
    found = names()
    for paper, listed in found.items():
        own = {id.partition("/")[2] for id in REGISTRY if id.startswith(f"{paper}/")}
        assert own <= set(listed)
        assert len(listed) == len(set(listed))
    first = found["cao-gu-2020"]
    assert first.index("lemma-5.2a") + 1 == first.index("lemma-5.2a@printed")
    assert first.index("lemma-5.1b") < first.index("lemma-5.2a") < first.index("erratum-E-01")


def test_every_statement_has_a_row():
    """Stated or not: what is missing is seen."""
    found = names()
    for paper, ids in statements().items():
        assert {id.partition("/")[2] for id in ids} <= {name.partition("@")[0] for name in found[paper]}


def test_a_row_says_where_its_verdict_comes_from():
    """From the audit if that has the claim, else computed for a derivation, and expected for the rest."""
    audited = {"cao-gu-2020/lemma-5.2a": {"verdict": "inconclusive"}, "cao-gu-2020/eq-5.5": {"verdict": "refuted"}}
    found = {cells[0].strip("`"): cells for cells in rows("cao-gu-2020", audited)}
    assert found["lemma-5.2a"][-2:] == ("inconclusive", "audited")
    assert found["lemma-5.2a@printed"][-2:] == ("refuted", "expected")
    assert found["eq-5.5"][-2:] == ("supported", "derived")
    assert found["eq-5.2@printed"][2:5] == ("`claims/cao_gu_2020/convergence_conditions.py`", "LEDGER", "printed")


def test_the_document_is_a_table_per_paper():
    """Markdown: every line of a table has as many cells as its head."""
    text = concordance()
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE)
    assert len(tables) == len(statements())
    for table in tables:
        lines = table.strip().splitlines()
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_the_document_is_that_of_the_registry():
    """`python docs/concordance.py` writes it; verdicts that an audit measured are the expected ones."""
    written, expected = GENERATOR["PLACE"].read_text().splitlines(), concordance().splitlines()
    assert len(written) == len(expected)
    for line, now in zip(written, expected, strict=True):
        if line != now:
            assert line.replace("| audited |", "| expected |") == now
