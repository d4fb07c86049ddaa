"""The sizes of a network: width, depth, and the dimensions at both ends."""

from collections.abc import Sequence

from hypothesis import strategies as st

from lemmata.model.network import Architecture
from lemmata.model.settings import Setting
from lemmata.strategies.arguments import InvalidArgument, check_integer, check_integers

RATIOS = (1, 2, 4)
"""Largest over smallest width, as far as the audit goes (cao-gu-2020, Assumption 4.2)."""


def hidden_widths(
    setting: Setting,
    *,
    min_width: int = 32,
    max_width: int = 256,
    min_depth: int | None = None,
    max_depth: int = 4,
    ratios: Sequence[int] = RATIOS,
) -> st.SearchStrategy[tuple[int, ...]]:
    """Hidden widths (m, ratio · m, m, …), one per ReLU layer.

    Shrinks to one layer of the smallest width, and to equal widths.

    Args:
        setting: widths are even where half of V is +1; L counts the output layer where that is trained.
        min_width: of m, the smallest hidden width.
        max_width: of m, the smallest hidden width.
        min_depth: of L as the paper counts it; None is one hidden layer.
        max_depth: of L as the paper counts it.
        ratios: largest over smallest width; without effect on a single layer.

    Raises:
        InvalidArgument: when called, if a range is empty, holds no even width where one is needed, or
            allows a network without hidden layer.

    Source: cao-gu-2020 Assumption 4.2 (comparable widths) and section 3 (balanced output layer).
    """
    shallowest = setting.depth(1)
    min_depth = shallowest if min_depth is None else min_depth
    check_integers("width", min_width, max_width, least=1)
    check_integers("depth", min_depth, max_depth, least=shallowest)
    if not ratios:
        raise InvalidArgument(f"{ratios=} must not be empty")
    for ratio in ratios:
        check_integer("ratio", ratio, least=1)
    return st.builds(
        _alternating,
        hidden_layers=st.integers(setting.hidden_layers(min_depth), setting.hidden_layers(max_depth)),
        width=_widths(setting, min_width, max_width),
        ratio=st.sampled_from(sorted(ratios)),
    )


def output_dimensions(setting: Setting, *, max_outputs: int = 3) -> st.SearchStrategy[int]:
    """Output dimensions k: 1 where the loss wants a scalar, else up to `max_outputs`. Shrinks to 1.

    Raises:
        InvalidArgument: when called, if `max_outputs` is not a positive integer.
    """
    check_integer("max_outputs", max_outputs, least=1)
    return st.integers(1, 1 if setting.loss == "cross-entropy" else max_outputs)


def architectures(
    setting: Setting,
    *,
    min_dimension: int = 2,
    max_dimension: int = 8,
    min_width: int = 32,
    max_width: int = 256,
    min_depth: int | None = None,
    max_depth: int = 4,
    ratios: Sequence[int] = RATIOS,
    max_outputs: int = 3,
) -> st.SearchStrategy[Architecture]:
    """Architectures that `model.network.initialise` accepts for the setting.

    Shrinks to one layer of the smallest width, on the fewest inputs, with one output. The other arguments
    are those of `hidden_widths` and `output_dimensions`.

    Args:
        setting: the paper's conventions.
        min_dimension: of d, the input dimension.
        max_dimension: of d, the input dimension.

    Raises:
        InvalidArgument: when called, if a range is empty or not valid for the setting.
    """
    check_integers("dimension", min_dimension, max_dimension, least=1)
    widths = hidden_widths(
        setting,
        min_width=min_width,
        max_width=max_width,
        min_depth=min_depth,
        max_depth=max_depth,
        ratios=ratios,
    )
    outputs = output_dimensions(setting, max_outputs=max_outputs)
    return st.builds(Architecture, d=st.integers(min_dimension, max_dimension), widths=widths, k=outputs)


def _widths(setting: Setting, lowest: int, highest: int) -> st.SearchStrategy[int]:
    if setting.output != "signs":
        return st.integers(lowest, highest)
    if (lowest + 1) // 2 > highest // 2:
        raise InvalidArgument(f"min_width={lowest} to max_width={highest} must hold an even width: half of V is +1")
    return st.integers((lowest + 1) // 2, highest // 2).map(lambda half: 2 * half)


def _alternating(hidden_layers: int, width: int, ratio: int) -> tuple[int, ...]:
    return tuple(width * (ratio if layer % 2 else 1) for layer in range(hidden_layers))
