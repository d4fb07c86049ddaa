"""`lemmata check` reports, to 1e-8, what the definitions give in plain numpy with fifty digits.

The reference shares no code with the program: Jacobians are multiplied out, norms are numpy's SVD, the best sparse
vector is a sort, and every difference of two networks is a subtraction of fifty-digit numbers.
"""

import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lemmata.audit.cli import main
from lemmata.claims import REGISTRY
from lemmata.claims.constants import constant
from tests.assertions import assert_resolved

mpmath.mp.dps = 50
PAPER = "cao-gu-2020"
DELTA = 0.1
SIZES = [(5, (6,)), (4, (7, 10)), (4, (8, 5, 6))]
RADII = [0.3, 1e-2, 1e-6]


@dataclass(frozen=True)
class Run:
    """Weights before and after training, V of shape (1, m), and the data; plain arrays."""

    init: list[np.ndarray]
    trained: list[np.ndarray]
    V: np.ndarray
    X: np.ndarray
    y: np.ndarray


def draw(d: int, widths: tuple[int, ...], radius: float, n: int = 3) -> Run:
    """A network with a unit of layer 1 that the step carries across its kink at example 0."""
    rng = np.random.default_rng([d, *widths, round(-np.log10(radius))])
    sizes = itertools.pairwise((d, *widths))
    init = [rng.standard_normal((out, into)) * (2 / out) ** 0.5 for into, out in sizes]
    step = [radius * rng.standard_normal(w.shape) / np.linalg.norm(w) for w in init]
    X = rng.standard_normal((n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    init[0][2] += (0.4 * radius - init[0][2] @ X[0]) * X[0]
    step[0][2] -= (radius + step[0][2] @ X[0]) * X[0]
    V = rng.permutation(np.repeat([1.0, -1.0], widths[-1] // 2))[None]
    return Run(init, [w + s for w, s in zip(init, step, strict=True)], V, X, np.array([1.0, -1.0, 1.0])[:n])


def exact(array: np.ndarray) -> np.ndarray:
    return np.vectorize(mpmath.mpf, otypes=[object])(array)


def norm(array: np.ndarray) -> mpmath.mpf:
    return mpmath.sqrt((array * array).sum())


def spectral(matrix: np.ndarray) -> float:
    return float(np.linalg.svd(matrix.astype(float), compute_uv=False)[0])


def slope(z: mpmath.mpf) -> mpmath.mpf:
    """−ℓ'(z)."""
    return 1 / (1 + mpmath.exp(z))


class Pass:
    """Everything about one network and one input, multiplied out; lists are indexed by layer from 1 (or 0)."""

    def __init__(self, weights: list[np.ndarray], V: np.ndarray, x: np.ndarray) -> None:
        self.features, self.masks = [x], [None]
        for W in weights:
            z = W @ self.features[-1]
            self.masks.append(z > 0)
            self.features.append(np.where(z > 0, z, 0))
        masked = [None] + [np.diag(mask.astype(int)) @ W for mask, W in zip(self.masks[1:], weights, strict=True)]
        self.layers = range(1, len(weights) + 1)
        self.products = [None] + [self.multiply(masked, l, len(V[0])) for l in self.layers]
        above = [None] + [self.multiply(masked, l + 1, len(V[0])) for l in self.layers]
        self.f = (V @ self.features[-1])[0]
        self.signals = [None] + [(V @ product)[0] for product in self.products[1:]]
        self.above = [None] + [(V @ above[l])[0] for l in self.layers]
        self.gradients = [None] + [np.outer(self.above[l] * self.masks[l], self.features[l - 1]) for l in self.layers]

    @staticmethod
    def multiply(masked: list, low: int, top: int) -> np.ndarray:
        """Σ_L W_L ⋯ Σ_low W_low; the identity if there is no factor."""
        product = np.eye(top, dtype=int)
        for matrix in reversed(masked[low:]):
            product = product @ matrix
        return product


class Reference:
    """Both sides of every claim as nested lists over the axes that `check` names."""

    def __init__(self, run: Run) -> None:
        self.init, self.trained = [exact(W) for W in run.init], [exact(W) for W in run.trained]
        V, X, self.y = exact(run.V), exact(run.X), exact(run.y)
        self.old = [Pass(self.init, V, x) for x in X]
        self.new = [Pass(self.trained, V, x) for x in X]
        self.L, self.n, self.m = len(self.init), len(X), min(len(W) for W in run.init)
        self.steps = [b - a for a, b in zip(self.init, self.trained, strict=True)]
        self.step_norms = [spectral(step) for step in self.steps]
        self.tau = max(float(norm(step)) for step in self.steps)
        self.examples, self.layers = range(self.n), range(1, self.L + 1)

    def linear(self, passes: list[Pass]) -> list:
        """Σ_l <∇_{W_l} f(x_i), step> at these networks."""
        return [sum((p.gradients[l] * self.steps[l - 1]).sum() for l in self.layers) for p in passes]

    def margins(self, passes: list[Pass]) -> list:
        return [y * p.f for y, p in zip(self.y, passes, strict=True)]

    def surrogate(self, passes: list[Pass]) -> mpmath.mpf:
        return sum(map(slope, self.margins(passes))) / self.n

    def loss(self, passes: list[Pass]) -> mpmath.mpf:
        return sum(mpmath.log(1 + mpmath.exp(-z)) for z in self.margins(passes)) / self.n

    def sides(self) -> dict[str, tuple]:
        """By claim: left-hand sides, right-hand sides (broadcastable)."""
        L, n, m, tau, new, old = self.L, self.n, self.m, self.tau, self.new, self.old
        z, z0 = self.margins(new), self.margins(old)
        almost = L**2 * tau ** (1 / 3) * np.sqrt(m * np.log(m))
        step, squares = sum(self.step_norms), sum(s**2 for s in self.step_norms)
        errors = [b.f - a.f - c for a, b, c in zip(old, new, self.linear(old), strict=True)]
        descent = sum(-slope(a) * y * c for a, y, c in zip(z0, self.y, self.linear(old), strict=True)) / n
        s = int(L ** (4 / 3) * tau ** (2 / 3) * m)
        moved = norm(np.array([b.f - a.f for a, b in zip(old, new, strict=True)]))
        root = np.sqrt(m)
        changes = [b.f - a.f for a, b in zip(old, new, strict=True)]
        crossed = [self.crossed(l) for l in self.layers]
        flips = [abs(sum(part)) for part in zip(*(c["output"] for c in crossed), strict=True)]
        products = [abs(e - sum(part)) for e, *part in zip(errors, *(c["output"] for c in crossed), strict=True)]
        first = sum(-slope(a) * y * e for a, y, e in zip(z0, self.y, errors, strict=True)) / n
        sides = {
            "loss-sigmoid": ([slope(v) for v in z], [slope(v) for v in z]),
            "loss-indicator": ([2 * slope(v) for v in z], [float(v < 0) for v in z]),
            "loss-slope-bound": ([slope(v) for v in z], 1.0),
            "loss-slope-lipschitz": (
                [abs(slope(b) - slope(a)) for a, b in zip(z0, z, strict=True)],
                [abs(b - a) for a, b in zip(z0, z, strict=True)],
            ),
            "loss-curvature": ([slope(v) * (1 - slope(v)) for v in z], 0.5),
            "loss-growth": ([mpmath.log(1 + mpmath.exp(-v)) for v in z], [1 + abs(v) for v in z]),
            "loss-markov": ([self.surrogate(new)], [sum(float(v < 0) for v in z) / n / 2]),
            "lemma-5.1a": ([[[norm(p.gradients[l])] for p in old] for l in self.layers], root),
            "lemma-5.1b": ([self.batch_gradient(l) for l in self.layers], root * self.surrogate(new)),
            "lemma-5.2a": ([[abs(e)] for e in errors], almost * step),
            "lemma-5.2a@printed": ([[abs(c)] for c in self.linear(new)], almost * step),
            "lemma-5.2b": (
                self.loss(new) - self.loss(old) - descent,
                almost * step * self.surrogate(old) + L**3 * m * squares,
            ),
            "lemma-5.3": ([[abs(p.f)] for p in old], np.sqrt(np.log(n / DELTA))),
            "app-A-forward": ([[abs(p.f)] for p in new],) * 2,
            "app-A-gradient": ([[[norm(p.gradients[l]) for l in self.layers]] for p in new],) * 2,
            "app-A-euler": ([[[abs(p.f)] for p in new]] * L,) * 2,
            "lemma-B.1-i-weights": ([spectral(W) for W in self.trained], 1.0),
            "lemma-B.1-i-features": ([[norm(p.features[l]) for p in new] for l in self.layers], 1.0),
            "lemma-B.1-ii": ([[spectral(p.products[l]) for p in new] for l in self.layers], float(L)),
            "lemma-B.1-iii": (
                [[norm(b.features[l] - a.features[l]) for a, b in zip(old, new, strict=True)] for l in self.layers],
                [[np.sqrt(L) * sum(self.step_norms[:l])] for l in self.layers],
            ),
            "lemma-B.1-iv": (
                [[int((a.masks[l] != b.masks[l]).sum()) for a, b in zip(old, new, strict=True)] for l in self.layers],
                L ** (4 / 3) * tau ** (2 / 3) * m,
            ),
            "lemma-B.1-v": (
                [[[norm(np.sort(abs(p.signals[l]))[::-1][:s])] for p in new] for l in self.layers],
                L ** (2 / 3) * tau ** (1 / 3) * np.sqrt(m * np.log(m)),
            ),
            "lemma-B.1-vi": ([[[norm(p.signals[l])] for p in new] for l in self.layers], root),
            "B.2-telescoping": (moved, moved),
            "B.2-split": (moved, moved),
            "surrogate-lipschitz": ([abs(self.surrogate(new) - self.surrogate(old))], max(map(abs, changes)) / 4),
            "thm-4.5-I1": ([[abs(e)] for e in errors], L**4 * np.sqrt(m * np.log(m)) * tau ** (4 / 3)),
            "rem-4.6-norms": (
                [sum(map(norm, step)) for step in self.steps],
                [np.sqrt(len(step)) * tau for step in self.steps],
            ),
            "lemma-5.1-proof": ([self.batch_gradient(l) for l in self.layers],) * 2,
            "B.2-I3-is-gradient": ([[abs(c)] for c in self.linear(old)],) * 2,
            "B.2-mask-preactivation": ([c["flipped"] for c in crossed], [c["moved"] for c in crossed]),
            "B.2-preactivation-growth": ([c["moved"] for c in crossed], L * step),
            "B.2-I1": ([[f] for f in flips], almost * step),
            "B.2-I2": ([[p] for p in products], L**3 * root * squares),
            "eq-B.1": (
                [
                    self.loss(new)
                    - self.loss(old)
                    - sum(-slope(a) * y * c for a, y, c in zip(z0, self.y, changes, strict=True)) / n
                ],
                sum(c**2 for c in changes) / n / 4,
            ),
            "eq-B.2": (first, (almost * step + L**3 * root * squares) * self.surrogate(old)),
            "eq-B.3": ([[c**2] for c in changes], m * L**2 * step**2),
        }
        error, last = root * self.surrogate(new), self.batch_gradient(L)
        frozen = norm(sum(-slope(v) * y / n * p.gradients[L] for v, y, p in zip(z0, self.y, old, strict=True)))
        sides |= {
            "eq-4.1": (last, error),
            "lemma-5.4": (last, error / 2**L),
            "lemma-5.5": (last, error),
            "B.3-G-definition": (frozen, frozen),
        }
        absent = {"lemma-B.1-v"} if not s else set()
        absent |= {"lemma-5.4"} if L == 1 else set()
        return {claim: pair for claim, pair in sides.items() if claim not in absent}

    def crossed(self, l: int) -> dict[str, list]:
        """Per example: the units of layer l that change their activation, how far all move, what those contribute."""
        found: dict[str, list] = {"flipped": [], "moved": [], "output": []}
        for a, b in zip(self.old, self.new, strict=True):
            before, after = self.init[l - 1] @ a.features[l - 1], self.trained[l - 1] @ b.features[l - 1]
            flips = b.masks[l].astype(int) - a.masks[l].astype(int)
            found["flipped"].append(norm(flips * after))
            found["moved"].append(norm(after - before))
            found["output"].append((a.above[l] * flips * after).sum())
        return found

    def batch_gradient(self, l: int) -> mpmath.mpf:
        weights = [-slope(v) * y / self.n for v, y in zip(self.margins(self.new), self.y, strict=True)]
        return norm(sum(w * p.gradients[l] for w, p in zip(weights, self.new, strict=True)))


IDENTITIES = {
    "loss-sigmoid",
    "app-A-forward",
    "app-A-gradient",
    "app-A-euler",
    "lemma-5.1-proof",
    "B.2-telescoping",
    "B.2-split",
    "B.2-I3-is-gradient",
    "B.3-G-definition",
}
LOWER = {"loss-indicator", "loss-markov", "eq-4.1", "lemma-5.4", "lemma-5.5"}


def save(run: Run, folder) -> list[str]:
    """The run's files, and the command line that checks them."""
    for name, weights in (("init", run.init), ("trained", run.trained)):
        layers = {f"W{l}": W for l, W in enumerate(weights, 1)}
        np.savez(folder / f"{name}.npz", **layers, V=run.V)
    np.savez(folder / "data.npz", X=run.X, y=run.y)
    return command(folder / "init.npz", folder / "trained.npz", folder / "data.npz")


def command(init, trained, data) -> list[str]:
    files = ["--init", str(init), "--trained", str(trained), "--data", str(data)]
    return ["check", *files, "--delta", str(DELTA), "--format", "json"]


def report(arguments: list[str], capsys) -> dict:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)["claims"]


def members(values) -> np.ndarray:
    """As float64, with what fifty digits leave of an exact zero taken for zero."""
    array = np.array(values, dtype=object).astype(float)
    return np.where(abs(array) < 1e-40, 0.0, array)


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize(("d", "widths"), SIZES, ids=str)
def test_reported_sides_are_those_of_the_definitions(d, widths, radius, tmp_path, capsys):
    """Both sides, the ratio and its place, for every claim that a brute-force reference covers."""
    run = draw(d, widths, radius)
    entries = report(save(run, tmp_path), capsys)
    for claim, (lhs, rhs) in Reference(run).sides().items():
        entry = entries[f"{PAPER}/{claim}"]
        left = members(lhs)
        right = np.broadcast_to(members(rhs), left.shape)
        assert entry["applicable"]
        index = tuple(place - (axis == "layer") for axis, place in entry["worst"].items())
        assert_resolved(entry["lhs"], left[index])
        assert_resolved(entry["rhs"], right[index])
        assert (entry["residual"] is not None) == (claim in IDENTITIES)
        if claim in IDENTITIES:
            assert entry["residual"] < 1e-10
        elif (right > 0).all() or entry["ratio"] is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = left / right
            assert_resolved(entry["ratio"], float(np.nanmin(ratios) if claim in LOWER else np.nanmax(ratios)))
        else:
            assert "right-hand side is 0" in entry["reason"]


def test_sparse_vectors_need_room(tmp_path, capsys):
    """Lemma B.1 (v) is measured where s ≥ 1, and not applicable, with a reason, where s < 1."""
    assert report(save(draw(5, (6,), 0.3), tmp_path), capsys)[f"{PAPER}/lemma-B.1-v"]["applicable"]
    entries = report(save(draw(5, (6,), 1e-6), tmp_path), capsys)
    entry = entries[f"{PAPER}/lemma-B.1-v"]
    assert not entry["applicable"]
    assert "s = " in entry["reason"]
    assert entry["lhs"] is entry["ratio"] is entry["worst"] is None


def test_the_step_crosses_a_kink():
    """The generated runs are not smooth: without flips the excess claims would be tested only where they are 0."""
    for (d, widths), radius in itertools.product(SIZES, RADII):
        assert max(members(Reference(draw(d, widths, radius)).sides()["lemma-B.1-iv"][0]).ravel()) >= 1


def test_unit_constants_decide_the_preconditions(tmp_path, capsys):
    """Preconditions are reported for the claims that have them, and say what arithmetic says."""
    run = draw(4, (7, 10), 1e-2)
    entries = report(save(run, tmp_path), capsys)
    reference = Reference(run)
    near = {key: value for key, value in entries[f"{PAPER}/lemma-5.1a"]["preconditions"].items() if key[0] == "t"}
    assert near == {"tau <= L^-6 log(m)^-3/2": reference.tau <= 2**-6 * np.log(7) ** -1.5}
    assert entries[f"{PAPER}/lemma-5.3"]["preconditions"] == {"m >= L log(nL/delta)": False}
    assert entries[f"{PAPER}/thm-4.5-I2"]["preconditions"] == {}


def test_untrained_network_has_no_ratio_where_nothing_moved(tmp_path, capsys):
    """τ = 0: what bounds the movement has both sides 0, and everything else its value."""
    arguments = save(draw(4, (7, 10), 1e-2), tmp_path)
    arguments[arguments.index("--trained") + 1] = str(tmp_path / "init.npz")
    entries = report(arguments, capsys)
    moved = entries[f"{PAPER}/lemma-5.2a"]
    assert (moved["applicable"], moved["lhs"], moved["rhs"], moved["ratio"]) == (True, 0.0, 0.0, None)
    assert moved["reason"] == "no ratio: both sides are 0"
    assert entries[f"{PAPER}/lemma-5.1a"]["ratio"] > 0


def save_state(path, weights: list[np.ndarray], V: np.ndarray) -> str:
    """Layers 8, 9, 10, … of a `Sequential`; a .safetensors file has them in an order that is not theirs."""
    tensors = {f"{8 + l}.weight": torch.from_numpy(W.copy()) for l, W in enumerate([*weights, V])}
    assert sorted(tensors) != list(tensors)
    save_file(tensors, path) if path.suffix == ".safetensors" else torch.save(tensors, path)
    return str(path)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".safetensors"])
def test_every_weight_format_gives_the_same_answer(suffix, tmp_path, capsys):
    """The same weights in another format give the same claims."""
    run = draw(4, (7, 10), 1e-2)
    expected = report(save(run, tmp_path), capsys)
    init = save_state(tmp_path / f"a{suffix}", run.init, run.V)
    trained = save_state(tmp_path / f"b{suffix}", run.trained, run.V)
    assert report(command(init, trained, tmp_path / "data.npz"), capsys) == expected


def test_csv_and_normalise_give_the_same_answer(tmp_path, capsys):
    """A CSV table of the inputs, scaled by powers of two, is the same data under --normalise."""
    run = draw(4, (7, 10), 1e-2)
    arguments = save(run, tmp_path)
    expected = report([*arguments, "--normalise"], capsys)
    rows = [
        ",".join(map(repr, map(float, (*(2.0**i * x), y)))) for i, (x, y) in enumerate(zip(run.X, run.y, strict=True))
    ]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,c,d,label", *rows]) + "\n")
    arguments[arguments.index("--data") + 1] = str(tmp_path / "data.csv")
    assert report([*arguments, "--normalise"], capsys) == expected


def test_lemma_4_1_is_measured_at_the_labels_given(tmp_path, capsys):
    """‖∇L(Ŵ)‖² and m φ L(Ŵ) / (k n²) at one's own labels, by automatic differentiation; the infimum stands beside."""
    run = draw(4, (7, 10), 0.1)
    arguments = [*save(run, tmp_path), "--setting", "zou-gu-2019", "lemma-4.1", "grad-decomposition"]
    entries = report(arguments, capsys)
    weights = [torch.tensor(W, requires_grad=True) for W in run.trained]
    h = torch.tensor(run.X)
    for W in weights:
        h = (h @ W.T).relu()
    loss = (h @ torch.tensor(run.V).T - torch.tensor(run.y)[:, None]).square().sum() / 2 / len(run.X)
    squares = [float(g.square().sum()) for g in torch.autograd.grad(loss, weights)]
    loss = loss.detach()
    phi = min(np.linalg.norm(a - b) for a, b in itertools.combinations(run.X, 2))
    entry, parts = entries["zou-gu-2019/lemma-4.1"], entries["zou-gu-2019/grad-decomposition"]
    assert_resolved(entry["lhs"], sum(squares))
    assert_resolved(entry["rhs"], 7 * phi * float(loss) / len(run.X) ** 2)
    assert 0 < entry["beside"]["infimum"] <= entry["ratio"]
    assert_resolved(parts["lhs"], squares[-1])
    assert_resolved(parts["rhs"], sum(squares))


def test_what_the_paper_leaves_to_the_data_stands_beside(tmp_path, capsys):
    """B and γ count as 1 in the ratio; their value, and the ratio with it, stand beside."""
    entries = report(save(draw(4, (7, 10), 1e-2), tmp_path), capsys)
    for claim, letter in (("eq-4.1", "B"), ("lemma-5.4", "gamma"), ("lemma-5.5", "gamma of the kernel")):
        entry = entries[f"{PAPER}/{claim}"]
        value = entry["beside"][letter]
        assert 0 < value < 1
        assert_resolved(entry["beside"][f"ratio with {letter}"], entry["ratio"] / value)


def test_audited_constants_and_limits_stand_beside_each_ratio(tmp_path, capsys):
    """With a word: an honest network needs less than what audits found enough, one that is blown up more."""
    run = draw(4, (8, 8), 1e-2)
    entry = report(save(run, tmp_path), capsys)[f"{PAPER}/lemma-5.1a"]
    assert (entry["audited"], entry["word"], entry["holds"]) == (
        constant(REGISTRY[f"{PAPER}/lemma-5.1a"]),
        "ordinary",
        None,
    )
    assert entry["limit"] == 0.5**0.5
    blown = replace(run, init=[9 * W for W in run.init], trained=[9 * W for W in run.trained])
    assert report(save(blown, tmp_path), capsys)[f"{PAPER}/lemma-5.1a"]["word"] == "beyond what audits found"


def test_assumptions_are_rows_that_hold_or_do_not(tmp_path, capsys):
    """Widths that differ by a factor of nine break Assumption 4.2, and unit inputs keep Assumption 4.1."""
    entries = report(save(draw(4, (4, 36), 1e-2), tmp_path), capsys)
    assert (entries[f"{PAPER}/assumption-4.1"]["holds"], entries[f"{PAPER}/assumption-4.2"]["holds"]) == (True, False)
    assert entries[f"{PAPER}/assumption-4.2"]["word"] == "does not hold"


def test_what_is_too_dear_is_skipped_with_its_reason(tmp_path, capsys, monkeypatch):
    """A measurement that outlasts the patience is given up, one that wants more memory than is free too."""

    def slow(case):
        while True:
            pass

    def large(case):
        return torch.ones(10**15)

    for name, measure in (("lemma-5.3", slow), ("lemma-5.1b", large)):
        id = f"{PAPER}/{name}"
        monkeypatch.setitem(REGISTRY, id, replace(REGISTRY[id], measure=measure))
    entries = report([*save(draw(4, (7, 10), 1e-2), tmp_path), "--patience", "0.5"], capsys)
    assert entries[f"{PAPER}/lemma-5.3"]["reason"] == "skipped: it takes longer than 0.5 s"
    assert entries[f"{PAPER}/lemma-5.1b"]["reason"] == "skipped: it needs more memory than is free"
    assert entries[f"{PAPER}/lemma-5.1a"]["ratio"] > 0


def test_the_echo_says_what_was_read(tmp_path, capsys):
    """Per layer its shape, norm, movement, variance and p-value, and loss and errors before and after."""
    run = draw(4, (7, 10), 1e-2)
    arguments = save(run, tmp_path)
    assert main(arguments[:-2]) == 0
    said = capsys.readouterr().err
    assert main(arguments) == 0
    read = json.loads(capsys.readouterr().out)["read"]
    for layer, before, after in zip(read["layers"], run.init, run.trained, strict=False):
        assert layer["shape"] == list(before.shape)
        assert_resolved(layer["norm"], np.linalg.norm(before))
        assert_resolved(layer["moved"], np.linalg.norm(after - before))
        assert_resolved(layer["variance"], (before**2).mean() * len(before) / 2)
        assert layer["p"] > 1e-6
        assert f"{layer['norm']:.4g}" in said
    reference = Reference(run)
    for value, passes in zip(read["data"]["loss"], (reference.old, reference.new), strict=True):
        assert_resolved(value, float(reference.loss(passes)))
    assert (read["data"]["n"], read["data"]["d"], read["data"]["k"], read["warnings"]) == (3, 4, 1, [])
    assert "share of wrong signs" in said


def test_every_field_is_documented(tmp_path, capsys):
    """`docs/check-json.md` has every key of the echo and of a claim's record."""
    assert main(save(draw(4, (7, 10), 1e-2), tmp_path)) == 0
    document = json.loads(capsys.readouterr().out)
    read, (first, *_) = document["read"], document["claims"].values()
    page = (Path(__file__).parent.parent / "docs" / "check-json.md").read_text(encoding="utf-8")
    keys = {*document, *read, *read["data"], *read["layers"][0], *first}
    assert keys <= set(re.findall(r"`([^`]+)`", page)) | {"claims", "read"}


def test_checkpoints_of_a_run_give_a_ratio_each(tmp_path, capsys):
    """`--trained a b c` is one record per checkpoint, a row per claim, and a picture with a panel per claim."""
    run = draw(4, (7, 10), 0.1)
    arguments = save(run, tmp_path)
    between = [[a + share * (b - a) for a, b in zip(run.init, run.trained, strict=True)] for share in (0.0, 0.5, 1.0)]
    paths = []
    for number, weights in enumerate(between):
        paths.append(str(tmp_path / f"{number}.npz"))
        np.savez(paths[-1], **{f"W{l}": W for l, W in enumerate(weights, 1)}, V=run.V)
    at = arguments.index("--trained") + 1
    several = [*arguments[:at], *paths, *arguments[at + 1 : -2], "lemma-5.*"]
    assert main([*several, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["checkpoints"]
    alone = report([*arguments[:at], paths[1], *arguments[at + 1 :], "lemma-5.*"], capsys)
    assert found[1]["claims"] == alone
    assert main([*several, "--plot", str(tmp_path / "run.svg")]) == 0
    printed = capsys.readouterr()
    assert "3 checkpoints" in printed.out
    assert printed.err.count("‖W⁽⁰⁾‖_F") == 1
    picture = ElementTree.parse(tmp_path / "run.svg").getroot()
    assert "lemma-5.2a ≤" in {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize("setting", ["zou-gu-2019", "cao-gu-2019-slides", "chen-et-al-2019-poster"])
def test_claims_of_other_settings_are_not_applicable(setting, tmp_path, capsys):
    """Every setting's files are read, and the claims of Cao & Gu (2020) say that they are not about them."""
    run = draw(4, (7, 10), 1e-2)
    arguments = save(run, tmp_path)
    if setting != "zou-gu-2019":
        for name, weights in (("init", run.init), ("trained", run.trained)):
            np.savez(tmp_path / f"{name}.npz", W1=weights[0], W2=weights[1], W3=run.V / 3)
    entries = report([*arguments, "--setting", setting, "cao-gu-2020/*"], capsys)
    assert not any(entry["applicable"] for entry in entries.values())
    assert {entry["reason"] for entry in entries.values()} == {f"stated for the setting cao-gu-2020, not {setting}"}


def test_trained_output_layer_counts_in_the_radius(tmp_path, capsys):
    """On the slides the top layer moves too: the radius is its distance if that is the largest."""
    run = draw(4, (7, 10), 1e-6)
    arguments = save(run, tmp_path)[:-2]
    for name, weights, top in (("init", run.init, 0.25), ("trained", run.trained, 0.5)):
        np.savez(tmp_path / f"{name}.npz", W1=weights[0], W2=weights[1], W3=top * abs(run.V))
    assert main([*arguments, "--setting", "cao-gu-2019-slides"]) == 0
    assert f"tau = {0.25 * 10**0.5:.4g}" in capsys.readouterr().out


def test_built_in_digits_can_be_checked(tmp_path, capsys):
    """The built-in data set needs no file: two classes, unit rows, its closest pair reported."""
    run = draw(64, (4,), 1e-2)
    arguments = save(run, tmp_path)[:-2]
    arguments[arguments.index("--data") + 1] = "digits"
    assert main([*arguments, "lemma-5.3"]) == 0
    title = " ".join(capsys.readouterr().out.split())
    assert "n = 360" in title
    assert "phi = 0.09367; 1 pairs within 0.1" in title


def test_a_defect_in_one_claim_leaves_the_others(tmp_path, capsys, monkeypatch):
    """A measurement that raises is reported as such in its own entry; status and the other claims stand."""

    def broken(case):
        raise ZeroDivisionError("nothing to divide by")

    id = f"{PAPER}/lemma-5.3"
    monkeypatch.setitem(REGISTRY, id, replace(REGISTRY[id], measure=broken))
    entries = report(save(draw(4, (7, 10), 1e-2), tmp_path), capsys)
    assert entries[id]["reason"] == "defect: measuring it raised ZeroDivisionError: nothing to divide by"
    assert entries[id]["ratio"] is None
    assert entries[f"{PAPER}/lemma-5.1a"]["ratio"] > 0
