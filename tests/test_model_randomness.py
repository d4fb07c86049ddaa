"""Streams of random numbers: named, reproducible, independent, and normal where they should be."""

import hashlib

import pytest
import torch
from scipy import stats

from lemmata.model.randomness import DRAWN, gaussian, generator, stream
from tests.assertions import assert_close, assert_plausible, assert_same

RECORDED_STATE = [796226214, 2202702988, 2212056408, 2826481402]
RECORDED_NORMALS = [0.6491437888215144, 0.2371066495973831, 0.7368956175252026]


def states(sequence):
    return sequence.generate_state(4).tolist()


def test_a_stream_is_its_seed_and_the_hash_of_its_path():
    """Nothing of the process enters: entropy is the integer and SHA-256 of the path's text."""
    digest = hashlib.sha256(b"('data', 3, 0.5)").digest()[:16]
    assert stream(7, "data", 3, 0.5).entropy == [7, int.from_bytes(digest, "big")]


def test_a_stream_printed_today_replays_tomorrow():
    """The first numbers of one stream, recorded: a change of hash, generator or sampler shows here."""
    assert states(stream(7, "data")) == RECORDED_STATE
    assert_close(generator(stream(7, "data")).standard_normal(3), RECORDED_NORMALS)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32, 2**32 + 1, 2**64, 2**100])
def test_every_bit_of_the_seed_counts(seed):
    """Seeds that agree in their low or their high bits give different streams; the same seed gives the same."""
    assert states(stream(seed, "a")) == states(stream(seed, "a"))
    for other in (seed + 1, seed + 2**32, seed + 2**64):
        assert states(stream(seed, "a")) != states(stream(other, "a"))


def test_paths_name_different_streams():
    """Names, numbers, order and nesting all count."""
    paths = [(), ("a",), ("b",), ("a", "b"), ("b", "a"), ("ab",), ("a", 1), ("a", "1"), ("a", 1.0), (("a", 1),)]
    assert len({tuple(states(stream(0, *path))) for path in paths}) == len(paths)


@pytest.mark.parametrize("seed", [-1, -(2**40)])
def test_negative_seeds_are_refused(seed):
    """By name and value."""
    with pytest.raises(ValueError, match=f"seed={seed}"):
        stream(seed)


def test_generators_do_not_use_up_their_stream():
    """Two generators of one stream give the same numbers, and leave the stream as it was."""
    sequence = stream(3, "once")
    before = states(sequence)
    first, second = (generator(sequence).standard_normal(5) for _ in range(2))
    assert_same(first, second)
    assert states(sequence) == before
    assert sequence.n_children_spawned == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_gaussians_stand_one_draw_per_seed_in_the_dtype_asked_for(dtype):
    """Shape (seeds, *shape), entry by entry scale times the standard normals of each seed alone."""
    seeds = [stream(4, number) for number in range(3)]
    drawn = gaussian(seeds, (2, 5), 0.5, torch.zeros(1, dtype=dtype))
    assert drawn.dtype == dtype
    for number, seed in enumerate(seeds):
        assert_same(drawn[number], torch.from_numpy(0.5 * generator(seed).standard_normal((2, 5))).to(dtype))


def test_gaussians_are_normal():
    """Kolmogorov–Smirnov over 20,000 entries of one seed, and over the first entries of 5,000 seeds.

    Each comparison rejects a true law at one seed in a million; a standard deviation off by 15 % is rejected.
    """
    like = torch.zeros(1, dtype=torch.float64)
    within = gaussian([stream(5)], (20_000,), 1.0, like)[0].numpy()
    across = gaussian([stream(6, number) for number in range(5_000)], (2,), 1.0, like).numpy()
    for sample in (within, across[:, 0], across[:, 1]):
        assert_plausible(stats.kstest(sample, "norm").pvalue)
    with pytest.raises(AssertionError):
        assert_plausible(stats.kstest(1.15 * within, "norm").pvalue)


def test_streams_are_uncorrelated():
    """The correlation of neighbouring seeds' draws is that of independent samples, at one in a million."""
    like = torch.zeros(1, dtype=torch.float64)
    one, other = gaussian([stream(7, "x", 0), stream(7, "x", 1)], (20_000,), 1.0, like).numpy()
    assert_plausible(stats.pearsonr(one, other).pvalue)


def test_a_draw_of_many_numbers_is_that_of_the_whole():
    """Drawn in parts, and in the dtype asked for, a matrix is what one call of the generator gives."""
    shape = (3, DRAWN // 2 + 1)
    for dtype in (torch.float64, torch.float32):
        drawn = gaussian([stream(5, "wide")], shape, 0.5, torch.zeros((), dtype=dtype))
        expected = 0.5 * torch.from_numpy(generator(stream(5, "wide")).standard_normal(shape))
        assert_same(drawn[0], expected.to(dtype))
