"""Lemma B.1 (i), (ii): weights, features and products of masked layers stay bounded in the ball."""

import itertools
import math

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import feature_stretch, spectral_edge


def _largest_edge(c: Configuration) -> float:
    widths = [c.d, *(c.m * (c.ratio if layer % 2 else 1) for layer in range(c.L))]
    return max(spectral_edge(out, into) for into, out in itertools.pairwise(widths)) + c.tau


@claim(
    "cao-gu-2020/lemma-B.1-i-weights",
    sentence="Spectral norms of the layers stay bounded near initialisation.",
    source=CAO_GU_2020.at("Lemma B.1 (i), first part"),
    statement=r"\|\tilde W_l\|_2 \le \bar C",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=NEAR,
    quantifiers="for all W̃ in the ball and l ≤ L",
    probability=WITH_PROBABILITY,
    attacks=("stretch-weights",),
    exact=lambda _: True,
    limit=_largest_edge,
    certificate=certificates.weights,
    preconditions=PRE_B1,
)
def weights_are_bounded(case: Case) -> Measurement:
    """‖W_l‖_2; over the ball the supremum is ‖W_l⁽⁰⁾‖_2 + τ, attained along the leading pair."""
    network = case.at_moved.network
    norms = [network.spectral(layer) for layer in range(network.trained)]
    return Measurement(torch.stack(norms, -1), axes=("layer",))


@claim(
    "cao-gu-2020/lemma-B.1-i-features",
    sentence="Hidden layers' norms stay bounded near initialisation.",
    source=CAO_GU_2020.at("Lemma B.1 (i), second part"),
    statement=r"\|\tilde x_{l,i}\|_2 \le \bar C",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=NEAR,
    quantifiers="for all W̃ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "stretch-features"),
    ascends=True,
    limit=lambda c: feature_stretch(c.L, c.tau),
    certificate=certificates.features,
    preconditions=PRE_B1,
)
def features_are_bounded(case: Case) -> Measurement:
    """‖x_l‖; to first order in τ the supremum is 1 + τ Σ_{k<l} √(k + 1)."""
    norms = [torch.linalg.vector_norm(x, dim=-1) for x in case.at_moved.features[1:]]
    return Measurement(torch.stack(norms, 1), axes=("layer", "example"))


@claim(
    "cao-gu-2020/lemma-B.1-ii",
    sentence="Products of masked layers grow at most like L.",
    source=CAO_GU_2020.at("Lemma B.1 (ii)"),
    statement=r"\left\|\prod_{r=l}^L \tilde\Sigma_r(x_i) \tilde W_r^T\right\|_2 \le \bar C L",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=1),),
    domain=NEAR,
    quantifiers="for all W̃ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("stay", "stretch-product"),
    certificate=certificates.products,
    preconditions=PRE_B1,
    unrefuted={
        "L": Reason(
            "proof",
            "(iii) along Ŵ_l − W̃_l = t a x_{l−1}ᵀ, t → 0, bounds the product without W_l by C √L, and (i) bounds ‖W_l‖",
        )
    },
    notes=f"The true growth in depth is √(2eL) = {math.sqrt(2 * math.e):.3g} √L: the printed L is slack by √L.",
)
def masked_products_are_bounded(case: Case) -> Measurement:
    """The largest norm over l of the product from layer l to the top."""
    trace = case.at_moved
    norms = [trace.jacobian_norms(low, case.hidden).value for low in range(1, case.hidden + 1)]
    return Measurement(torch.stack(norms, 1), axes=("layer", "example"))
