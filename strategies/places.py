"""Sizes of a lemma of one's own."""

from typing import Any

from hypothesis import strategies as st

from lemmata.claims.language.sizes import Size
from lemmata.claims.problem import Problem
from lemmata.strategies.magnitudes import magnitudes


def places(problem: Problem) -> st.SearchStrategy[Any]:
    """Choices of a problem's sizes that meet its premises, and among recipes of its data.

    Each letter is drawn from its first value to its start, where a test is quick, and shrinks to the first.
    Premises that couple sizes are met by filtering, as nothing is known of them but whether they hold.
    """
    sizes = {name: _values(size) for name, size in problem.all_sizes.items()}
    return st.fixed_dictionaries(sizes).map(lambda chosen: problem.place(**chosen)).filter(problem.has)


def _values(size: Size) -> st.SearchStrategy[Any]:
    if size.words:
        return st.sampled_from(size.values)
    low, high = size.drawn()
    if low == high:
        return st.just(low)
    if size.whole:
        numbers = st.integers(low, high)
    else:
        return magnitudes(low, high, hardest=size.values[0])
    return numbers.map(lambda value: low + high - value) if size.toward_zero else numbers
