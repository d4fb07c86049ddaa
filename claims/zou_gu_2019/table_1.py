"""Table 1: widths and iterations of gradient descent in six works, as data; where it repeats the text, the same.

Logarithms of n and m and absolute constants are left out, as Õ has it; that of 1/ε counts, as footnote 1 says. `X` is
‖X‖_2, `lambda_K` the smallest eigenvalue of Du et al.'s K^(L), and `two_to_L` stands for their 2^{O(L)}.
"""

import math
from dataclasses import dataclass
from typing import Literal

from lemmata.claims.language.condition import Condition
from lemmata.claims.language.derivation import ASYMPTOTIC, Derivation, Given, Regime, as_stated
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import derived
from lemmata.claims.zou_gu_2019.paper import ONE_LAYER, WIDE_3_3, ZOU_GU_2019

REGIME = Regime(
    large=ASYMPTOTIC.large | {"k", "batch", "X", "log_inverse_eps", "loss"},
    small=ASYMPTOTIC.small | {"lambda_0", "lambda_K"},
)
"""With k, the batch, ‖X‖_2 (unit inputs), log(1/ε) and L(W^(0)) at least 1, and the eigenvalues at most 1.

log(1/ε) is a parameter and no named logarithm: the paper's Õ does not hide it."""


@dataclass(frozen=True)
class Row:
    """What a work asks of the width, how many iterations it needs, and whether it is about deep and ReLU networks."""

    authors: str
    width: Scaling
    iterations: Scaling
    deep: bool
    relu: bool

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What it asks of the width, and of the depth."""
        return (*(() if self.deep else (ONE_LAYER,)), Condition("m", ">=", (self.width,)))


DU = Row("Du et al. [11]", Scaling(n=6, lambda_0=-4), Scaling(n=2, log_inverse_eps=1, lambda_0=-2), False, True)
WU = Row("Wu et al. [19]", Scaling(n=6, lambda_0=-4), Scaling(n=1, log_inverse_eps=1, lambda_0=-1), False, True)
OYMAK = Row(
    "Oymak and Soltanolkotabi [17]",
    Scaling(n=1, X=6, lambda_0=-4),
    Scaling(X=2, log_inverse_eps=1, lambda_0=-1),
    False,
    True,
)
DU_DEEP = Row(
    "Du et al. [9]",
    Scaling(two_to_L=1, n=4, lambda_K=-4),
    Scaling(two_to_L=1, n=2, log_inverse_eps=1, lambda_K=-2),
    True,
    False,
)
ALLEN_ZHU = Row(
    "Allen-Zhu et al. [2]",
    Scaling(k=1, n=24, L=12, phi=-8),
    Scaling(n=6, L=2, log_inverse_eps=1, phi=-2),
    True,
    True,
)
THIS_PAPER = Row(
    "this paper",
    Scaling(k=1, n=8, L=12, phi=-4),
    Scaling(n=2, L=2, log_inverse_eps=1, phi=-1),
    True,
    True,
)

THEOREM_3_3 = (WIDE_3_3.bounds[0], Scaling(n=2, L=2, log_inverse_eps=1, phi=-1))
"""Width, (3.1), and iterations."""

Column = Literal["width", "iterations"]
COLUMNS: tuple[Column, Column] = ("width", "iterations")

TABLE_1 = {"du": DU, "wu": WU, "oymak": OYMAK, "du-deep": DU_DEEP, "allen-zhu": ALLEN_ZHU, "this-paper": THIS_PAPER}
"""The rows, by the end of their claims' ids."""

WORST_CASE = Scaling(phi=1, n=-2)
"""λ_0 as Proposition 3.6 bounds it from below, which the paper puts into the rows of others."""

TWO_LAYERS = {"k": ONE, "L": ONE}
"""Where a row about deep networks is comparable with those about two layers."""


def on_data(
    *,
    lambda_0: float,
    norm: float,
    n: int,
    phi: float,
    eps: float,
    k: int = 1,
    L: int = 1,
    lambda_K: float | None = None,
) -> dict[str, tuple[float, float]]:
    """Width and iterations of each row as numbers, every constant and logarithm of n and m being 1.

    Args:
        lambda_0: smallest eigenvalue of H.
        norm: ‖X‖_2.
        n: number of inputs.
        phi: their smallest distance.
        eps: accuracy, below 1.
        k: output dimension.
        L: hidden layers; the two-layer rows are about 1.
        lambda_K: smallest eigenvalue of K^(L), for another activation; without it that row is left out.
    """
    values = {"lambda_0": lambda_0, "X": norm, "n": n, "phi": phi, "k": k, "L": L, "two_to_L": 2.0**L}
    values["log_inverse_eps"] = math.log(1 / eps)
    if lambda_K is not None:
        values["lambda_K"] = lambda_K
    rows = {name: row for name, row in TABLE_1.items() if row is not DU_DEEP or lambda_K is not None}
    return {name: (row.width.value(values), row.iterations.value(values)) for name, row in rows.items()}


def entry(d: Derivation, row: Row, column: Column, **values: Scaling) -> Scaling:
    """A row's width or iterations as a premise, with parameters replaced by what they are."""
    taken = d.take(f"{column}, {row.authors}", getattr(row, column), "Table 1")
    return d.substitute(f"{column} there, {row.authors}", taken, **values) if values else taken


def bounded_norm(d: Derivation) -> Scaling:
    """‖X‖_2 of unit inputs is at most √n."""
    return d.take("‖X‖_2 is at most", Scaling(n="1/2"), "footnote 2, worst case")


@derived(
    "zou-gu-2019/table-1-du",
    sentence="Table 1's row for Du et al., two layers.",
    source=ZOU_GU_2019.at("Table 1, first row, with the introduction"),
    statement=r"m = \Omega(n^6 \lambda_0^{-4}), T = O(n^2 \log(1/\epsilon) \lambda_0^{-2})",
    preconditions=DU.conditions,
)
def row_of_du(given: Given = as_stated) -> Derivation:
    """The row is what the introduction says of Du et al."""
    d = Derivation(given, REGIME)
    _repeats(d, DU, (Scaling(n=6, lambda_0=-4), Scaling(n=2, log_inverse_eps=1, lambda_0=-2)), "introduction")
    return d


def _repeats(d: Derivation, row: Row, text: tuple[Scaling, Scaling], where: str) -> None:
    """Whether a row has the width and the iterations that the text has."""
    for column, printed in zip(COLUMNS, text, strict=True):
        d.equal(column, entry(d, row, column), d.take(f"{column} in the text", printed, where))


@derived(
    "zou-gu-2019/table-1-wu",
    sentence="Table 1's row for Wu et al., two layers.",
    source=ZOU_GU_2019.at("Table 1, second row, with the introduction"),
    statement=r"m = \Omega(n^6 \lambda_0^{-4}), T = O(n \log(1/\epsilon) \lambda_0^{-1})",
    preconditions=WU.conditions,
)
def row_of_wu(given: Given = as_stated) -> Derivation:
    """The width of Du et al., and iterations better by n / λ_0, as the introduction says."""
    d = Derivation(given, REGIME)
    d.equal("width", entry(d, WU, "width"), entry(d, DU, "width"))
    iterations = entry(d, WU, "iterations")
    printed = d.take("iterations in the text", Scaling(n=1, log_inverse_eps=1, lambda_0=-1), "introduction")
    d.equal("iterations", iterations, printed)
    d.equal("improvement in iterations", entry(d, DU, "iterations") / iterations, Scaling(n=1, lambda_0=-1))
    return d


@derived(
    "zou-gu-2019/table-1-oymak",
    sentence="Table 1's row for Oymak and Soltanolkotabi, two layers.",
    source=ZOU_GU_2019.at("Table 1, third row, with the introduction"),
    statement=r"m = \Omega(n \|X\|_2^6 \lambda_0^{-4}), T = O(\|X\|_2^2 \log(1/\epsilon) \lambda_0^{-1})",
    preconditions=OYMAK.conditions,
)
def row_of_oymak(given: Given = as_stated) -> Derivation:
    """The width is the introduction's, at most Du et al.'s since ‖X‖² ≤ n; so are the iterations, against Wu et al."""
    d = Derivation(given, REGIME)
    width, iterations = entry(d, OYMAK, "width"), entry(d, OYMAK, "iterations")
    d.equal("width", width, d.take("width in the text", Scaling(n=1, X=6, lambda_0=-4), "introduction"))
    norm = bounded_norm(d)
    d.at_most("width against Du et al.", d.enlarge("largest width", width, X=norm), entry(d, DU, "width"))
    most = d.enlarge("most iterations", iterations, X=norm)
    d.at_most("iterations against Wu et al.", most, entry(d, WU, "iterations"))
    return d


@derived(
    "zou-gu-2019/table-1-du-deep",
    sentence="Table 1's row for Du et al., deep: exponential in the depth.",
    source=ZOU_GU_2019.at("Table 1, fourth row, with Remark 3.4"),
    statement=r"m = \Omega(2^{O(L)} n^4 \lambda_{\min}(K^{(L)})^{-4}),"
    r" T = O(2^{O(L)} n^2 \log(1/\epsilon) \lambda_{\min}(K^{(L)})^{-2})",
    notes="Smooth activations, so that no other row can be compared with it on data. The text repeats neither entry.",
    preconditions=DU_DEEP.conditions,
)
def row_of_du_deep(given: Given = as_stated) -> Derivation:
    """Exponential in depth, as Remark 3.4 says; at fixed depth the width is the square of the iterations."""
    d = Derivation(given, REGIME)
    width, iterations = entry(d, DU_DEEP, "width"), entry(d, DU_DEEP, "iterations")
    for column, product in zip(COLUMNS, (width, iterations), strict=True):
        d.decreases(f"L over the {column}, in L", Scaling(L=1) / depth_of(product), "two_to_L", "L")
    d.equal("width", width, iterations**2, up_to=("two_to_L", "log_inverse_eps"))
    return d


def depth_of(product: Scaling) -> Scaling:
    """The powers of L and of 2^L alone."""
    return Scaling(**{name: power for name, power in product.powers.items() if name in ("L", "two_to_L")})


@derived(
    "zou-gu-2019/table-1-allen-zhu",
    sentence="Table 1's row for Allen-Zhu et al., deep: n²⁴ in the width.",
    source=ZOU_GU_2019.at("Table 1, fifth row, with Remark 3.4"),
    statement=r"m = \tilde\Omega(k n^{24} L^{12} \phi^{-8}), T = O(n^6 L^2 \log(1/\epsilon) \phi^{-2})",
    preconditions=ALLEN_ZHU.conditions,
)
def row_of_allen_zhu(given: Given = as_stated) -> Derivation:
    """The row is what Remark 3.4 says of Allen-Zhu et al."""
    d = Derivation(given, REGIME)
    text = Scaling(k=1, n=24, L=12, phi=-8), Scaling(n=6, L=2, log_inverse_eps=1, phi=-2)
    _repeats(d, ALLEN_ZHU, text, "Remark 3.4")
    return d


@derived(
    "zou-gu-2019/table-1-this-paper",
    sentence="Table 1's row for this paper is Theorem 3.3.",
    source=ZOU_GU_2019.at("Table 1, last row, with Theorem 3.3"),
    statement=r"m = \tilde\Omega(k n^8 L^{12} \phi^{-4}), T = O(n^2 L^2 \log(1/\epsilon) \phi^{-1})",
    preconditions=THIS_PAPER.conditions,
)
def row_of_this_paper(given: Given = as_stated) -> Derivation:
    """The row is Theorem 3.3."""
    d = Derivation(given, REGIME, tilde=True)
    _repeats(d, THIS_PAPER, THEOREM_3_3, "Theorem 3.3")
    return d


@derived(
    "zou-gu-2019/table-1-dominance",
    sentence="At λ_0 of order φ/n², the last row of Table 1 is at most every other one.",
    source=ZOU_GU_2019.at("end of section 1, at λ_0 of order φ/n²"),
    statement=r"\lambda_0 = \phi n^{-2} \implies \text{the last row is at most every other one}",
    erratum="E-41, E-42",
    notes="On data of the worst case alone: see erratum-E-42. Du et al.'s deep row is left out: the order of its "
    "eigenvalue, which is that of another kernel, is not given.",
)
def last_row_is_best_in_the_worst_case(given: Given = as_stated) -> Derivation:
    """At λ_0 = φ/n² no row asks for less width or fewer iterations; the two-layer rows at k = L = 1."""
    d = Derivation(given, REGIME)
    lambda_0 = d.take("λ_0", WORST_CASE, "Proposition 3.6, attained")
    for column in COLUMNS:
        ours = entry(d, THIS_PAPER, column)
        d.at_most(f"{column} against {ALLEN_ZHU.authors}", ours, entry(d, ALLEN_ZHU, column))
        ours = d.substitute(f"{column} at k = L = 1", ours, **TWO_LAYERS)
        for other in (DU, WU, OYMAK):
            d.at_most(f"{column} against {other.authors}", ours, entry(d, other, column, lambda_0=lambda_0))
    return d


def _eigenvalue(d: Derivation) -> Scaling:
    """λ_0 from Lemma 4.1 at k = L = 1: ‖∇L‖² is at least 2 m λ_0 L(W) / n there, and some residual attains that."""
    attained = d.take("‖∇L‖², residual along the lowest eigenvector", Scaling(m=1, lambda_0=1, n=-1, loss=1), "L = 1")
    bound = d.take("Lemma 4.1 at k = L = 1", Scaling(m=1, phi=1, n=-2, loss=1), "Lemma 4.1")
    return d.least("lambda_0", "Lemma 4.1 for every residual", bound, attained)


@derived(
    "zou-gu-2019/erratum-E-42@printed",
    sentence="With λ_0 of order φ/n the paper still asks for no more than Oymak and Soltanolkotabi.",
    source=ZOU_GU_2019.at("Remark 3.7, with λ_0 from Lemma 4.1"),
    statement=r"\lambda_0 \ge c \phi n^{-1} \implies"
    r" \text{Corollary 3.5 asks for no more than Oymak and Soltanolkotabi}",
    erratum="E-42",
    expected="refuted",
)
def comparison_survives_the_better_eigenvalue(given: Given = as_stated) -> Derivation:
    """With the order of λ_0 that the paper's own Lemma 4.1 implies, the comparison turns round."""
    d = Derivation(given, REGIME)
    lambda_0 = _eigenvalue(d)
    for column in COLUMNS:
        d.at_most(column, entry(d, THIS_PAPER, column, **TWO_LAYERS), entry(d, OYMAK, column, lambda_0=lambda_0))
    return d


@derived(
    "zou-gu-2019/erratum-E-42",
    sentence="With λ_0 of order φ/n, Oymak and Soltanolkotabi ask for no more than the paper.",
    source=ZOU_GU_2019.at("Remark 3.7, with λ_0 from Lemma 4.1"),
    statement=r"\lambda_0 \ge c \phi n^{-1} \implies"
    r" n \|X\|_2^6 \lambda_0^{-4} \le C n^8 \phi^{-4}, \|X\|_2^2 \lambda_0^{-1} \le C n^2 \phi^{-1}",
    erratum="E-42",
)
def eigenvalue_of_lemma_4_1_favours_the_competitor(given: Given = as_stated) -> Derivation:
    """λ_0 ≥ c φ/n; Oymak and Soltanolkotabi then never ask for more, since ‖X‖² ≤ n."""
    d = Derivation(given, REGIME)
    lambda_0 = _eigenvalue(d)
    d.equal("λ_0", lambda_0, Scaling(phi=1, n=-1))
    norm = bounded_norm(d)
    for column in COLUMNS:
        theirs = d.enlarge(f"{column}, at most", entry(d, OYMAK, column, lambda_0=lambda_0), X=norm)
        d.at_most(f"{column}, theirs against ours", theirs, entry(d, THIS_PAPER, column, **TWO_LAYERS))
    return d
