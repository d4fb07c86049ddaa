"""Margins of a case's data, and the vectors α_l that the proof of Lemma B.2 builds from them."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.model.data import Dataset
from lemmata.model.margins import PlanarFeature, planar_feature, signed, simplex_minimum
from lemmata.model.separability import conjugate_margin, feature_margin


def gamma(case: Case) -> float:
    """γ of Assumption 4.10, the largest that the data certify, computed once for each data set."""
    return case.of_data("gamma", lambda: _gamma(*_key(case.data)))


def conjugate_gamma(case: Case) -> float:
    """γ of Assumption 4.12, the largest of κ^{(L−1)}."""
    return case.of_data("gamma of the kernel", lambda: conjugate_margin(case.data, case.hidden - 1))


def beyond_a_plane(case: Case) -> str:
    """Why the construction says nothing of a case's inputs: its c(·) is computed for inputs in a plane."""
    rank = int(torch.linalg.matrix_rank(case.inputs.cpu()))  # by LAPACK, as `spectra.svd`
    return "" if rank <= 2 else f"c(u) is computed for inputs in a plane, these span {rank} dimensions"


def feature(case: Case) -> PlanarFeature:
    """The c of Assumption 4.10 whose f has margin γ, for inputs in a plane; computed once for each data set."""
    return PlanarFeature(*(part.to(case.inputs) for part in _feature(*_key(case.data))))


def alphas(case: Case, *, transposed: bool = True) -> list[Tensor]:
    """α̃_1, …, α̃_L, each (S, m_l): α̃_1 has entries c(√(m_1/2) w_j)/√m_1, and α̃_l = W_l⁽⁰⁾ᵀ α̃_{l−1}.

    Args:
        case: at W⁽⁰⁾, its data in a plane.
        transposed: False leaves the transpose out, as printed, which needs layers of equal width.
    """
    first = feature(case).at(case.initial.materialise(0))
    built = [first / first.shape[-1] ** 0.5]
    # The paper's units are columns, so that its transpose is this matrix itself.
    product = case.initial.apply if transposed else case.initial.apply_transposed
    for layer in range(1, case.hidden):
        built.append(product(layer, built[-1][:, None])[:, 0])
    return built


def products(case: Case, vectors: list[Tensor]) -> Tensor:
    """<α̃_l, x_{l,i}> for l = 1, 2, … at W⁽⁰⁾, (S, vectors, n)."""
    pairs = zip(vectors, case.at_initial.features[1:], strict=False)
    return torch.stack([(x @ alpha[..., None])[..., 0] for alpha, x in pairs], 1)


def best_margin(case: Case, layer: int) -> tuple[Tensor, Tensor]:
    """max over unit α of min_i y_i <α, x_{l,i}> at W⁽⁰⁾, (S,), and the α that attains it, (S, m_l).

    It is the least ‖Σ_i p_i y_i x_{l,i}‖ over the simplex, and α is that sum, normalised.
    """
    x = case.at_initial.features[layer]
    found = simplex_minimum(signed(x @ x.mT, case.labels))
    nearest = ((found.minimiser * case.labels[:, 0])[..., None] * x).sum(1)
    # Of the vector itself, which has twice the digits of its square.
    size = torch.linalg.vector_norm(nearest, dim=-1)
    return size, nearest / size.clamp_min(torch.finfo(size.dtype).tiny)[:, None]


def _key(data: Dataset) -> tuple[bytes, bytes, int]:
    return data.inputs.numpy().tobytes(), data.labels.numpy().tobytes(), len(data.inputs)


def _data(inputs: bytes, labels: bytes, n: int) -> Dataset:
    return Dataset(*(torch.from_numpy(np.frombuffer(part).reshape(n, -1).copy()) for part in (inputs, labels)))


@cache
def _gamma(*key: bytes | int) -> float:
    return feature_margin(_data(*key)).lower  # type: ignore[arg-type]


@cache
def _feature(*key: bytes | int) -> PlanarFeature:
    data = _data(*key)  # type: ignore[arg-type]
    return planar_feature(data.inputs, data.labels)
