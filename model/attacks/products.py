"""Products of matrices: the masked product of the layers, and products of two layers' changes."""

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import unit
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank


@attack("stretch-product", aims=("example",), informed=Informed.NETWORK, iterations=4)
def stretch_product(target: Target) -> Pair:
    """Layers 2 to L moved along the leading singular pair of their masked product (layer 1 if L = 1)."""
    trace, high = target.trace, target.trace.network.hidden
    low = min(2, high)
    _, left, right = trace.jacobian_norms(low, high)
    step = list(target.still())
    inputs = right
    for r in range(low, high + 1):
        pull = trace.back_through(r, high, left)[:, target.example]
        step[r - 1] = target.ball.fill(LowRank(pull[..., None], unit(inputs[:, target.example])[..., None]))
        inputs = trace.network.apply(r - 1, inputs) * trace.patterns[r - 1]
    return Pair(target.still(), tuple(step))


@attack("compound-changes", aims=("example", "output"), informed=Informed.NETWORK, iterations=1)
def compound_changes(target: Target) -> Pair:
    """Layer 1 moved where the others amplify it most, and each of them along b_l dx_{l−1}ᵀ: change meets change."""
    trace = target.trace
    step = list(target.still())
    high = max(1, trace.network.hidden - 1)
    moved = trace.propagator_norms(1, high).right
    step[0] = target.ball.fill(LowRank(moved[:, target.example, :, None], target.at(1)[0][..., None]))
    moved = moved * trace.patterns[0]
    for r in range(2, trace.network.hidden + 1):
        b = trace.signals[r - 1][:, target.example, target.output]
        step[r - 1] = target.ball.fill(LowRank(b[..., None], unit(moved[:, target.example])[..., None]))
        moved = trace.network.apply(r - 1, moved) * trace.patterns[r - 1]
    return Pair(target.still(), tuple(step))
