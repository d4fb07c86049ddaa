"""Appendix C.1, proof of Lemma B.2: α̃_1 from the random feature, α̃_l = W_l⁽⁰⁾ᵀ α̃_{l−1}, and what they separate."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, CONES, CONES_PLAN, DEEP_CONES, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.witnesses import alphas, beyond_a_plane, feature, gamma, products
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.registry import claim

ERRORS = 8.0
"""Standard errors allowed between one sum over the units of a layer and its expectation.

A Gaussian exceeds them with probability 1e-15, and these sums of 512 or more products of Gaussians, whose skewness is
at most 0.18, with less than 1e-10."""

FIRST_LAYER = Domain(
    draws={"m": (1024, 4096), "L": (1, 1), "n": (8, 8)}, fixed=CONES.fixed, values={"phi": (0.05, 0.2, 0.4)}
)
"""Statements about α̃_1 alone."""

FIRST_LAYER_PLAN = Plan(lines={"m": (1024, 4096, 16384), "n": (4, 8, 16), "phi": DRAWN}, start=CONES_PLAN.start)

ONE_LABEL = Domain(
    L=(2, None),
    draws={"m": (512, 1024), "L": (2, 3), "n": (1, 4)},
    fixed={"data": "sphere", "d": 2, "labels": "ones", "ratio": 1},
)
"""Data with the largest margin, γ = 1/√(2π): deviations of order m^{−1/2} stay below it at these widths."""

ONE_LABEL_PLAN = Plan(lines={"m": (512, 1024), "L": (2, 3), "n": (1, 2, 4)}, examples=6)


PREMISES = Domain(L=(2, None), draws={"m": (2048, 4096), "L": (2, 2), "n": (1, 2)}, fixed=ONE_LABEL.fixed)
"""Where increments, of order m^{−1/2}, are below γ/(4L) at most initialisations; three layers would take m = 8192."""

PREMISES_PLAN = Plan(lines={"m": (2048, 4096), "n": (1, 2)}, examples=3)


def _norms(case: Case) -> Tensor:
    """‖α̃_l‖ for l = 1, …, L, (S, L)."""
    return torch.stack([torch.linalg.vector_norm(alpha, dim=-1) for alpha in alphas(case)], 1)


def _given(holds: Tensor, value: Tensor, bound: Tensor | float, axes: tuple[str, ...]) -> Measurement:
    """Both sides where the premise holds; where it fails both are 0, and nothing is said."""
    bound = torch.as_tensor(bound).to(value).expand_as(value)
    return Measurement(torch.where(holds, value, 0.0), (torch.where(holds, bound, 0.0),), axes)


@claim(
    "cao-gu-2020/C.1-alpha1-norm",
    sentence="The first layer's witness has norm at most 1.",
    source=CAO_GU_2020.at("appendix C.1, definition of α̃_1"),
    statement=r"\|\tilde\alpha_1\|_2^2 = m_1^{-1} \sum_j c^2(\sqrt{m_1/2} w_j) \le 1",
    obstacle=beyond_a_plane,
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=FIRST_LAYER,
    plan=FIRST_LAYER_PLAN,
    quantifiers="for the c that attains γ",
    erratum="E-35",
    controls=(Control("0.99 for 1", "‖α̃_1‖ ≤ 0.99", factor=0.99),),
    notes="Later quoted as equality, which holds where |c| = 1 almost everywhere.",
)
def first_witness_is_at_most_one(case: Case) -> Measurement:
    """‖α̃_1‖."""
    return Measurement(_norms(case)[:, 0])


def _first_deviation(case: Case, *, truth: float = math.sqrt(2)) -> Tensor:
    """|α̃_1ᵀ x_{1,i} − √2 f(x_i)|, (S, n)."""
    return (products(case, alphas(case)[:1])[:, 0] - truth * feature(case).values).abs()


def _first_error(case: Case) -> Tensor:
    """Standard deviation of α̃_1ᵀ x_{1,i} where |c| = 1: √((1 − 2 f(x_i)²) / m_1), (1, n); no c has a larger one."""
    second = 1 - 2 * feature(case).values.square()
    return (second / case.initial.architecture.widths[0]).sqrt()[None]


@claim(
    "cao-gu-2020/C.1-mean",
    sentence="The first witness has, in the mean, √2 times the separating function's value.",
    source=CAO_GU_2020.at("appendix C.1, expectation of α̃_1ᵀ x_1"),
    statement=r"E[\tilde\alpha_1^\top x_{1,i}^{(0)}] = \sqrt2 f(x_i)",
    obstacle=beyond_a_plane,
    kind="EXACT",
    bound="upper",
    stated=1.0,
    domain=FIRST_LAYER.drawing(m=(32_768, 65_536)),
    plan=replace(FIRST_LAYER_PLAN, lines={**FIRST_LAYER_PLAN.lines, "m": (32_768, 65_536)}, examples=6),
    quantifiers="for all i ≤ n; the mean over m_1 independent units lies within eight standard errors",
    controls=(
        Control(
            "1 for √2",
            "E[α̃_1ᵀ x_1,i] = f(x_i)",
            measure=lambda case: Measurement(
                _first_deviation(case, truth=1.0), (ERRORS * _first_error(case),), ("example",)
            ),
        ),
    ),
)
def first_witness_has_the_features_mean(case: Case) -> Measurement:
    """The deviation from √2 f(x_i), which is exact, against eight standard errors, which are exact too."""
    return Measurement(_first_deviation(case), (ERRORS * _first_error(case),), ("example",))


@claim(
    "cao-gu-2020/C.1-concentration",
    sentence="The first witness is near its mean, by √(log(n/δ)/m).",
    source=CAO_GU_2020.at("appendix C.1, concentration of α̃_1ᵀ x_1"),
    statement=r"|\tilde\alpha_1^\top x_{1,i}^{(0)} - \sqrt2 f(x_i)| \le C_2 \sqrt{\log(4en/\delta) / m_1}",
    obstacle=beyond_a_plane,
    kind="PROB",
    bound="upper",
    stated=math.sqrt(2),
    domain=FIRST_LAYER,
    plan=FIRST_LAYER_PLAN,
    quantifiers="for all i ≤ n",
    probability=WITH_PROBABILITY,
    controls=(Control("half of it", "the same with C_2 = 1/√2", factor=0.5),),
    notes="C_2 is not given. The units' standard deviation is below 1, so that √2 suffices at large width.",
)
def first_witness_concentrates(case: Case) -> Measurement:
    """The deviation from the mean, against √(log(4en/δ) / m_1)."""
    n = len(case.inputs)
    size = math.sqrt(math.log(4 * math.e * n / case.delta) / case.initial.architecture.widths[0])
    return Measurement(_first_deviation(case), (size,), ("example",))


@claim(
    "cao-gu-2020/C.1-margin1",
    sentence="A first witness near its mean separates the first features with margin γ/2.",
    source=CAO_GU_2020.at("appendix C.1, margin of α_1"),
    statement=r"|\tilde\alpha_1^\top x_{1,i}^{(0)} - \sqrt2 f(x_i)| \le \gamma/2 \Rightarrow"
    r" y_i \alpha_1^\top x_{1,i}^{(0)} \ge \sqrt2 \gamma - \gamma/2 > \gamma/2",
    obstacle=beyond_a_plane,
    kind="DET",
    bound="lower",
    stated=1.0,
    domain=FIRST_LAYER,
    plan=FIRST_LAYER_PLAN,
    quantifiers="for all i ≤ n",
    controls=(
        Control("√2 γ", "y_i α_1ᵀ x_1,i ≥ √2 γ", factor=math.sqrt(2) / (math.sqrt(2) - 0.5)),
        Control(
            "without the normalisation's sign",
            "the same for −α_1",
            measure=lambda case: _first_margin(case, sign=-1.0),
        ),
    ),
)
def first_witness_separates(case: Case) -> Measurement:
    """The margin of α_1 = α̃_1 / ‖α̃_1‖, on the initialisations at which α̃_1 is within γ/2 of its mean."""
    return _first_margin(case, sign=1.0)


def _first_margin(case: Case, *, sign: float) -> Measurement:
    bound = gamma(case) * (math.sqrt(2) - 0.5)
    holds = (_first_deviation(case) <= gamma(case) / 2).all(-1, keepdim=True)
    value = sign * case.labels[:, 0] * products(case, alphas(case)[:1])[:, 0] / _norms(case)[:, :1]
    return _given(holds, value, bound, ("example",))


def _growth(case: Case) -> tuple[Tensor, Tensor]:
    """|‖α̃_l‖² − 2‖α̃_{l−1}‖²| and ‖α̃_{l−1}‖² for l = 2, …, L, (S, L − 1)."""
    squares = _norms(case).square()
    return (squares[:, 1:] - 2 * squares[:, :-1]).abs(), squares[:, :-1]


def _upper_widths(case: Case) -> Tensor:
    """m_2, …, m_L."""
    return torch.tensor(case.initial.architecture.widths[1:]).to(case.inputs)


@claim(
    "cao-gu-2020/C.1-norm-recursion",
    sentence="The squared norm of the witness doubles from layer to layer, nearly.",
    source=CAO_GU_2020.at("appendix C.1, norm of α̃_l"),
    statement=r"\left|\|\tilde\alpha_l\|_2^2 - 2 \|\tilde\alpha_{l-1}\|_2^2\right| \le"
    r" C_3 \|\tilde\alpha_{l-1}\|_2^2 \sqrt{\log(4L/\delta) / m_l}",
    obstacle=beyond_a_plane,
    kind="PROB",
    bound="upper",
    stated=4.0,
    domain=DEEP_CONES,
    plan=CONES_PLAN,
    quantifiers="for all 2 ≤ l ≤ L",
    probability=WITH_PROBABILITY,
    erratum="E-08",
    controls=(
        Control("half of it", "the same with C_3 = 2", factor=0.5),
        Control(
            "1 for 2",
            "|‖α̃_l‖² − ‖α̃_{l−1}‖²| within the same bound",
            measure=lambda case: _recursion(case, shift=True),
        ),
    ),
    notes="‖α̃_l‖² / ‖α̃_{l−1}‖² is 2 χ²_m / m, of standard deviation √(8/m): C_3 = 4 suffices at large width. Without "
    "the transpose, as printed, norms behave alike, and inner products do not: see C.1-inner-product-preserved.",
)
def witness_norms_double(case: Case) -> Measurement:
    """The squared norm's deviation from twice that of the layer below."""
    return _recursion(case, shift=False)


def _recursion(case: Case, *, shift: bool) -> Measurement:
    deviation, square = _growth(case)
    value = (_norms(case)[:, 1:].square() - square).abs() if shift else deviation
    size = (math.log(4 * case.hidden / case.delta) / _upper_widths(case)).sqrt()
    return Measurement(value, (square * size,), ("step",))


@claim(
    "cao-gu-2020/C.1-norm-bound",
    sentence="Where norms at most double, the witness of layer l has norm at most 2^(l−1).",
    source=CAO_GU_2020.at("appendix C.1, bound of ‖α̃_l‖"),
    statement=r"\left|\|\tilde\alpha_r\|_2^2 - 2 \|\tilde\alpha_{r-1}\|_2^2\right| \le 2 \|\tilde\alpha_{r-1}\|_2^2"
    r" \; \forall r \le l \Rightarrow \|\tilde\alpha_l\|_2 \le 2^{l-1}",
    obstacle=beyond_a_plane,
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=CONES,
    plan=CONES_PLAN,
    quantifiers="for all l ≤ L",
    controls=(
        Control(
            "2^(l−1)/2 for 2^(l−1)",
            "‖α̃_l‖ ≤ 2^{(l−1)/2}, its size on average",
            measure=lambda case: _norm_bound(case, math.sqrt(2)),
        ),
    ),
    notes="Loose: the norms are close to 2^{(l−1)/2}.",
)
def witness_norms_are_bounded(case: Case) -> Measurement:
    """‖α̃_l‖, on the initialisations at which the norms below at most double."""
    return _norm_bound(case, 2.0)


def _norm_bound(case: Case, base: float) -> Measurement:
    bound = base ** torch.arange(case.hidden).to(case.inputs)
    return _given(_at_most_double(case), _norms(case), bound, ("layer",))


def _at_most_double(case: Case) -> Tensor:
    deviation, square = _growth(case)
    return (deviation <= 2 * square).all(-1, keepdim=True)


def _increments(case: Case, *, transposed: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """<α̃_l, x_l> − <α̃_{l−1}, x_{l−1}>, the latter, and ‖α̃_{l−1}‖² ‖x_{l−1}‖², for l = 2, …, L, (S, L − 1, n)."""
    built = alphas(case, transposed=transposed)
    inner = products(case, built)
    sizes = [
        alpha.square().sum(-1)[:, None] * x.square().sum(-1)
        for alpha, x in zip(built[:-1], case.at_initial.features[1:-1], strict=True)
    ]
    return inner[:, 1:] - inner[:, :-1], inner[:, :-1], torch.stack(sizes, 1)


def _preserved(case: Case, *, transposed: bool) -> Measurement:
    increment, below, size = _increments(case, transposed=transposed)
    # E[(w·α)² (w·x)² 1{w·x > 0}] = 2 (‖α‖² ‖x‖² + 2 <α, x>²) / m² for w of entries N(0, 2/m).
    variance = (2 * size + 3 * below.square()) / _upper_widths(case)[:, None]
    return Measurement(increment.abs(), (ERRORS * variance.sqrt(),), ("step", "example"))


@claim(
    "cao-gu-2020/C.1-inner-product-preserved",
    sentence="The witness keeps its inner product with the features, in the mean.",
    source=CAO_GU_2020.at("appendix C.1, expectation of <α̃_l, x_l>"),
    statement=r"E[\langle \tilde\alpha_l, x_{l,i}^{(0)} \rangle \mid \tilde\alpha_{l-1}] ="
    r" \langle \tilde\alpha_{l-1}, x_{l-1,i}^{(0)} \rangle, \quad \tilde\alpha_l = W_l^{(0)\top} \tilde\alpha_{l-1}",
    obstacle=beyond_a_plane,
    kind="EXACT",
    bound="upper",
    stated=1.0,
    domain=ONE_LABEL,
    plan=ONE_LABEL_PLAN,
    quantifiers="for all 2 ≤ l ≤ L and i ≤ n; the sum over m_l independent units lies within eight standard errors",
    erratum="E-08",
    controls=(
        Control(
            "twice the product below",
            "E[<α̃_l, x_l,i>] = 2 <α̃_{l−1}, x_{l−1},i>, as for the squared norms",
            measure=lambda case: _doubled(case, transposed=True),
        ),
    ),
)
def inner_products_are_preserved(case: Case) -> Measurement:
    """The increment, against eight of its exact standard errors given the layer below."""
    return _preserved(case, transposed=True)


def _doubled(case: Case, *, transposed: bool) -> Measurement:
    increment, below, _ = _increments(case, transposed=transposed)
    return Measurement((increment - below).abs(), _preserved(case, transposed=transposed).factors, ("step", "example"))


@claim(
    "cao-gu-2020/C.1-inner-product-preserved@printed",
    sentence="The same with the transposed matrix missing, as printed.",
    source=CAO_GU_2020.at("appendix C.1, definition of α̃_l"),
    statement=r"E[\langle \tilde\alpha_l, x_{l,i}^{(0)} \rangle \mid \tilde\alpha_{l-1}] ="
    r" \langle \tilde\alpha_{l-1}, x_{l-1,i}^{(0)} \rangle, \quad \tilde\alpha_l = W_l^{(0)} \tilde\alpha_{l-1}",
    obstacle=beyond_a_plane,
    kind="EXACT",
    bound="upper",
    stated=1.0,
    domain=Domain(
        m=(1024, None), L=(2, None), draws={"m": (1024, 1024), "L": (2, 2), "n": (1, 4)}, fixed=ONE_LABEL.fixed
    ),
    plan=Plan(lines={"n": (1, 2, 4)}, start={"m": 1024}),
    quantifiers="for all 2 ≤ l ≤ L and i ≤ n",
    erratum="E-08",
    expected="refuted",
    controls=(
        Control(
            "twice the product below",
            "E[<α̃_l, x_l,i>] = 2 <α̃_{l−1}, x_{l−1},i>",
            measure=lambda case: _doubled(case, transposed=False),
        ),
    ),
    notes="Without the transpose the mean is <α̃_{l−1}, x_{l−1}> / m; where widths differ the product does not exist.",
)
def inner_products_are_preserved_without_transpose(case: Case) -> Measurement:
    """The same for α̃_l without the transpose."""
    return _preserved(case, transposed=False)


@claim(
    "cao-gu-2020/C.1-inner-concentration",
    sentence="The witness's inner product changes little from layer to layer.",
    source=CAO_GU_2020.at("appendix C.1, concentration of <α̃_l, x_l>"),
    statement=r"|\langle \tilde\alpha_l, x_{l,i}^{(0)} \rangle - \langle \tilde\alpha_{l-1}, x_{l-1,i}^{(0)} \rangle|"
    r" \le C_6 \|\tilde\alpha_{l-1}\|_2 \sqrt{\log(4nL/\delta) / m_l}",
    obstacle=beyond_a_plane,
    kind="PROB",
    bound="upper",
    stated=math.sqrt(10),
    domain=DEEP_CONES,
    plan=CONES_PLAN,
    quantifiers="for all 2 ≤ l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    controls=(Control("a quarter of it", "the same with C_6 = √10 / 4", factor=0.25),),
    notes="C_6 is not given. The standard deviation is at most √5 ‖α̃_{l−1}‖ ‖x_{l−1}‖ / √m_l, so that √10 suffices.",
)
def inner_products_concentrate(case: Case) -> Measurement:
    """The increment, against ‖α̃_{l−1}‖ √(log(4nL/δ) / m_l)."""
    increment, _, _ = _increments(case)
    size = (math.log(4 * len(case.inputs) * case.hidden / case.delta) / _upper_widths(case)).sqrt()
    return Measurement(increment.abs(), ((_norms(case)[:, :-1] * size)[..., None],), ("step", "example"))


@claim(
    "cao-gu-2020/C.1-margin-l",
    sentence="Under the premises the witness of layer l separates with margin 2^(−l−1) γ.",
    source=CAO_GU_2020.at("appendix C.1, margin of α_l"),
    statement=r"y_i \langle \tilde\alpha_l, x_{l,i}^{(0)} \rangle \ge \gamma/2 - \gamma/4 = \gamma/4,"
    r" \quad y_i \langle \alpha_l, x_{l,i}^{(0)} \rangle \ge 2^{-(l-1)} \gamma/4 = 2^{-(l+1)} \gamma",
    obstacle=beyond_a_plane,
    kind="DET",
    bound="lower",
    stated=1.0,
    domain=PREMISES,
    plan=PREMISES_PLAN,
    quantifiers="for all l ≤ L and i ≤ n, where α̃_1 is within γ/2 of its mean, norms at most double, and "
    "increments are at most γ/(4L)",
    controls=(Control("six times", "1.5 γ for γ/4", factor=6.0),),
)
def witnesses_separate(case: Case) -> Measurement:
    """The margins of α̃_l and of α_l = α̃_l / ‖α̃_l‖, on the initialisations at which the premises hold."""
    increment, _, _ = _increments(case)
    g, layers = gamma(case), torch.arange(2, case.hidden + 2).to(case.inputs)
    near = (_first_deviation(case) <= g / 2).all(-1, keepdim=True)
    slow = (increment.abs() <= g / (4 * case.hidden)).flatten(1).all(-1, keepdim=True)
    holds = (near & slow & _at_most_double(case))[..., None, None]
    plain = case.labels[:, 0] * products(case, alphas(case))
    unit = plain / _norms(case)[..., None]
    bounds = torch.stack([torch.full_like(layers, g / 4), g * 2.0**-layers])[..., None]
    return _given(holds, torch.stack([plain, unit], 1), bounds, ("normalised", "layer", "example"))
