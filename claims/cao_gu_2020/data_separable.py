"""Assumptions 4.10 and 4.12: data that random ReLU features, or the conjugate kernel, separate with a margin."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, CONES, CONES_PLAN, TEACHER, TEACHER_PLAN
from lemmata.claims.cao_gu_2020.witnesses import conjugate_gamma, feature, gamma
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.plan import DRAWN, Plan, Values
from lemmata.claims.registry import claim
from lemmata.model.data import LABELLED
from lemmata.model.kernels import conjugate_kernel
from lemmata.model.margins import random_feature_margin, signed, simplex_minimum
from lemmata.model.randomness import generator, stream
from lemmata.model.separability import feature_margin

DATA: dict[str, Values] = {"n": (4, 8, 16), "phi": DRAWN}
"""Lines along which only the data vary: no network decides the assumptions."""

ONE_MARGIN = replace(TEACHER, fixed={**TEACHER.fixed, "phi": 0.3}, values={})
"""The teacher's data at one margin."""


def _own(case: Case) -> Measurement:
    """The γ that the data certify, in any dimension, over the error of its computation: it is to be positive."""
    margin = feature_margin(case.data)
    return Measurement(case.for_each(margin.lower), (margin.error,))


@claim(
    "cao-gu-2020/assumption-4.10",
    sentence="A bounded combination of random ReLU features separates the data with a margin γ.",
    source=CAO_GU_2020.at("Assumption 4.10"),
    own=_own,
    statement=r"\exists f \in \mathcal{F}: y_i f(x_i) \ge \gamma > 0, \quad"
    r"\mathcal{F} = \{E_u[c(u) \sigma(u^\top x)]: \|c\|_\infty \le 1\}",
    kind="DEF",
    bound="lower",
    stated=1.0,
    domain=CONES.drawing(m=(2, 4), L=(1, 1)),
    plan=Plan(lines=DATA, start=CONES_PLAN.start),
    quantifiers="for all i ≤ n; data: cones about ±e_1 and ±e_2",
    controls=(
        Control("γ one per cent larger", "y_i f(x_i) ≥ 1.01 γ", factor=1.01),
        Control(
            "a linear f",
            "the same with c(u) = sign(u·e_1)",
            measure=lambda case: Measurement(
                case.for_each(case.labels[:, 0] * case.inputs[:, 0] / math.sqrt(2 * math.pi)),
                (gamma(case),),
                ("example",),
            ),
        ),
    ),
    notes="γ is the largest of the data, by its minimax form, and never above 1/√(2π) = 0.399.",
)
def random_features_separate(case: Case) -> Measurement:
    """y_i f(x_i) of the f that the minimax form finds, by exact integration in the plane."""
    return Measurement(case.for_each(case.labels[:, 0] * feature(case).values), (gamma(case),), ("example",))


@claim(
    "cao-gu-2020/assumption-4.10-milder",
    sentence="A linear margin is a margin of random features too, and XOR shows that not conversely.",
    source=CAO_GU_2020.at("after Assumption 4.10"),
    statement=r"E_u[\mathrm{sign}(u^\top w) \sigma(u^\top x)] = w^\top x / \sqrt{2\pi}, \quad"
    r"\gamma(\mathrm{XOR}) = (\sqrt{2} - 1) / \sqrt{2\pi}",
    kind="EXACT",
    bound="equality",
    domain=ONE_MARGIN.drawing(m=(2, 4), L=(1, 1)),
    plan=Plan(lines={"n": (4, 8, 16)}, start={"n": 8}),
    quantifiers="for all unit w and x: a linear margin t gives γ ≥ t/√(2π); XOR, with none, shows that it is strict",
    controls=(
        Control(
            "all of u·x",
            "E[sign(u·w) u·x] = w·x / √(2π)",
            measure=lambda case: _sides(case, _linear_feature(case, case.inputs) - _linear_feature(case, -case.inputs)),
        ),
    ),
)
def linear_margins_are_random_feature_margins(case: Case) -> Sides:
    """The identity at the inputs for the teacher's w = e_1, by exact integration, and the minimax margin of XOR."""
    return _sides(case, _linear_feature(case, case.inputs))


def _sides(case: Case, features: Tensor) -> Sides:
    corners, labels = LABELLED["xor"](4, 2, None, generator(stream(0, "xor")))
    xor = random_feature_margin(corners, labels).lower
    left = torch.cat([features, features.new_tensor([xor])])
    right = torch.cat([case.inputs[:, 0], features.new_tensor([math.sqrt(2) - 1])]) / math.sqrt(2 * math.pi)
    return Sides.of(case.for_each(left), case.for_each(right))


def _linear_feature(case: Case, inputs: Tensor) -> Tensor:
    """E[sign(u·e_1) σ(u·x_i)], (n,), by Gauss–Legendre quadrature over the half circle on which u·x_i > 0.

    In the plane of e_1 and x_i, with u at the angle θ from x_i, it is E‖u‖ times the mean of sign(cos(θ − α)) cos θ.
    """
    nodes, weights = (inputs.new_tensor(part) for part in np.polynomial.legendre.leggauss(32))
    alpha = torch.acos(inputs[:, :1].clamp(-1, 1))
    # sign(cos(θ − α)) changes once on (−π/2, π/2), at α − π/2: two smooth pieces.
    cut, end = alpha - math.pi / 2, math.pi / 2
    below = (cut + end) / 2 * (weights * torch.cos((cut - end) / 2 + (cut + end) / 2 * nodes)).sum(-1, keepdim=True)
    above = (end - cut) / 2 * (weights * torch.cos((cut + end) / 2 + (end - cut) / 2 * nodes)).sum(-1, keepdim=True)
    return (above - below)[:, 0] * math.sqrt(math.pi / 2) / (2 * math.pi)


@claim(
    "cao-gu-2020/assumption-4.12",
    sentence="A function of norm 1 of the conjugate kernel's space separates the data with a margin γ.",
    source=CAO_GU_2020.at("Assumption 4.12"),
    statement=r"\exists f \in \mathcal{H}(\kappa^{(L-1)}), \|f\|_{\mathcal{H}} \le 1: y_i f(x_i) \ge \gamma > 0, \quad"
    r"\kappa^{(0)} = x^\top x', \kappa^{(l+1)} = E_{f \sim N(0, \kappa^{(l)})}[\sigma(f(x)) \sigma(f(x'))]",
    kind="DEF",
    bound="lower",
    stated=1.0,
    domain=replace(TEACHER, values=CONES.values).drawing(m=(2, 4)),
    plan=Plan(lines={**DATA, "L": (1, 2, 4, 8)}, start=TEACHER_PLAN.start),
    quantifiers="for all i ≤ n; data: a linear teacher's",
    erratum="E-17",
    controls=(
        Control("γ one per cent larger", "y_i f(x_i) ≥ 1.01 γ", factor=1.01),
        Control(
            "γ of the kernel with the factor 2",
            "the same with the margin of 2^{L−1} κ^{(L−1)}, which the networks' features have",
            measure=lambda case: _kernel_margins(case, gamma=conjugate_gamma(case) * 2 ** ((case.hidden - 1) / 2)),
        ),
    ),
    notes="The recursion has no factor 2: κ^{(l)}(x, x) = 2^{−l}, so that γ ≤ 2^{−(L−1)/2}, whatever the data.",
)
def conjugate_kernel_separates(case: Case) -> Measurement:
    """y_i f(x_i) of f = Σ_j p_j y_j κ(x_j, ·) / ‖·‖, at the p of least norm over the simplex."""
    return _kernel_margins(case, gamma=conjugate_gamma(case))


def _kernel_margins(case: Case, *, gamma: float) -> Measurement:
    kernel = signed(conjugate_kernel(case.inputs, case.hidden - 1), case.labels)
    p = simplex_minimum(kernel).minimiser
    norm = (p @ kernel @ p).sqrt()
    return Measurement(case.for_each(kernel @ p / norm), (gamma,), ("example",))


@claim(
    "cao-gu-2020/assumption-4.12@printed",
    sentence="The printed kernel is that of the features: it is smaller by 2 for every layer.",
    source=CAO_GU_2020.at("Assumption 4.12, 'the conjugate kernel of fully connected neural networks'"),
    statement=r"|\|x_{l,i}\|_2^2 / \kappa^{(l)}(x_i, x_i) - 1| \le \tfrac12",
    kind="DEF",
    bound="upper",
    stated=0.5,
    domain=ONE_MARGIN.drawing(m=(256, 512), L=(1, 3)),
    plan=Plan(lines={"m": (256, 512), "L": (1, 2, 3)}, start={"n": 8}),
    quantifiers="for all l ≤ L and i ≤ n, where half is left to the finite width",
    probability="at least 1 − δ over W⁽⁰⁾",
    erratum="E-17",
    expected="refuted",
    controls=(Control("a tenth", "the same within a tenth", factor=0.2),),
    notes="As the kernel of the networks of section 3, whose weights are N(0, 2/m), it lacks a factor 2 each layer.",
)
def features_have_the_printed_kernel(case: Case) -> Measurement:
    """‖x_l‖² at W⁽⁰⁾, of mean 1, against κ^{(l)}(x, x) = 2^{−l}."""
    layers = range(1, case.hidden + 1)
    kernels = torch.stack([torch.diagonal(conjugate_kernel(case.inputs, layer)) for layer in layers])
    squares = torch.stack([x.square().sum(-1) for x in case.at_initial.features[1:]], 1)
    return Measurement((squares / kernels - 1).abs(), axes=("layer", "example"))
