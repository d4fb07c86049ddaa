"""Labels as tensors; the ones that change sign from a point to its neighbour come first."""

from hypothesis import strategies as st
from torch import Tensor, float64, from_numpy, zeros

from lemmata.model.data import unit_rows
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import Setting
from lemmata.strategies.arguments import InvalidArgument, check_integer

SEEDS = st.integers(0, 2**32 - 1)
"""Seeds of data only: a case's own seed also decides initialisations, so Hypothesis must never draw it."""


def labels(setting: Setting, samples: int, *, outputs: int = 1) -> st.SearchStrategy[Tensor]:
    """Labels (samples, outputs), float64, of unit norm: ±1 for the cross-entropy, unit vectors for the square loss.

    Shrinks to alternating signs +1, −1, +1, … of the first output: along a chain of neighbours these are
    close to the bottom eigenvector of the kernel, on which training is slowest.

    Raises:
        InvalidArgument: when called, if a size is not a positive integer, or the cross-entropy has k ≠ 1.
    """
    check_integer("samples", samples, least=1)
    check_integer("outputs", outputs, least=1)
    signs = st.lists(st.booleans(), min_size=samples, max_size=samples)
    if setting.loss == "cross-entropy":
        if outputs != 1:
            raise InvalidArgument(f"{outputs=} must be 1 for labels ±1")
        return signs.map(lambda contrary: _aligned(contrary, 1, 0))
    # One strategy with all choices, not two alternatives: the one with fewer choices would count as simpler.
    return st.builds(_unit, signs, st.just(outputs), st.integers(0, outputs), SEEDS)


def _unit(contrary: list[bool], outputs: int, output: int, seed: int) -> Tensor:
    """Aligned with one output, or uniformly random where `output` is one past the last."""
    if output < outputs:
        return _aligned(contrary, outputs, output)
    rng = generator(stream(seed, "strategies", "labels"))
    return unit_rows(from_numpy(rng.standard_normal((len(contrary), outputs))))


def _aligned(contrary: list[bool], outputs: int, output: int) -> Tensor:
    """e_output times alternating signs, which the `contrary` points do not follow."""
    rows = zeros((len(contrary), outputs), dtype=float64)
    for i, other in enumerate(contrary):
        rows[i, output] = 1.0 if (i % 2 == 0) != other else -1.0
    return rows
