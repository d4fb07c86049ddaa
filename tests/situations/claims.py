"""Claims of a person's own: faulty ones, false ones of each kind, two-sided ones."""

from collections.abc import Callable
from pathlib import Path

from tests.situations import Situation, write_data

HEAD = """
import torch
from lemmata import CAO_GU_2020, Domain, Informed, Measurement, Pair, Paper, Plan, Scaling, Sides, attack, claim


def lemma(name, **data):
    fields = dict(source=Paper("mine-2026", "Mine (2026)").at(name), statement="x", setting=CAO_GU_2020, kind="SCALE",
                  bound="upper", domain=Domain(L=(1, 1), n=(2, 4)), plan=Plan(lines={"m": (64, 256, 1024)}),
                  probability="at least 1 - delta")
    return claim(f"mine-2026/{name}", **fields | data)
"""

FAULTY = """
@lemma("global-generator")
def drawn(case):
    return Measurement(case.at_initial.outputs[:, 0, 0].abs() * torch.rand(()).double())

@lemma("nan")
def nan(case):
    return Measurement(case.at_initial.outputs[:, 0, 0] * float("nan"))

@lemma("scalar")
def scalar(case):
    return Measurement(case.at_initial.outputs.mean())

@lemma("length-one")
def length_one(case):
    return Measurement(case.at_initial.outputs.mean()[None])

@lemma("float")
def number(case):
    return Measurement(1.0)

@lemma("no-factor")
def no_factor(case):
    return Measurement(case.at_initial.outputs[:, 0, 0].abs(), ())

@lemma("initialisations-last")
def last(case):
    return Measurement(case.at_initial.outputs[:, :, 0].mT, axes=("example",))

@attack("ones", aims=(), informed=Informed.CHANCE)
def ones(target):
    network = target.trace.network
    far = tuple(change.scaled(1000.0) for change in target.ball.sample(network, target.rng))
    return Pair(network.still(), far)

@lemma("leaves-the-ball", attacks=("ones",), domain=Domain(L=(1, 1), n=(1, 2), tau=(1e-3, 0.1)))
def flips(case):
    return Measurement(case.difference_from_initial.flips[0].abs().sum(-1), axes=("example",))
"""

KINDS = """
def size(case):
    return Measurement(case.at_initial.preactivations[0].abs().mean(-1), axes=("example",))

def output(case):
    return Measurement(case.at_initial.outputs[..., 0].abs(), axes=("example",))

def gradients(case):
    return Measurement(case.at_initial.gradient_norms()[..., 0], axes=("layer", "example"))

lemma("flat-upper")(size)
lemma("flat-lower", bound="lower")(size)
lemma("flat", bound="both")(size)
lemma("theta", bound="both", terms=(Scaling(m="-1/2"),))(size)
lemma("one-layer", domain=Domain(m=(64, 1024), L=(1, 1), n=(1, 4)), plan=Plan(), terms=(Scaling(m="1/2"),))(gradients)
lemma("exponent", terms=(Scaling(m="1/3"),))(gradients)
lemma("rate", kind="PROB", stated=1.0)(output)

@lemma("constant", kind="DET", stated=0.5, probability="")
def spectral(case):
    norms = torch.stack([x.norm(dim=-1) for x in case.at_initial.features], 1)
    weights = torch.stack(case.at_initial.weight_norms, 1)
    return Measurement(norms[:, 1:], (weights[:, :, None] * norms[:, :-1],), ("layer", "example"))

def norms(case, times):
    z = case.at_initial.preactivations[0]
    return Sides.of(z.square().sum(-1), times * z.norm(dim=-1) ** 2, ("example",))

lemma("identity", kind="EXACT", bound="equality", probability="")(lambda case: norms(case, 1))
lemma("false-identity", kind="EXACT", bound="equality", probability="")(lambda case: norms(case, 2))
"""


def file(text: str) -> Callable[[Path], None]:
    """The file of claims."""

    def make(folder: Path) -> None:
        write_data(folder)
        (folder / "mine.py").write_text(HEAD + text, encoding="utf-8")

    return make


def refused(name: str, id: str, *words: str) -> Situation:
    """A claim that cannot be measured: one line with file, line and what is wrong, and no verdict."""
    audit = ("audit", "--claims-from", "mine.py", f"mine-2026/{id}", "--initialisations", "8")
    return Situation(
        name, file(FAULTY), audit, 2, ("mine.py, line ", f"measuring mine-2026/{id}: ", *words), partial=True
    )


def judged(name: str, id: str, verdict: str, *words: str, text: str = KINDS, more: tuple[str, ...] = ()) -> Situation:
    """A claim that gets this verdict, from an audit; all of them are expected to hold."""
    audit = ("audit", "--claims-from", "mine.py", f"mine-2026/{id}", *more)
    shown = verdict if verdict == "supported" else f"{verdict}!"
    return Situation(name, file(text), audit, int(verdict != "supported"), (shown, *words))


DEPTHS = ("--depths", "1,6", "--widths", "64,256,1024", "--samples", "2")

SITUATIONS = [
    refused("a claim that draws from torch's global generator", "global-generator", "global generator of torch"),
    judged("a claim that measures no number", "nan", "refuted", text=FAULTY),
    refused("a claim that returns a scalar", "scalar", "it is float64 of shape ()"),
    refused("a claim that returns length one", "length-one", "it is float64 of shape (1,)"),
    refused("a claim that returns a float", "float", "it is a float, 1.0"),
    refused("a claim without a factor for its term", "no-factor", "it is a tuple of 0"),
    refused("a claim whose initialisations come last", "initialisations-last", "lhs must be float64 of shape"),
    refused("an attack that leaves the ball", "leaves-the-ball", "leaves the ball"),
    judged("what falls with the width, bounded above", "flat-upper", "supported"),
    judged("what falls with the width, bounded below", "flat-lower", "refuted", "m^-0."),
    judged("Θ where one side is false", "flat", "refuted", "lower side"),
    judged("Θ where both are true", "theta", "supported", "Θ"),
    judged("one layer declared, six asked for", "one-layer", "supported", "outside", more=DEPTHS),
    judged("a false exponent", "exponent", "refuted", "(claimed 1/3)"),
    judged("a false rate", "rate", "refuted"),
    judged("a false constant", "constant", "refuted"),
    judged("an identity", "identity", "supported", "residual"),
    judged("a false identity", "false-identity", "refuted", "residual"),
    Situation(
        "pytest in a repository of one's own",
        file(KINDS),
        ("pytest", "-q", "-p", "no:cacheprovider", "--claims-from", "mine.py", "--claims", "mine-2026/identity"),
        says=("1 passed",),
    ),
]
