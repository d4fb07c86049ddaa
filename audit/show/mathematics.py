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
LONGEST = 20_000
"""Characters of a statement; a longer one is no formula."""


def typeset(latex: str) -> Markup:
    """LaTeX as MathML, a line per part between quads; what the converter does not know stays as it is written."""
    try:
        if len(latex) > LONGEST:
            raise ValueError(f"{len(latex)} characters")
        spaced = re.sub(r"\\(log|exp|max|min|Tr)(?![a-z])", r"\\,\\\1", latex)
        lines = [_element(latex2mathml.converter.convert_to_element(line)) for line in re.split(r"\\q?quad\b", spaced)]
        return Markup("<br>").join(Markup(tostring(line, encoding="unicode")) for line in lines)
    except Exception:  # the converter raises whatever its parser stumbles over
        return Markup(f"<code>{escape(latex)}</code>")


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
