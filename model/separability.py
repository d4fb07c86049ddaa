"""How separable a data set is, in the sense of cao-gu-2020 Assumptions 4.10 and 4.12."""

import torch

from lemmata.model.data import Dataset
from lemmata.model.kernels import conjugate_kernel
from lemmata.model.margins import LARGEST_RANDOM_FEATURE_MARGIN, RandomFeatureMargin, hard_margin, random_feature_margin


def feature_margin(data: Dataset) -> RandomFeatureMargin:
    """The largest γ of cao-gu-2020 Assumption 4.10, as a bracket: exact where all labels agree or d is 2."""
    if bool((data.labels == data.labels[0]).all()):
        # c ≡ y attains what no data exceed.
        largest, n = LARGEST_RANDOM_FEATURE_MARGIN, len(data.labels)
        return RandomFeatureMargin(largest, largest, 0.0, torch.full((n,), 1 / n, dtype=torch.float64))
    return random_feature_margin(data.inputs, data.labels)


def conjugate_margin(data: Dataset, layer: int) -> float:
    """The largest γ of cao-gu-2020 Assumption 4.12 with the kernel κ^{(layer)}."""
    return float(hard_margin(conjugate_kernel(data.inputs, layer), data.labels))


def require_separable(data: Dataset, gamma: float, *, layer: int | None = None) -> Dataset:
    """The data, if Assumption 4.10 holds with margin γ; of a layer, if Assumption 4.12 does with κ^{(layer)}.

    Raises:
        ValueError: if γ is not positive, above what any data reach, or above what these data certify.
    """
    largest = LARGEST_RANDOM_FEATURE_MARGIN if layer is None else 2 ** (-layer / 2)
    if not 0 < gamma <= largest:
        raise ValueError(f"{gamma=} must be in (0, {largest:.6g}]: no data have a larger margin")
    if layer is None:
        margin = feature_margin(data)
        reached = margin.lower - margin.error
    else:
        reached = conjugate_margin(data, layer)
    if not gamma <= reached:
        raise ValueError(f"{gamma=} must be at most {reached:.6g}, the margin of these data")
    return data
