"""Weights near initialisation that fit every example: the poster's assumption, and how far away they are."""

import math

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.chen_et_al_2019_poster.paper import (
    ALPHAS,
    CHEN_ET_AL_2019_POSTER,
    DEPTH,
    EQUAL_WIDTHS,
    WITH_PROBABILITY,
)
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE
from lemmata.claims.registry import claim
from lemmata.model.changes import distances
from lemmata.model.losses import cross_entropy
from lemmata.model.margins import hard_margin
from lemmata.model.randomness import generator
from lemmata.model.reference_class import nearest_fit
from lemmata.model.trace import Trace

FITTED = 64
"""Examples that a reference is fitted to; on the others it only has to be one, and is lengthened until it is."""

DOUBLINGS, HALVINGS = 6, 16
"""Of the distance, in the search for the nearest reference: it ends a ten-thousandth away."""

SEPARATED = {**EQUAL_WIDTHS, "data": "cones", "phi": 0.3, "d": 3}
"""Classes that random features separate with a margin, as the works that the poster cites assume."""


@claim(
    "chen-et-al-2019-poster/assumption-reference",
    sentence="Some network within R m^(−α) of initialisation fits every example with loss below ε.",
    source=CHEN_ET_AL_2019_POSTER.at("section 2, assumptions"),
    statement=r"\|x_i\|_2 = 1, \quad \exists W^* \in B(W^{(0)}, R m^{-\alpha}):\ L_i(W^*) < \epsilon, i \in [n]",
    kind="DEF",
    bound="upper",
    stated=1.0,
    terms=(ONE,),
    domain=Domain(draws={"L": DEPTH, "n": (1, 8)}, fixed=SEPARATED, values={"eps": (0.1, 0.001), "alpha": ALPHAS}),
    plan=Plan(lines={"eps": DRAWN, "alpha": DRAWN, "L": (2, 3)}, start={"m": 256, "n": 8, "alpha": 0.5}, examples=4),
    quantifiers="for the smallest R with a reference W*, of classes that random features separate",
    probability=WITH_PROBABILITY,
    erratum="E-62",
    controls=(
        Control("no distance", "R = 0: W⁽⁰⁾ itself", measure=lambda case: _existence(case, 0.0)),
        Control("a quarter of the distance", "R a quarter as large", measure=lambda case: _existence(case, 0.25)),
    ),
    notes="The ball is printed without a norm; per-layer Frobenius, as the powers of L in the theorems need. W* is the "
    "nearest point found by sequential linearisation, checked on the network itself.",
)
def separable_data_have_a_reference(case: Case) -> Measurement:
    """The smallest R that has a reference, against that of the linearised network, from the tangent kernel's margin."""
    return _existence(case, 1.0)


def _existence(case: Case, times: float) -> Measurement:
    return Measurement(reference_radius(case), (times * linear_radius(case),))


def linear_radius(case: Case) -> Tensor:
    """R = m^α [log(1/(e^ε − 1)) + max_i −y_i f(x_i)]_+ over the margin of the tangent kernel at W⁽⁰⁾, (S,).

    The distance, over all layers, at which the max-margin direction gives every example of the linearised network a
    loss of ε.
    """
    inputs, labels = distinct(case)
    trace = Trace(case.initial, inputs)
    worst = (-labels * trace.outputs).amax((-2, -1))
    margin = hard_margin(trace.ntk()[:, :, 0, :, 0], labels)
    return case.initial.scale * (wanted_margin(case) + worst).clamp_min(0) / margin


def distinct(case: Case) -> tuple[Tensor, Tensor]:
    """Inputs and labels, each example once: how often it occurs does not move a reference."""
    d = case.inputs.shape[1]
    return torch.unique(torch.cat([case.inputs, case.labels], 1), dim=0).split([d, 1], 1)


def wanted_margin(case: Case) -> float:
    """The margin at which the logistic loss is ε."""
    return -math.log(math.expm1(case.configuration.eps))


def reference_radius(case: Case) -> Tensor:
    """R: m^α times the largest layer distance of a W* with L_i(W*) < ε for all i, (S,).

    The nearest fit, shortened or lengthened on the network itself until it is just a reference; infinite where no
    multiple of it is one.
    """
    inputs, labels = distinct(case)
    some = generator(case.stream("fitted")).permutation(len(inputs))[:FITTED]
    changes = nearest_fit(case.initial, inputs[some], labels[some], wanted_margin(case))

    def fits(times: Tensor) -> Tensor:
        moved = tuple(change.scaled(times) for change in changes)
        outputs = Trace(case.initial.moved(moved), inputs).outputs
        return (cross_entropy(labels * outputs) < case.configuration.eps).all(dim=(-2, -1))

    near, far = torch.zeros_like(case.initial.like), torch.ones_like(case.initial.like)
    for _ in range(DOUBLINGS):
        short = ~fits(far)
        near, far = torch.where(short, far, near), torch.where(short, 2 * far, far)
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        enough = fits(middle)
        near, far = torch.where(enough, near, middle), torch.where(enough, middle, far)
    found = torch.where(fits(far), far, torch.inf)
    return case.initial.scale * found * distances(changes, case.setting.ball).amax(-1)


@claim(
    "chen-et-al-2019-poster/separability-radius",
    sentence="Separable data need a radius R that is logarithmic in n, 1/δ and 1/ε.",
    source=CHEN_ET_AL_2019_POSTER.at("section 1, third contribution"),
    statement=r"R \le C [\log(n/\delta) + \log(1/\epsilon)]",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=Domain(
        draws={"L": DEPTH, "n": (1, 8)},
        fixed={**SEPARATED, "alpha": 0.5},
        values={"eps": (0.1, 0.01, 1e-3, 1e-4, 1e-6, 1e-8)},
    ),
    plan=Plan(
        lines={"eps": DRAWN, "n": (4, 8, 16, 32), "m": (128, 512, 2048), "L": (2, 3, 4)},
        start={"m": 256, "n": 8},
        examples=4,
    ),
    quantifiers="for data that random features separate with a fixed margin",
    probability=WITH_PROBABILITY,
    controls=(
        Control(
            "a constant",
            "R ≤ C, whatever ε",
            measure=lambda case: Measurement(reference_radius(case)),
        ),
    ),
    notes="R is affine in log(1/ε), with slope 1 over the margin of the tangent kernel. The smallest R is measured on "
    "the network itself, along the max-margin direction.",
)
def radius_grows_like_a_logarithm(case: Case) -> Measurement:
    """The radius that the assumption needs, against log(n/δ) + log(1/ε)."""
    logs = math.log(len(case.inputs) / case.delta) - math.log(case.configuration.eps)
    return Measurement(reference_radius(case), (logs,))
