"""A wide layer trained block by block is the same run."""

import pytest
import torch

from lemmata.model.blocks import follow_in_blocks
from lemmata.model.data import generate
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019
from lemmata.model.training import follow
from tests.assertions import assert_close


def drawn(setting=CAO_GU_2020, widths=(22,)):
    """Two networks and four examples."""
    network = initialise(setting, Architecture(3, widths), [stream(0, "blocks", number) for number in range(2)])
    return network, generate("sphere", n=4, d=3, setting=setting, rng=generator(stream(0, "points")))


@pytest.mark.parametrize("units", [1, 5, 22, 100])
def test_a_run_in_blocks_is_the_run(units):
    """Outputs, losses, errors, distances, gradients and the last network, whatever the size of a block."""
    network, data = drawn()
    options = {"step_size": 0.05, "steps": 12, "until": lambda losses, errors: losses < 0.1}
    whole = follow(network, data.inputs, data.labels, **options)
    blocks = follow_in_blocks(network, data.inputs, data.labels, units=units, **options)
    for name in ("outputs", "losses", "errors", "distances", "gradients"):
        assert_close(getattr(blocks, name), getattr(whole, name))
    assert blocks.last.step == whole.last.step
    assert_close(blocks.last.trace.network.materialise(0), whole.last.trace.network.materialise(0))


def test_a_run_in_blocks_ends_where_it_should():
    """With the first iterate at which every initialisation is done, which may be W⁽⁰⁾ itself."""
    network, data = drawn()
    options = {"step_size": 0.05, "steps": 12}
    done = follow_in_blocks(network, data.inputs, data.labels, until=lambda losses, _: losses < 100, **options)
    assert done.steps == 0
    never = follow_in_blocks(network, data.inputs, data.labels, until=lambda losses, _: losses < 0, **options)
    assert never.steps == 12
    assert torch.isinf(never.first(never.losses < 0)).all()


@pytest.mark.parametrize(
    ("setting", "widths"), [(CAO_GU_2020, (4, 4)), (CAO_GU_2019_SLIDES, (4,)), (ZOU_GU_2019, (4,))], ids=str
)
def test_blocks_are_of_one_trained_layer_in_a_frobenius_ball(setting, widths):
    """Deeper networks, a trained output and the spectral norm are refused: their blocks do not add up."""
    network, data = drawn(setting, widths)
    with pytest.raises(ValueError, match="one and frobenius"):
        follow_in_blocks(network, data.inputs, data.labels, step_size=0.1, steps=1, until=lambda losses, _: losses < 0)
