"""`lemmata.check` on what is in memory: the numbers of the command, and errors that name the argument."""

import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lemmata import CAO_GU_2020, check
from lemmata.audit.cli import main

D, WIDTH, N = 4, 8, 3
ID = "cao-gu-2020/lemma-5.2a"


def module() -> nn.Sequential:
    """A network of the setting cao-gu-2020 in plain PyTorch."""
    layers = [nn.Linear(a, b, bias=False) for a, b in ((D, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))]
    for hidden in layers[:2]:
        nn.init.normal_(hidden.weight, std=(2 / WIDTH) ** 0.5, generator=torch.Generator().manual_seed(1))
    layers[2].weight = nn.Parameter(torch.tensor([[1.0, -1.0] * (WIDTH // 2)]), requires_grad=False)
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2]).double()


def moved(by: float) -> nn.Sequential:
    """The same network a little further."""
    net = module()
    with torch.no_grad():
        for number in (0, 2):
            step = torch.randn(net[number].weight.shape, generator=torch.Generator().manual_seed(number)).double()
            net[number].weight += by * step
    return net


def data() -> tuple[torch.Tensor, torch.Tensor]:
    X = torch.randn(N, D, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return X / X.norm(dim=1, keepdim=True), torch.tensor([1.0, -1.0, 1.0])


def test_the_numbers_are_the_command_s(tmp_path, capsys):
    """Record for record, and the printed table too."""
    X, y = data()
    torch.save(module().state_dict(), tmp_path / "a.pt")
    torch.save(moved(0.01).state_dict(), tmp_path / "b.pt")
    np.savez(tmp_path / "d.npz", X=X.numpy(), y=y.numpy())
    files = ["--init", str(tmp_path / "a.pt"), "--trained", str(tmp_path / "b.pt"), "--data", str(tmp_path / "d.npz")]
    found = check(module(), moved(0.01), X, y)
    assert main(["check", *files, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["claims"] == found.document()["claims"]
    assert main(["check", *files]) == 0
    assert capsys.readouterr().out == str(found)
    assert found[ID].ratio > 0


@pytest.mark.parametrize(
    "take",
    [
        lambda net: net,
        lambda net: net.state_dict(),
        lambda net: list(net.state_dict().values()),
        lambda net: tuple(matrix.numpy() for matrix in net.state_dict().values()),
        lambda net: {f"part {9 - i}": matrix for i, matrix in enumerate(net.state_dict().values())},
    ],
    ids=["module", "state_dict", "tensors", "arrays", "an order of its own"],
)
def test_networks_come_in_several_forms(take):
    """Layers stand in the order in which they are given, whatever they are called."""
    expected = check(module(), moved(0.01), *data()).document()["claims"]
    assert check(take(module()), take(moved(0.01)), *data()).document()["claims"] == expected


def test_data_come_in_several_forms():
    """Tensors, arrays and lists; labels as a column too."""
    X, y = data()
    expected = check(module(), moved(0.01), X, y, claims=ID).document()
    for inputs, labels in ((X.numpy(), y.numpy()), (X.tolist(), y.tolist()), (X, y[:, None])):
        assert check(module(), moved(0.01), inputs, labels, claims=ID).document() == expected
    assert check(module(), moved(0.01), 4 * X, y, claims=ID, normalise=True).document() == expected


def test_checkpoints_are_checked_one_by_one():
    """A list in place of the trained network gives a list, each element what that network alone gives."""
    steps = [0.0, 0.01, 0.1]
    several = check(module(), [moved(by) for by in steps], *data(), claims="lemma-5.*")
    with pytest.warns(UserWarning, match="before and after hold the same weights"):
        alone = [check(module(), moved(by), *data(), claims="lemma-5.*") for by in steps]
    assert [found.document()["claims"] for found in several] == [found.document()["claims"] for found in alone]
    taus = [found.parameters["tau"] for found in several]
    assert taus[0] == 0 < taus[1] < taus[2]
    assert several[0][ID].reason == "no ratio: both sides are 0"
    (only,) = check(module(), [list(moved(0.1).state_dict().values())], *data(), claims=ID)
    assert only[ID] == several[2][ID]


def test_a_collection_is_indexed_and_iterated():
    """By id, with or without the paper; in the papers' order; what was not checked is a KeyError."""
    found = check(module(), moved(0.01), *data(), claims=("lemma-5.1*", "cao-gu-2020/lemma-5.2a"))
    assert found["lemma-5.2a"] is found[ID]
    assert ID in found
    assert "lemma-5.2a" in found
    assert "lemma-5.3" not in found
    assert [record.id for record in found][-1] == ID
    assert len(found) == len(list(found)) > 2
    with pytest.raises(KeyError, match=r"lemma-5\.3"):
        found["lemma-5.3"]
    assert "tau = " in repr(found)


def test_an_id_of_two_papers_is_ambiguous():
    """Then the paper must be said."""
    found = check(module(), moved(0.01), *data())
    short = [record.id.partition("/")[2] for record in found]
    twice = next(name for name in short if short.count(name) > 1)
    with pytest.raises(KeyError, match="ambiguous"):
        found[twice]


def test_a_collection_is_a_data_frame(monkeypatch):
    """A row per claim and a column per field, where pandas is installed; elsewhere that is said."""
    pandas = pytest.importorskip("pandas")
    found = check(module(), moved(0.01), *data(), claims="lemma-5.*")
    frame = found.frame()
    assert list(frame.index) == [record.id for record in found]
    assert frame.loc[ID, "ratio"] == found[ID].ratio
    assert isinstance(frame, pandas.DataFrame)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="frame\\(\\) needs pandas"):
        found.frame()


def test_a_setting_is_a_value_or_its_id():
    """`CAO_GU_2020` and "cao-gu-2020" are the same."""
    expected = check(module(), moved(0.01), *data(), claims=ID, setting=CAO_GU_2020).document()
    assert check(module(), moved(0.01), *data(), claims=ID, setting="cao-gu-2020").document() == expected


class Tanh(nn.Module):
    """The layers of the honest network with tanh between them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = module()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers[4](self.layers[2](self.layers[0](x).tanh()).tanh())


class Scaled(Tanh):
    """The honest network times one eighth."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x) / 8


@pytest.mark.parametrize(
    ("network", "words"),
    [(Tanh(), "is not its layers with ReLU between them"), (Scaled(), "is 0.125 times its layers")],
    ids=["tanh", "scaled"],
)
def test_a_module_that_computes_something_else_is_warned_of(network, words):
    """What a module does is compared with what is measured, and nothing of it changes."""
    network.train()
    with pytest.warns(UserWarning, match=words):
        check(network, moved(0.01), *data(), claims=ID)
    assert network.training


def test_activations_other_than_relu_are_refused():
    """Where they are modules they have a name."""
    with pytest.raises(ValueError, match="before: 1 is a GELU, it must be a ReLU as all others"):
        check(nn.Sequential(module()[0], nn.GELU(), *module()[2:]), moved(0.01), *data(), claims=ID)


def test_what_looks_wrong_is_a_warning():
    """The networks' own, with what was read beside."""
    with pytest.warns(UserWarning, match="hold the same weights"):
        found = check(module(), module(), *data(), claims=ID)
    assert [layer.name for layer in found.read.layers] == ["0.weight", "2.weight", "4.weight"]


def test_a_notebook_shows_a_check_and_a_run():
    """The printed table, escaped; of several checkpoints the picture before it."""
    found = check(module(), moved(0.01), *data(), claims=ID)
    assert found._repr_html_().startswith("<pre>cao-gu-2020")
    several = check(module(), [moved(by) for by in (0.0, 0.01, 0.1)], *data(), claims=ID)
    assert several._repr_html_().startswith("<svg")
    assert len(several.ratios()[ID]) == 3


BAD = {
    "before": [
        (3, "before is of type int, it must be a state_dict"),
        (torch.ones(2, 2), "before is of type Tensor, it must be a state_dict"),
        ([], "before: holds nothing"),
        ([torch.ones(8, 4), torch.ones(1, 7)], r"before: matrix 2 has shape \(1, 7\), \(out, in\) must have in = 8"),
        (nn.Linear(4, 1), "before: holds bias, the papers' networks have no biases: train with bias=False"),
        ({"a": torch.ones(8, 4), "b": torch.ones(1, 8)}, r"before: V \(b\) has 8 entries \+1"),
    ],
    "after": [
        ([], "after: holds nothing"),
        (moved(0.01)[:1], "after: holds 0.weight, it must hold at least one hidden layer"),
        ([moved(0.1), {"a": torch.ones(8, 4), "b": torch.tensor([[1.0, -1.0] * 4])}], r"after\[1\]: the shapes are"),
        (nn.Sequential(*moved(0.1)[:4], nn.Linear(8, 1, bias=False)).double(), r"after: V \(4.weight\) has 0 entries"),
    ],
    "inputs": [
        (torch.ones(3), r"inputs has shape \(3\), it must be \(n, d\)"),
        (2 * data()[0], "row 0 of inputs .* has norm 2, it must be 1 to 1e-06, or pass normalise=True"),
        (data()[0][[0, 1, 1]], "rows 1 and 2 of inputs .* are equal"),
        (data()[0] * torch.nan, r"inputs\[0, 0\] is nan"),
        ([[1.0], [1.0, 2.0]], "inputs is of type list and no array"),
        (torch.eye(3), "inputs has 3 columns, it must have 4 for before"),
    ],
    "labels": [
        (torch.ones(2), r"labels has shape \(2\), it must be \(3,\) or \(3, k\) for the 3 rows of inputs"),
        ([0, 1, 1], "labels has labels 0/1, cao-gu-2020 wants -1 and .1: store 2 . labels - 1"),
    ],
    "setting": [
        ("nobody", "setting='nobody' must be a Setting or one of cao-gu-2020"),
        (["a"], "setting=.* must be a Setting"),
    ],
    "delta": [(1.0, r"delta=1.0 must be a number in \[1e-09, "), ("0.1", r"delta='0.1' must be a number in \[1e-09, ")],
    "claims": [("nothing", "'nothing' matches no claim")],
}


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [(name, *case) for name, cases in BAD.items() for case in cases],
    ids=lambda part: str(part)[:24],
)
def test_a_bad_argument_is_named_with_what_is_allowed(argument, value, words):
    """A ValueError in one line, in the words of the call and not of a file."""
    X, y = data()
    good = {"before": module(), "after": moved(0.01), "inputs": X, "labels": y, "claims": ID}
    with pytest.raises(ValueError, match=words) as raised:
        check(**{**good, argument: value})
    assert "\n" not in str(raised.value)


def test_weights_that_are_integers_are_told():
    """A file of whole numbers is another network's than the one that was trained; the echo says how it is stored."""
    X, y = data()
    rounded = {name: (10 * weight).round().to(torch.int64) for name, weight in moved(0.01).state_dict().items()}
    rounded["4.weight"] = module()[4].weight.detach()
    with pytest.warns(UserWarning, match="0.weight, 2.weight is stored as int64: weights that were rounded"):
        found = check(module(), rounded, X, y)
    assert [layer.dtype for layer in found.read.layers] == ["int64", "int64", "float64"]


def test_equal_labels_are_told():
    """Nothing is to be learned of them."""
    X, _ = data()
    with pytest.warns(UserWarning, match="all labels are the same"):
        check(module(), moved(0.01), X, torch.ones(N), claims=("lemma-5.2a",))
