"""An audit as a paper's appendix or a spreadsheet takes it: LaTeX and CSV."""

import csv
import io
import re
from typing import Any

from lemmata.audit.show import glance
from lemmata.audit.show.markdown import interval
from lemmata.audit.show.tables import number
from lemmata.claims.language.scaling import LOGS, SYMBOLS, Scaling

Document = dict[str, Any]

SIGNS = {"upper": r"$\le$", "lower": r"$\ge$", "equality": "$=$", "both": r"$\Theta$"}

SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "…": r"\ldots{}",
}
"""How characters are written that mean something to LaTeX."""

FORMULA = "=+-@＝＋－＠"
"""With one of these a formula begins in a cell."""

HEAD = r"""%% {command}
%% {date}, commit {commit}
%% \usepackage{{booktabs,longtable,tikz}} \usetikzlibrary{{shapes.geometric}}
%%
%% @software{{lemmata,
%%   title   = {{lemmata: property tests and audits for the lemmas of over-parameterised deep {{ReLU}} network theory}},
%%   author  = {{{{The lemmata developers}}}},
%%   version = {{{lemmata}}},
%%   year    = {{{year}}},
%% }}
\begin{{footnotesize}}\setlength{{\tabcolsep}}{{4pt}}
\begin{{longtable}}{{llllllp{{0.23\textwidth}}}}
\caption{{Claims with their verdict; constant, the {upper:g}\,\% quantile over initialisations of the ratio of the two
sides (of lower bounds the {lower:g}\,\% quantile) with its 95\,\% interval; its limit at infinite width and the stated
value, where known; growth of the left-hand side as measured (claimed).}}\\
\toprule claim & & verdict & constant & limit & stated & growth (claimed) \\ \midrule \endfirsthead
\toprule claim & & verdict & constant & limit & stated & growth (claimed) \\ \midrule \endhead
\bottomrule \endfoot"""


def latex(audit: Document) -> str:
    """A table in booktabs style over as many pages as it needs, and a picture of the exponents."""
    environment, claims = audit["environment"], audit["claims"]
    made = {name: " ".join(str(environment[name]).split()) for name in ("command", "date", "commit", "lemmata")}
    delta = 100 * environment["delta"]
    head = HEAD.replace("%%", "%").format(**made, year=made["date"][:4], upper=100 - delta, lower=delta)
    rows = [_row(id, claim) for id, claim in claims.items()]
    return "\n".join([head, *rows, r"\end{longtable}", r"\end{footnotesize}", *_picture(glance.exponents(claims)), ""])


def _row(id: str, claim: Document) -> str:
    constant = claim["constant"]
    sides = [interval(claim[name]) for name in ("lower", "constant") if name in claim]
    growth = [
        f"${letter(name)}^{{{e['slope']:.2f}}}$ (${escaped(e['exact'])}$){'' if e['decides'] else '?'}"
        for name, e in claim["exponents"].items()
    ]
    cells = (
        rf"\texttt{{{escaped(glance.short(id))}}}",
        SIGNS.get(str(claim["about"]["bound"]), ""),
        escaped(claim["verdict"]),
        escaped(" … ".join(sides)),
        number(constant["limit"]),
        number(constant["stated"]),
        ", ".join(growth),
    )
    return " & ".join(cells) + r" \\"


def letter(name: str) -> str:
    """A parameter or a named logarithm in LaTeX: of anybody's own as text."""
    if name == "mu":
        return r"\mu"
    if name in SYMBOLS or name in LOGS:
        return Scaling(**{name: 1}).latex()
    return name if re.fullmatch("[A-Za-z]", name) else rf"\mathrm{{{escaped(name)}}}"


def _picture(dots: list[glance.Dot]) -> list[str]:
    """The exponents against the claimed ones, a row per parameter."""
    if not dots:
        return []
    low, high = glance.ENDS
    marks, rows = [], glance.grouped(dots)
    for at, (name, of) in enumerate(rows.items()):
        marks.append(rf"\node[anchor=east] at ({low - 0.1:g},{-at / 2:g}) {{${letter(name)}$}};")
        for dot in of:
            x, shape = min(max(dot.value, low), high), "diamond" if dot.verdict == "refuted" else "circle"
            fill = "black!25" if dot.faint else "black"
            marks.append(rf"\node[{shape},fill={fill},inner sep=1.2pt] at ({x:.3f},{-at / 2:g}) {{}};")
    bottom = -(len(rows) - 1) / 2 - 0.3
    ticks = [rf"\node[anchor=north] at ({x},{bottom:g}) {{${x}$}};" for x in range(int(low), int(high) + 1)]
    return [
        r"\begin{figure}\centering",
        r"\begin{tikzpicture}[x=2.6cm,y=0.8cm,font=\small]",
        rf"\fill[black!10] ({-glance.CLOSE:g},{bottom:g}) rectangle ({glance.CLOSE:g},0.3);",
        rf"\draw[black!40] ({low:g},{bottom:g}) -- ({high:g},{bottom:g});",
        *marks,
        *ticks,
        r"\end{tikzpicture}",
        r"\caption{Measured minus claimed exponents, positive in the direction that would break the claim: discs of",
        r"claims that stand, diamonds of claims that fell, grey where nothing is decided; what is beyond the ends",
        r"stands at the ends.}",
        r"\end{figure}",
    ]


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(SPECIAL.get(character, character) for character in text)


def inert(text: str) -> str:
    """Text that no spreadsheet runs: a ' before one that it would take for a formula; rational numbers stay."""
    runs = text.lstrip()[:1] in FORMULA and not re.fullmatch(r"-?\d+(/\d+)?", text)
    return f"'{text}" if text.strip() and runs else text


def table(audit: Document) -> str:
    """CSV, a row per claim; of every parameter that occurs the exponent as measured, its interval, and as claimed."""
    claims = audit["claims"]
    names = list(dict.fromkeys(name for claim in claims.values() for name in claim["exponents"]))
    numbers = ("estimate", "low", "high", "attack", "certificate", "certified", "limit", "stated")
    columns = ["claim", "paper", "reference", "bound", "verdict", "expected", *numbers]
    columns += ["conditions_met", "trivial", "configurations", "initialisations"]
    columns += [f"{name}_{kind}" for name in names for kind in ("measured", "low", "high", "claimed", "decides")]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writerow({column: inert(column) for column in columns})
    for id, claim in claims.items():
        about, constant = claim["about"], claim["constant"]
        row = {"claim": id, **{name: about[name] for name in ("paper", "reference", "bound")}}
        row |= {name: claim[name] for name in ("verdict", "expected", "initialisations")}
        row |= {name: constant[name] for name in numbers}
        row |= {"conditions_met": claim["conditions"][0], "trivial": claim["trivial"][0]}
        row["configurations"] = len(constant["configurations"])
        for name, e in claim["exponents"].items():
            values = (e["slope"], e["low"], e["high"], e["exact"], e["decides"])
            row |= {
                f"{name}_{kind}": value
                for kind, value in zip(("measured", "low", "high", "claimed", "decides"), values, strict=True)
            }
        writer.writerow({column: inert(value) if isinstance(value, str) else value for column, value in row.items()})
    return stream.getvalue()
