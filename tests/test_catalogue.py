"""The registry against the list of every statement that the papers make."""

import tomllib
from importlib.resources import files

import pytest

from lemmata.claims import REGISTRY

CATALOGUE: dict[str, dict[str, list[str]]] = tomllib.loads(
    files("lemmata.claims").joinpath("catalogue.toml").read_text()
)
IDS = {f"{paper}/{name}": kinds for paper, statements in CATALOGUE.items() for name, kinds in statements.items()}


@pytest.mark.parametrize("member", REGISTRY.values(), ids=str)
def test_a_claim_is_a_statement_of_the_catalogue(member):
    """With one of the kinds it has there, or the id of an erratum that has no statement of its own."""
    if member.plain_id.partition("/")[2].startswith("erratum-E-"):
        return
    assert member.kind in IDS[member.plain_id]


def test_the_catalogue_is_whole():
    """As many statements as the four papers make, and those of others that are stated here."""
    assert {paper: len(statements) for paper, statements in CATALOGUE.items()} == {
        "cao-gu-2020": 108,
        "zou-gu-2019": 75,
        "cao-gu-2019-slides": 15,
        "chen-et-al-2019-poster": 15,
        "du-et-al-2019": 4,
        "ji-telgarsky-2020": 6,
        "liu-zhu-belkin-2020": 4,
        "arora-et-al-2019b": 1,
        "hanin-nica-2020": 2,
        "allen-zhu-et-al-2019": 5,
    }


def test_every_statement_of_the_catalogue_is_a_claim():
    """All of them."""
    assert IDS.keys() <= {claim.plain_id for claim in REGISTRY.values()}


def test_a_reading_on_the_page_has_the_one_that_is_meant_beside_it():
    """No claim is there as printed alone."""
    assert all(claim.plain_id in REGISTRY for claim in REGISTRY.values())
