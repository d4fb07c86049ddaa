"""The deferred engine is a sample of a stored matrix.

Whatever was asked, `materialise` completes it, and a dense computation on the completion gives the same numbers.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from torch import Tensor

from lemmata.model.changes import LowRank, add
from lemmata.model.data import generate
from lemmata.model.deferred import DeferredMatrix, held_bytes
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, Network, assemble, initialise
from lemmata.model.orthonormal import orthonormalise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019, Setting
from lemmata.model.spanned import Spanned
from lemmata.model.trace import Trace
from lemmata.model.training import gradient_descent

AGREEMENT = {torch.float64: 1e-10, torch.float32: 1e-4}
ORTHOGONALITY = {torch.float64: 1e-12, torch.float32: 1e-5}

QUERIES = {"layer": st.integers(0, 1), "transposed": st.booleans(), "pick": st.integers(0, 2**32)}

Question = Callable[[Network], Tensor]


def deferred_matrix(shape, *, scale=0.6, seeds=(0, 1), dtype=torch.float64, **options):
    """A matrix about which nothing is known yet."""
    streams = [stream(seed, "entries") for seed in seeds]
    return DeferredMatrix(streams, shape, scale, torch.zeros((), dtype=dtype), **options)


def deferred_network(setting, architecture, *, seed=0, initialisations=2, dtype=torch.float64):
    """A network whose hidden matrices are all deferred."""
    dense = initialise(setting, architecture, [stream(seed, "V", i) for i in range(initialisations)], dtype=dtype)
    hidden = [
        DeferredMatrix(
            [stream(seed, layer, i) for i in range(initialisations)], shape, (2 / shape[0]) ** 0.5, dense.like
        )
        for layer, shape in enumerate(architecture.shapes[:-1])
    ]
    return assemble(setting, [*hidden, dense.matrices[-1]], dense.like)


def completed(network):
    """The same network with every matrix stored."""
    return replace(network, matrices=tuple(DenseMatrix(matrix.materialise()) for matrix in network.matrices))


def gaussian_rows(shape, seed, dtype=torch.float64):
    """Independent N(0, 1) entries."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def largest(x):
    """The largest entry in absolute value; 0 where there is none."""
    return float(x.abs().max()) if x.numel() else 0.0


def assert_agrees(actual, expected):
    """Equal to rounding, relative to the largest entry or 1."""
    assert actual.shape == expected.shape
    error = largest(actual - expected) / max(1.0, largest(expected))
    assert error <= AGREEMENT[actual.dtype], f"{error=}"


def assert_consistent(matrix):
    """Both bases are orthonormal, padded with zeros, and Q_Lᵀ Y = Zᵀ Q_R."""
    tolerance = ORTHOGONALITY[matrix.right.images.dtype]
    for side in (matrix.right, matrix.left):
        known = torch.arange(side.rank) < torch.from_numpy(side.ranks)[:, None]
        gram = side.directions @ side.directions.mT
        assert (side.ranks <= side.size).all()
        assert largest(gram - torch.diag_embed(known.to(gram))) <= tolerance
        assert largest(side.images * ~known[..., None]) == 0
    right, left = matrix.right, matrix.left
    crossed = left.directions @ right.images.mT - left.images @ right.directions.mT
    assert largest(crossed) <= tolerance * sum(matrix.shape) ** 0.5


class Conversation(RuleBasedStateMachine):
    """Any sequence of questions to a two-layer network; at the end the completion is asked them all again."""

    dtype = torch.float64
    huge = 1e140

    @initialize(
        d=st.integers(1, 4),
        widths=st.tuples(st.integers(1, 9), st.integers(1, 9)),
        k=st.integers(1, 2),
        initialisations=st.integers(1, 3),
        seed=st.integers(0, 2**32),
    )
    def begin(self, d, widths, k, initialisations, seed):
        shape = Architecture(d, widths, k)
        self.network = deferred_network(
            ZOU_GU_2019, shape, seed=seed, initialisations=initialisations, dtype=self.dtype
        )
        self.inputs = gaussian_rows((3, d), seed, self.dtype)
        self.labels = gaussian_rows((3, k), seed + 1, self.dtype)
        self.asked: dict[tuple[int, bool], list[Tensor]] = {}
        self.log: list[tuple[Question, Tensor]] = []

    def ask(self, question):
        answer = question(self.network)
        self.log.append((question, answer))
        return answer

    def ask_product(self, layer, transposed, x):
        """W x / max |x|, or Wᵀ x / max |x|."""
        self.asked.setdefault((layer, transposed), []).append(x)
        size = x.abs().amax(-1, keepdim=True)
        size = torch.where(size > 0, size, 1.0)

        def question(network):
            matrix = network.matrices[layer]
            return (matrix.apply_transposed(x) if transposed else matrix.apply(x)) / size

        return self.ask(question) * size

    def block(self, layer, transposed, n, seed):
        matrix = self.network.matrices[layer]
        return gaussian_rows((self.network.initialisations, n, matrix.shape[not transposed]), seed, self.dtype)

    def earlier(self, layer, transposed, pick):
        """A block that has been asked, or a first one."""
        blocks = self.asked.get((layer, transposed)) or [self.block(layer, transposed, 2, pick)]
        return blocks[pick % len(blocks)]

    @rule(n=st.integers(1, 4), **QUERIES)
    def new_block(self, layer, transposed, pick, n):
        self.ask_product(layer, transposed, self.block(layer, transposed, n, pick))

    @rule(**QUERIES)
    def there_and_back(self, layer, transposed, pick):
        """The next question depends on the answer, as in a network."""
        image = self.ask_product(layer, transposed, self.earlier(layer, transposed, pick))
        self.ask_product(layer, not transposed, image.clamp_min(0))

    @rule(factor=st.sampled_from([1.0, -2.0, 1e-9]), **QUERIES)
    def combination_of_earlier(self, layer, transposed, pick, factor):
        x, y = self.earlier(layer, transposed, pick), self.earlier(layer, transposed, pick // 7)
        self.ask_product(layer, transposed, x[:, :1] + factor * y[:, -1:])

    @rule(distance=st.sampled_from([1e-3, 1e-7, 1e-11, 1e-14, 1e-16]), **QUERIES)
    def nearly_in_the_span(self, layer, transposed, pick, distance):
        x = self.earlier(layer, transposed, pick)
        self.ask_product(layer, transposed, x + distance * self.block(layer, transposed, x.shape[1], pick))

    @rule(distance=st.sampled_from([0.0, 1e-5, 1e-10, 1e-15]), **QUERIES)
    def equal_rows(self, layer, transposed, pick, distance):
        x = self.block(layer, transposed, 1, pick).expand(-1, 3, -1)
        self.ask_product(layer, transposed, x + distance * self.block(layer, transposed, 3, pick + 1))

    @rule(**QUERIES)
    def zeros_in_some_initialisations(self, layer, transposed, pick):
        x = self.block(layer, transposed, 3, pick)
        x[pick % len(x), pick % 3 :] = 0.0
        self.ask_product(layer, transposed, x)

    @rule(**QUERIES)
    def rows_of_all_sizes(self, layer, transposed, pick):
        sizes = torch.tensor([1.0, self.huge, 1 / self.huge], dtype=self.dtype)[:, None]
        self.ask_product(layer, transposed, self.block(layer, transposed, 3, pick) * sizes)

    @rule(layer=st.integers(0, 1))
    def frobenius(self, layer):
        self.ask(lambda network: network.matrices[layer].frobenius())

    @rule(layer=st.integers(0, 1))
    def spectral(self, layer):
        self.ask(lambda network: network.matrices[layer].spectral())

    @precondition(lambda self: self.dtype == torch.float64)  # in float32 rounding may cross a kink
    @rule(size=st.sampled_from([1e-6, 1e-2, 1.0]), pick=st.integers(0, 2**32))
    def perturbation(self, size, pick):
        """A nearby network, moved along directions that have been asked, by itself and with its signals."""
        changes = []
        for layer in range(2):
            left, right = self.earlier(layer, True, pick)[:, :1], self.earlier(layer, False, pick)[:, :1]
            norm = (left.norm(dim=-1) * right.norm(dim=-1))[..., None].clamp(1e-3, 1e3)
            changes.append(LowRank((size / norm * left).mT, right.mT))
        bounded = all(largest(change.frobenius()) < 10 for change in changes)
        if not bounded:  # a factor of 1e140
            return

        def question(network):
            trace = Trace(network.moved(tuple(changes)), self.inputs)
            return torch.cat([x.flatten(1) for x in (*trace.features, trace.outputs, *trace.signals)], 1)

        self.ask(question)

    @precondition(lambda self: self.dtype == torch.float64)
    @rule(steps=st.integers(0, 4), step_size=st.sampled_from([1e-3, 1e-1]), compact=st.booleans())
    def training(self, steps, step_size, compact):
        def question(network):
            run = gradient_descent(network, self.inputs, self.labels, step_size=step_size, steps=steps, compact=compact)
            return torch.stack([iterate.trace.outputs for iterate in run], 1)

        self.ask(question)

    @invariant()
    def matrices_are_consistent(self):
        for matrix in getattr(self, "network", Network(ZOU_GU_2019, (), (), torch.zeros(1))).matrices[:-1]:
            assert_consistent(matrix)

    def teardown(self):
        """The completion gives every answer again, and so does the deferred matrix after it."""
        if not hasattr(self, "log"):
            return
        dense = completed(self.network)
        for question, answer in self.log:
            assert_agrees(answer, question(dense))
        for question, answer in self.log:
            assert_agrees(answer, question(self.network))


class ConversationInFloat32(Conversation):
    """The same in single precision."""

    dtype = torch.float32
    huge = 1e15


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestConversationInFloat32 = ConversationInFloat32.TestCase
TestConversationInFloat32.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def trajectory(network, dataset, steps, *, compact):
    """What a run is judged by, per step."""
    dtype = network.like.dtype
    x, y, loss = dataset.inputs.to(dtype), dataset.labels.to(dtype), LOSSES[network.setting.loss]
    measured: dict[str, list[Tensor]] = {}
    step_size = 1 / network.architecture.width
    for iterate in gradient_descent(network, x, y, step_size=step_size, steps=steps, compact=compact):
        trace = iterate.trace
        for name, value in {
            "loss": loss.value(trace.outputs, y),
            "outputs": trace.outputs,
            "gradient norms": trace.gradient_norms(),
            "batch gradient norms": trace.batch_gradient_norms(loss.slopes(trace.outputs, y)),
            "NTK": trace.ntk(),
            "Frobenius displacement": torch.stack([change.frobenius() for change in iterate.changes]),
            "spectral displacement": torch.stack([change.spectral() for change in iterate.changes]),
        }.items():
            measured.setdefault(name, []).append(value)
    return {name: torch.stack(values) for name, values in measured.items()}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("width", "steps"), [(100, 12), (10, 20)], ids=["low-rank", "full-rank"])
@pytest.mark.parametrize("compact", [False, True], ids=["columns", "cores"])
@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019, CAO_GU_2019_SLIDES], ids=lambda setting: setting.id)
def test_a_training_run_is_that_of_its_completion(setting: Setting, depth: int, compact, width: int, steps: int, dtype):
    """Every quantity along gradient descent agrees with a dense run on the completed matrices."""
    dataset = generate("sphere", n=5, d=6, setting=setting, rng=generator(stream(1, "data")))
    shape = Architecture(6, (width,) * setting.hidden_layers(max(depth, 2 + setting.trains_output)))
    network = deferred_network(setting, shape, initialisations=3, dtype=dtype)
    deferred = trajectory(network, dataset, steps, compact=compact)
    square = network.matrices[1]
    assert (max(square.right.rank, square.left.rank) == width) == (width == 10)
    dense = trajectory(completed(network), dataset, steps, compact=False)
    for name, values in deferred.items():
        # The output scale m^α of the slides multiplies the rounding too.
        torch.testing.assert_close(
            values, dense[name], rtol=AGREEMENT[dtype], atol=AGREEMENT[dtype] * largest(dense[name]), msg=name
        )


def test_a_step_may_follow_the_completion():
    """Once a matrix is stored it is asked nothing more, and the sum of the steps goes on in columns."""
    dataset = generate("sphere", n=3, d=4, setting=ZOU_GU_2019, rng=generator(stream(1, "data")))
    network = deferred_network(ZOU_GU_2019, Architecture(4, (24, 24)))
    options = {"step_size": 0.01, "steps": 3}
    iterates = gradient_descent(network, dataset.inputs, dataset.labels, **options, compact=True)
    held = []
    for iterate in iterates:
        held.append(iterate)
        if iterate.step == 1:
            dense = completed(network)
    expected = list(gradient_descent(dense, dataset.inputs, dataset.labels, **options))
    for iterate, other in zip(held, expected, strict=True):
        assert_agrees(iterate.trace.outputs, other.trace.outputs)
        for change, whole in zip(iterate.changes, other.changes, strict=True):
            assert_agrees(change.materialise(), whole.materialise())
    assert [isinstance(iterate.changes[1], Spanned) for iterate in held] == [True, True, False, False]


def test_a_matrix_moved_in_its_own_directions_is_the_sum():
    """W + ΔW is asked at once: known rows, new ones, more directions than the core has, and after completion."""
    matrix = deferred_matrix((9, 7))
    right, left = gaussian_rows((2, 2, 7), 0), gaussian_rows((2, 2, 9), 1)
    matrix.apply(right)
    matrix.apply_transposed(left)
    change = Spanned.nothing(matrix).stepped(LowRank(left.mT, 3 * right.mT), compact=True)
    rows = [(gaussian_rows((2, 2, 7), seed), gaussian_rows((2, 3, 9), seed)) for seed in (2, 3, 4)]
    rows += [(right, left), (1e3 * right, 0 * left)]
    answers = [(change.moved_apply(matrix, x), change.moved_apply_transposed(matrix, b)) for x, b in rows]
    whole = matrix.materialise() + left.mT @ (3 * right)
    for (x, b), (forward, backward) in zip(rows, answers, strict=True):
        assert_agrees(forward, x @ whole.mT)
        assert_agrees(backward, b @ whole)
    assert_agrees(change.moved_apply(matrix, rows[0][0]), answers[0][0])


def test_a_core_is_a_change_like_any_other():
    """Products, norms, factors and sums are those of the matrix that it stands for."""
    matrix = deferred_matrix((9, 7))
    right, left = gaussian_rows((2, 3, 7), 0), gaussian_rows((2, 2, 9), 1)
    matrix.apply(right)
    matrix.apply_transposed(left)
    weights = gaussian_rows((2, 2, 3), 2)
    change = Spanned.nothing(matrix)
    assert_agrees(change.spectral(), torch.zeros(2, dtype=torch.float64))
    change = change.stepped(LowRank(left.mT @ weights, right.mT), compact=True)
    whole = left.mT @ weights @ right
    assert_agrees(change.materialise(), whole)
    assert_agrees(change.frobenius(), torch.linalg.matrix_norm(whole))
    assert_agrees(change.spectral(), torch.linalg.matrix_norm(whole, ord=2))
    x, b = gaussian_rows((2, 4, 7), 3), gaussian_rows((2, 4, 9), 4)
    assert_agrees(change.apply(x), x @ whole.mT)
    assert_agrees(change.apply_transposed(b), b @ whole)
    other = LowRank(b[:, :1].mT, x[:, :1].mT)
    for pair in ((change, other), (other, change), (change, change)):
        (total,) = add((pair[0],), (pair[1],))
        assert_agrees(total.materialise(), pair[0].materialise() + pair[1].materialise())


def test_known_directions_add_no_rank():
    """Repeated, combined, zero and equal rows are answered from memory."""
    matrix = deferred_matrix((30, 20))
    x = gaussian_rows((2, 4, 20), 1)
    image = matrix.apply(x)
    for y, expected in ((x, image), (-3 * x.flip(1), -3 * image.flip(1)), (0 * x, 0 * image)):
        assert_agrees(matrix.apply(y), expected)
    combined = gaussian_rows((2, 7, 4), 2)
    assert_agrees(matrix.apply(combined @ x), combined @ image)
    assert matrix.right.ranks.tolist() == [4, 4]
    matrix.apply_transposed(gaussian_rows((2, 1, 30), 3).expand(-1, 5, -1))
    assert matrix.left.ranks.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (12, 40), (40, 12)])
def test_rank_stops_at_the_dimension(shape, dtype):
    """Blocks larger than the dimension, and queries beyond full rank, leave nothing to draw."""
    matrix = deferred_matrix(shape, dtype=dtype)
    for seed in range(4):
        matrix.apply(gaussian_rows((2, 15, shape[1]), seed, dtype))
        matrix.apply_transposed(gaussian_rows((2, 15, shape[0]), seed, dtype))
    assert (matrix.right.ranks <= shape[1]).all()
    assert (matrix.left.ranks <= shape[0]).all()
    assert_consistent(matrix)
    x = gaussian_rows((2, 50, shape[1]), 9, dtype)
    assert_agrees(matrix.apply(x), x @ matrix.materialise().mT)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_orthogonality_survives_hundreds_of_nearly_known_queries(dtype):
    """One Gram–Schmidt pass would lose it within a hundred."""
    matrix = deferred_matrix((400, 400), seeds=(0,), dtype=dtype)
    x = gaussian_rows((1, 2, 400), 0, dtype)
    for seed in range(100):
        x = x + 1e-3 * gaussian_rows((1, 2, 400), seed, dtype)
        matrix.apply(x)
        matrix.apply_transposed(x)
    assert matrix.right.rank == matrix.left.rank == 200
    assert_consistent(matrix)


def test_an_initialisation_is_the_same_alone_and_in_a_batch():
    """Streams belong to initialisations: neighbours, and how much is new to them, do not matter."""
    together = deferred_matrix((11, 8), seeds=(5, 6, 7))
    alone = [deferred_matrix((11, 8), seeds=(seed,)) for seed in (5, 6, 7)]
    norms = torch.empty(0)
    for step in range(5):
        x, b = gaussian_rows((3, 3, 8), step), gaussian_rows((3, 2, 11), step)
        x[step % 3, 1:] = 0.0
        b[step % 2, 0] = b[step % 2, 1]
        for block, name in ((x, "apply"), (b, "apply_transposed")):
            answers = [getattr(matrix, name)(block[i : i + 1]) for i, matrix in enumerate(alone)]
            assert_agrees(getattr(together, name)(block), torch.cat(answers))
        assert step or together.right.ranks.tolist() == [1, 3, 3]
        if step == 2:
            norms = torch.cat([matrix.frobenius() for matrix in alone])
            assert_agrees(together.frobenius(), norms)
    assert_agrees(together.materialise(), torch.cat([matrix.materialise() for matrix in alone]))
    assert_agrees(together.frobenius(), norms)


@pytest.mark.parametrize("queries", [0, 2, 4, 12])
def test_the_norm_stays_what_it_was(queries):
    """Asked early, ‖W‖_F is the norm of what later queries and the completion reveal."""
    matrix = deferred_matrix((9, 10), seeds=range(5))
    for step in range(queries):
        if step == queries // 2:
            first = matrix.frobenius()
        matrix.apply(gaussian_rows((5, 1, 10), step))
        matrix.apply_transposed(gaussian_rows((5, 1, 9), step))
    first = first if queries else matrix.frobenius()
    assert_agrees(matrix.frobenius(), first)
    assert_agrees(torch.linalg.matrix_norm(matrix.materialise()), first)


def test_spectral_norm_is_that_of_the_completion():
    """Lanczos steps are asked of the matrix itself."""
    matrix = deferred_matrix((30, 20))
    norm = matrix.spectral()
    assert_agrees(norm, torch.linalg.svdvals(matrix.materialise())[:, 0])


def test_unlike_rows_reveal_nothing():
    """A row that is not finite has no image, and its neighbours keep theirs."""
    matrix = deferred_matrix((6, 5))
    bad = torch.full((2, 1, 5), torch.nan, dtype=torch.float64)
    assert matrix.apply(bad).isnan().all()
    assert matrix.right.rank == 0
    x = torch.cat([gaussian_rows((2, 1, 5), 0), torch.inf * bad.nan_to_num(1.0)], 1)
    image = matrix.apply(x)
    assert image[:, 1].isnan().all()
    assert_agrees(image[:, :1], matrix.apply(x[:, :1]))
    assert matrix.right.rank == 1


def test_the_budget_is_kept():
    """A query that might not fit is refused, by name and number, and leaves the sample as it was."""
    matrix = deferred_matrix((6, 5), max_bytes=held_bytes((6, 5), 4, 2, torch.float64))
    x = gaussian_rows((2, 3, 5), 0)
    image = matrix.apply(x)
    with pytest.raises(ValueError, match=r"2 more directions.*\(6, 5\).*need \d+ bytes.*max_bytes=\d+ allows 4"):
        matrix.apply_transposed(gaussian_rows((2, 2, 6), 0))
    matrix.apply_transposed(gaussian_rows((2, 1, 6), 0))
    assert_agrees(matrix.apply(x[:, :0]), image[:, :0])
    with pytest.raises(ValueError, match=r"dense matrix.*bytes.*max_bytes"):
        deferred_matrix((1000, 1000), max_bytes=10**6).materialise()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"shape": (0, 3)}, "shape"),
        ({"shape": (2, 3), "seeds": ()}, "0 seeds"),
        ({"shape": (2, 3), "scale": 0.0}, "scale"),
        ({"shape": (2, 3), "scale": float("nan")}, "scale"),
        ({"shape": (2, 3), "max_bytes": -1}, "max_bytes"),
    ],
)
def test_impossible_matrices_are_refused(arguments, match):
    """By the name of the argument."""
    with pytest.raises(ValueError, match=match):
        deferred_matrix(**arguments)


def test_impossible_rows_are_refused():
    """Another number of entries, or of initialisations."""
    matrix = deferred_matrix((6, 5))
    with pytest.raises(ValueError, match="rows"):
        matrix.apply(gaussian_rows((2, 1, 6), 0))
    with pytest.raises(ValueError, match="rows"):
        matrix.apply(gaussian_rows((3, 1, 5), 0))


@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES], ids=lambda setting: setting.id)
def test_gradients_are_those_of_the_completion(setting):
    """First and second derivatives with respect to factors of every layer's change, by automatic differentiation."""
    network = deferred_network(setting, Architecture(4, (8, 10, 6)))
    inputs = gaussian_rows((3, 4), 1)
    sizes = [matrix.shape for matrix in network.matrices[: network.trained]]
    factors = [gaussian_rows((2, size, 2), i) for i, shape in enumerate(sizes) for size in shape]

    def derivatives(network):
        leaves = [0.1 * factor.clone().requires_grad_() for factor in factors]
        changes = tuple(LowRank(a, b) for a, b in zip(leaves[::2], leaves[1::2], strict=True))
        value = Trace(network.moved(changes), inputs).outputs.square().sum()
        first = torch.autograd.grad(value, leaves, create_graph=True)
        second = torch.autograd.grad(sum(gradient.square().sum() for gradient in first), leaves)
        return [gradient.detach() for gradient in (*first, *second)]

    found = derivatives(network)
    for deferred, dense in zip(found, derivatives(completed(network)), strict=True):
        assert_agrees(deferred, dense)


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_split_exactly(seed):
    """x = coordinates · basis + mix · fresh, with orthonormal or zero fresh rows, however degenerate the block."""
    rng = np.random.default_rng(seed)
    size, known, n = 12, int(rng.integers(0, 13)), int(rng.integers(1, 9))
    basis = torch.linalg.qr(gaussian_rows((2, size, known), seed)).Q.mT.contiguous()
    closeness = torch.from_numpy(10.0 ** -rng.integers(0, 18, (2, n, 1)))
    block = gaussian_rows((2, n, known + 1), seed + 1) @ torch.cat([basis, gaussian_rows((2, 1, size), seed + 2)], 1)
    block = block + closeness * gaussian_rows((2, n, size), seed + 3)
    block = block / torch.linalg.vector_norm(block, dim=-1, keepdim=True)
    fresh = block.clone()
    coordinates, mix, kept = orthonormalise(fresh, basis)
    assert_agrees(coordinates @ basis + mix @ fresh, block)
    both = torch.cat([basis, fresh], 1)
    expected = torch.cat([kept.new_ones(2, known), kept], 1).to(both)
    assert largest(both @ both.mT - torch.diag_embed(expected)) < ORTHOGONALITY[torch.float64]
