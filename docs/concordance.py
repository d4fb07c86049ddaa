"""Where each statement of the four papers is: `python docs/concordance.py [AUDIT.json]` writes `docs/concordance.md`.

Verdicts are those of the audit, where it has the claim; a derivation's is computed; any other is the expected one. The
table says which.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from lemmata.audit.show.claim_page import defined_at
from lemmata.claims.claim import Claim
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.registry import REGISTRY, whole_claims

PLACE = Path(__file__).with_name("concordance.md")

HEAD = """# Concordance

Every statement of the four papers, in the papers' order, and what is stated of others: what states it here, and its
verdict. *Audited*: measured by `lemmata audit`; *derived*: exponent arithmetic, computed when this table was written;
*expected*: what truth demands, and the tests hold it to. `@printed` is the reading on the page where that is not the
one meant. Written by `python docs/concordance.py`.
"""

COLUMNS = ("claim", "place in the paper", "file", "kind", "reading", "verdict", "verdict is")


def concordance(audited: Mapping[str, Any] | None = None) -> str:
    """The concordance as Markdown.

    Args:
        audited: the `claims` of an audit's JSON document.
    """
    sections = [HEAD, counted()]
    for paper in statements():
        title = next(claim.source.paper.citation for claim in REGISTRY.values() if claim.source.paper.key == paper)
        lines = [f"| {' | '.join(cells)} |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *rows(paper, audited or {}))]
        sections.append("\n".join([f"## {title}", "", *lines]) + "\n")
    return "\n".join(sections)


def counted() -> str:
    """How many statements there are, how many claims they are, and of which kinds."""
    known = {id for ids in statements().values() for id in ids}
    claims = [claim for claim in whole_claims() if claim.source.paper.key in statements()]
    kinds = Counter(claim.kind for claim in claims)
    printed = sum(claim.reading == "printed" for claim in claims)
    others = len({claim.plain_id for claim in claims} - known)
    return (
        f"The catalogue has {len(known)} statements. They are {len(claims)} claims: each statement as it is meant, "
        f"{printed} readings of the print where that says something else, and {others} more statements, of errata and "
        f"runs. By [kind](glossary.md): {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}.\n"
    )


def statements() -> dict[str, list[str]]:
    """Ids of the statements by paper, in the papers' order, as the catalogue lists them."""
    catalogue = tomllib.loads(files("lemmata.claims").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return {paper: [f"{paper}/{name}" for name in names] for paper, names in catalogue.items()}


def rows(paper: str, audited: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row per claim of a paper: those of the catalogue's statements, then errata that have no statement."""
    known = statements()[paper]
    own = [claim for claim in REGISTRY.values() if claim.source.paper.key == paper]
    for id in known:
        stated = [claim for claim in own if claim.plain_id == id]
        yield from (_row(claim, audited) for claim in sorted(stated, key=lambda claim: claim.id))
        if not stated:
            yield (f"`{id.partition('/')[2]}`", "", "", "", "", "not stated yet", "")
    others = [claim for claim in own if claim.plain_id not in known]
    yield from (_row(claim, audited) for claim in sorted(others, key=lambda claim: claim.id))


def _row(claim: Claim, audited: Mapping[str, Any]) -> tuple[str, ...]:
    file = "" if claim.kind == "CTX" else f"`{defined_at(claim).rpartition(':')[0]}`"
    name = claim.id.partition("/")[2]
    place = claim.source.reference.replace("|", r"\|")
    return (f"`{name}`", place, file, claim.kind, claim.reading, *_verdict(claim, audited))


def _verdict(claim: Claim, audited: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict, and where it comes from."""
    if claim.derive is not None:
        return ("supported" if claim.derive(as_stated).holds else "refuted"), "derived"
    if claim.id in audited and claim.measured:
        return str(audited[claim.id]["verdict"]), "audited"
    return claim.expected, "expected"


def main(arguments: list[str]) -> None:
    """Write the concordance into the checkout, from the audit that the first argument names, if any."""
    audited = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))["claims"] if arguments else {}
    PLACE.write_text(concordance(audited), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
