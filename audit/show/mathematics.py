"""LaTeX as MathML: only elements and attributes that the converter makes of formulas, whatever a statement holds."""

import re
from html import unescape
from xml.etree.ElementTree import Element, tostring

import latex2mathml.converter
from markupsafe import Markup, escape

ELEMENTS = re.compile(
    "math|none|semantics|m(action|enclose|fenced|frac|i|multiscripts|n|o|over|padded|phantom|prescripts|root|row|s|space|"
    "sqrt|style|sub|subsup|sup|table|td|text|tr|under|underover)"
)
ATTRIBUTES = re.compile(
    "xmlns|display|displaystyle|stretchy|fence|form|separator|width|height|depth|[lr]space|voffset|accent(under)?|"
    "math(variant|size|color|background)|scriptlevel|(min|max)size|linethickness|column(align|lines|spacing)|"
    "row(lines|spacing)|movablelimits|symmetric|largeop|notation"
)
LINK = re.compile(r"https?://|#", re.IGNORECASE)
BREAKS = frozenset("≤≥=+−<>∝∼∈⟹⟺⇒⇔→⟶·")
"""Signs before which a formula may go on in the next line."""

BARS = frozenset("|∣∥‖")
"""What opens a norm and closes it."""

LONGEST = 20_000
"""Characters of a statement; a longer one is no formula."""


def typeset(latex: str) -> Markup:
    """LaTeX as MathML, a line per part between quads; what the converter does not know stays as it is written.

    A line is several formulas side by side, each beginning at a relation or a sum's sign, between which it may wrap.
    """
    try:
        if len(latex) > LONGEST:
            raise ValueError(f"{len(latex)} characters")
        latex = re.sub(r"\\(log|exp)(?=\s+[A-Za-z])", r"\\\1\\,", latex)
        spaced = re.sub(r"\\(log|exp|max|min|Tr)(?![a-z])", r"\\,\\\1", latex)
        lines = [_element(latex2mathml.converter.convert_to_element(line)) for line in re.split(r"\\q?quad\b", spaced)]
        return Markup("<br>").join(Markup("<wbr>").join(map(_markup, _pieces(line))) for line in lines)
    except Exception:  # the converter raises whatever its parser stumbles over
        return Markup(f"<code>{escape(latex)}</code>")


def _markup(formula: Element) -> Markup:
    """A formula, or the text between two, which wraps as other text does."""
    if len(formula) == 1 and formula[0].tag == "mtext":
        return escape(" ".join((formula[0].text or "").split()).join("  "))
    return Markup(tostring(formula, encoding="unicode"))


def _pieces(formula: Element) -> list[Element]:
    """The formula, broken before every relation, sum and implication that stands in no bracket and between no bars.

    Text in it is a piece of its own.
    """
    row = formula[0] if len(formula) == 1 and formula[0].tag == "mrow" else formula
    pieces: list[Element] = []
    depth, bars = 0, 0
    for child in row:
        base = (
            child[0] if child.tag in ("msub", "msup", "msubsup") and len(child) else child
        )  # of ‖…‖_2 the closing bar
        sign = (base.text or "").strip() if base.tag in ("mo", "mi") else ""
        open_ = depth > 0 or bars % 2 > 0
        words = not open_ and (child.tag == "mtext" or (bool(pieces) and pieces[-1][-1].tag == "mtext"))
        if not pieces or words or (sign in BREAKS and not open_):
            if pieces and child.tag == "mo":
                child.set("form", "infix")  # with space on both sides, though it begins a line
            pieces.append(Element(formula.tag, formula.attrib))
        pieces[-1].append(child)
        depth += (sign in {"(", "[", "{"}) - (sign in {")", "]", "}"})
        bars += sign in BARS
    return pieces or [formula]


def _element(made: Element) -> Element:
    """The element with what is mathematics of it: the converter leaves text as it stands, and takes styles and links.

    Raises:
        ValueError: if it is no element of MathML.
    """
    if not ELEMENTS.fullmatch(made.tag):
        raise ValueError(f"{made.tag!r} is no element of MathML")
    kept = Element(made.tag, {name: value for name, value in made.attrib.items() if _harmless(name, value)})
    kept.text, kept.tail = (None if text is None else unescape(text) for text in (made.text, made.tail))
    kept.extend(_element(child) for child in made)
    return kept


def _harmless(name: str, value: str) -> bool:
    return bool(ATTRIBUTES.fullmatch(name) or (name == "href" and LINK.match(value)))
