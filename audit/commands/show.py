"""`lemmata show`: one claim, whole."""

from collections.abc import Mapping
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from lemmata.audit.arguments import claims_from, format_option, id_argument
from lemmata.audit.choosing import find
from lemmata.audit.show.claim_page import page
from lemmata.audit.show.tables import STYLES, Format, emit, number, sign


def show_claim(id: str, form: Format) -> None:
    """Print one claim, whole."""
    document: Mapping[str, Any] = page(find(id))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, lines in _fields(document).items():
        if lines:
            table.add_row(name, Text("\n").join(map(_text, lines)))
    head = f"{document['id']}: {document['title']}"
    emit(form, document, Text(head, style="bold"), _text(document["sentence"]), "", table)


def _fields(document: Mapping[str, Any]) -> dict[str, list[str | Text]]:
    """What stands beside each name, a line each; what a claim has not is left out."""
    d, wide = document, ", infinite width" if document["setting"] else ""
    return {
        "where": [f"{d['reference']} of {d['citation']}"],
        "statement": [d["statement"]],
        "for": _some(d["quantifiers"]),
        "with probability": _some(d["probability"]),
        "bound": _some(f"{sign(d['bound'])} {d['right-hand side']}".strip()),
        "constant": [line for name in ("constant", "lower") if name in d for line in _constant(name, d[name])],
        "margin": [] if d["margin"] is None else [f"{d['margin']:g} of the value"],
        "limit": [f"{number(each['value'])} at {_sizes(each)}{wide}" for each in d["limit"]],
        "assumptions": [each["id"] for each in d["assumptions"]],
        "sizes" if d["setting"] is None else "domain": [_domain(d["domain"])],
        "measured on": list(d["measured on"]),
        "setting": _some(d["setting"]),
        "engines": _some(d["engines"]),
        "worst cases": _some(", ".join(d["attacks"])),
        "measured": _some(d["measured"]),
        "derivation": list(d["derivation"]),
        "false neighbours": [_control(each) for each in d["controls"]],
        "kind": [f"{d['kind']}, the {d['reading']} reading"],
        "expected": [Text(d["expected"], STYLES[d["expected"]])],
        "erratum": _some(d["erratum"]),
        "notes": _some(d["notes"]),
        "file": _some(d["file"]),
    }


def _some(text: str | None) -> list[str | Text]:
    return [text] if text else []


def _text(line: str | Text) -> Text:
    return line if isinstance(line, Text) else Text(line)


def _constant(name: str, constant: dict[str, Any]) -> list[str | Text]:
    """Its value and where that is from; of a two-sided claim the lower side's too."""
    if constant["kind"] is None:
        return []
    side = "lower side: " if name == "lower" else ""
    return [f"{side}{number(constant['value']) or 'none yet'}, {constant['kind']}", *_some(constant["provenance"])]


def _domain(domain: dict[str, Any]) -> str:
    """Ranges where a statement sets an end, what is fixed, and what tests draw."""
    if "draws" not in domain:
        return "; ".join(f"{name} = {', '.join(map(str, values))}" for name, values in domain.items())
    draws = domain["draws"]
    ranges = {name: ends for name, ends in domain.items() if name in draws and ends != [None, None]}
    others = {
        name: value for name, value in domain.items() if name not in draws and name != "draws" and value is not None
    }
    said = [
        f"{name} {low if low is not None else '…'} to {high if high is not None else '…'}"
        for name, (low, high) in ranges.items()
    ]
    said += [f"{name} = {value}" for name, value in others.items()]
    drawn = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in draws.items())
    return "; ".join([", ".join(said) or "all sizes", f"tests draw {drawn}"])


def _sizes(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items() if name != "value")


def _control(control: dict[str, Any]) -> str:
    """A neighbour in a line; one that need not be refuted says why."""
    why = f"; need not be refuted, {control['unrefuted']}" if control["unrefuted"] else ""
    of = "" if control["of"] == "statement" else f" ({control['of']})"
    return f"{control['name']}{of}: {control['statement']}{why}"


@click.command("show")
@format_option
@claims_from
@id_argument
def command(id: str, form: Format) -> None:
    """One claim, whole: statement, assumptions, scaling, constant, controls, erratum.

    ID is a claim's id, with or without the paper: `lemma-5.2a@printed`.
    """
    show_claim(id, form)
