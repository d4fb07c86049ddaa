"""A measurement is checked before anything is made of it: shape, dtype, a second look, and where it was taken."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import Phase, settings

from lemmata.audit.cli import main
from lemmata.audit.errors import UserError
from lemmata.audit.measure.sweep import realise, run_all
from lemmata.audit.plan.grid import Sizes, corners, points
from lemmata.audit.plan.job import jobs
from lemmata.claims import REGISTRY
from lemmata.claims.case import Case, Recipe, draw
from lemmata.claims.claim import Claim, Measurement, MeasurementError, Sides
from lemmata.claims.from_file import ClaimFileError, forget, load_claims
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import ONE
from lemmata.claims.measuring.checks import check_inside
from lemmata.claims.measuring.evaluation import evaluate, look_twice
from lemmata.claims.measuring.search import found_by, supremum
from lemmata.claims.registry import measured_claims
from lemmata.model.attacks import ATTACKS, Informed, Pair, attack
from lemmata.model.changes import LowRank
from lemmata.model.settings import CAO_GU_2020, ZOU_GU_2019
from lemmata.verify import PROFILES, verify

BOUND = REGISTRY["cao-gu-2020/lemma-5.3"]
IDENTITY = REGISTRY["cao-gu-2020/eq-3.1"]
CASE = draw(CAO_GU_2020, Configuration(m=8, n=3), 0, 4)
SHAPE = "lhs must be float64 of shape (initialisations{axes}), here of 4 initialisations and axes={names}; it is {what}"


def f(case: Case) -> torch.Tensor:
    """Outputs, (S, n)."""
    return case.at_initial.outputs[..., 0]


def shape(what: str, *axes: str) -> str:
    return SHAPE.format(axes="".join(f", {axis}" for axis in axes), names=axes, what=what)


def factor(what: str, axes: int = 2, of: str = "(4, 3)") -> str:
    return (
        f"factors[0] must be a number, or float64 with the {axes} axes of lhs, {of}, each as long or of length 1; "
        f"it is {what}"
    )


E1 = ("example",)
REFUSED = {
    "a float": (lambda _: Measurement(1.0), shape("a float, 1.0")),
    "a scalar": (lambda case: Measurement(f(case).mean()), shape("float64 of shape ()")),
    "length one": (lambda case: Measurement(f(case).mean()[None]), shape("float64 of shape (1,)")),
    "initialisations last": (lambda case: Measurement(f(case).mT, axes=E1), shape("float64 of shape (3, 4)", *E1)),
    "an axis too many": (lambda case: Measurement(f(case)), shape("float64 of shape (4, 3)")),
    "an axis too few": (lambda case: Measurement(f(case)[:, 0], axes=E1), shape("float64 of shape (4,)", *E1)),
    "no member": (lambda case: Measurement(f(case)[:, :0], axes=E1), shape("float64 of shape (4, 0)", *E1)),
    "counts": (lambda case: Measurement(f(case)[:, 0].long()), shape("int64 of shape (4,)")),
    "less precise": (lambda case: Measurement(f(case)[:, 0].float()), shape("float32 of shape (4,)")),
    "an array": (lambda case: Measurement(f(case)[:, 0].numpy()), shape("a ndarray")),
    "axes as text": (
        lambda case: Measurement(f(case), axes="example"),
        "axes must be a tuple of names, as in ('layer', 'example'); it is 'example'",
    ),
    "no factor": (
        lambda case: Measurement(f(case)[:, 0], ()),
        "factors must be a tuple of 1, one for each of terms; it is a tuple of 0",
    ),
    "a factor that is no tuple": (
        lambda case: Measurement(f(case)[:, 0], 2.0),
        "factors must be a tuple of 1, one for each of terms; it is a float, 2.0",
    ),
    "two factors": (
        lambda case: Measurement(f(case)[:, 0], (1.0, 1.0)),
        "factors must be a tuple of 1, one for each of terms; it is a tuple of 2",
    ),
    "a factor per example": (
        lambda case: Measurement(f(case), (case.inputs.norm(dim=-1),), E1),
        factor("float64 of shape (3,)"),
    ),
    "a factor that is longer": (
        lambda case: Measurement(f(case)[:, :1], (f(case),), E1),
        factor("float64 of shape (4, 3)", of="(4, 1)"),
    ),
    "a truth value": (lambda case: Measurement(f(case), (True,), E1), factor("a bool, True")),
    "a tuple": (lambda case: (f(case),), "it must return Measurement, as bound='upper'; it returns a tuple of 1"),
    "nothing": (lambda _: None, "it must return Measurement, as bound='upper'; it returns a NoneType, None"),
    "an identity's sides": (
        lambda case: Sides.of(f(case), f(case)),
        "it must return Measurement, as bound='upper'; it returns a Sides",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_measurement_of_the_claim_is_refused(name):
    """Naming the field, what it must be and what it is; nothing is broadcast in silence."""
    measure, words = REFUSED[name]
    with pytest.raises(MeasurementError) as refusal:
        evaluate(replace(BOUND, measure=measure, terms=(ONE,)), CASE)
    assert str(refusal.value) == words


def test_sides_are_checked_like_a_bound():
    """Each of them, and against one another."""
    left, right = CASE.at_initial.outputs[..., 0], CASE.at_initial.outputs[..., 0].clone()
    good = Sides(left, right, left - right, E1)
    assert evaluate(replace(IDENTITY, measure=lambda _: good), CASE).residual is not None
    for sides, words in (
        (replace(good, gap=left[:, :1]), "gap must have the shape of left, (4, 3); it is float64 of shape (4, 1)"),
        (replace(good, scale=left.sum(-1)), "scale must be float64 of shape (initialisations, example)"),
        (replace(good, right=1.0), "right must be float64"),
        (Measurement(left, axes=E1), "it must return Sides, as bound='equality'; it returns a Measurement"),
    ):
        with pytest.raises(MeasurementError) as refusal:
            evaluate(replace(IDENTITY, measure=lambda _, sides=sides: sides), CASE)
        assert words in str(refusal.value)


def test_factors_of_any_length_along_each_axis_are_taken():
    """A number, a tensor without axes, one per example, one per initialisation: with as many axes as the left side."""
    norms = CASE.inputs.norm(dim=-1)
    for given in (2, 2.0, norms[0], norms[None], f(CASE)[:, :1].abs(), f(CASE).abs()):
        found = evaluate(
            replace(BOUND, measure=lambda case, g=given: Measurement(f(case), (g,), E1), terms=(ONE,)), CASE
        )
        assert torch.equal(
            found.lhs.sign(), f(CASE).gather(1, torch.tensor([[w["example"]] for w in found.worst]))[:, 0].sign()
        )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_no_mistake_of_shape(value):
    """It breaks a bound, as it satisfies none."""
    broken = replace(BOUND, measure=lambda case: Measurement(f(case)[:, 0].abs() + value))
    assert evaluate(broken, CASE).violates(broken, None).all()


# --- two looks -----------------------------------------------------------------------------------------------------

DRAWS = {
    "torch": lambda: float(torch.rand(())),
    "numpy": lambda: float(np.random.rand()),  # noqa: NPY002  (the generator that must not be used)
    "random": __import__("random").random,
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_claim_that_draws_from_a_global_generator_is_refused(name):
    """Also where only one member of many depends on it, and not the worst."""
    drawing = replace(
        BOUND,
        measure=lambda case: Measurement(
            torch.stack([f(case)[:, 0] * 0 + DRAWS[name](), f(case)[:, 0] * 0 + 9], -1), axes=E1
        ),
    )
    with pytest.raises(MeasurementError, match=f"draws from the global generator of {name}; .*case.streams"):
        look_twice(drawing, CASE)


def test_a_claim_that_changes_for_another_reason_is_refused_too():
    """A clock, a counter, the system's entropy."""
    looks = iter(range(9))
    counting = replace(BOUND, measure=lambda case: Measurement(f(case)[:, 0] + next(looks)))
    with pytest.raises(MeasurementError, match="differ: it is not deterministic"):
        look_twice(counting, CASE)


def test_a_generator_that_all_share_is_refused_even_if_it_is_seeded():
    """All initialisations would be one draw, at every size and seed."""

    def seeded(case):
        torch.manual_seed(0)
        return Measurement(f(case)[:, 0] * 0 + torch.randn(4, dtype=torch.float64))

    with pytest.raises(MeasurementError, match="global generator of torch"):
        look_twice(replace(BOUND, measure=seeded), CASE)


def _of_the_batch(case):
    return Measurement(f(case)[:, 0].mean(0, keepdim=True).expand(len(case.numbers)).clone())


def _of_one_stream(case):
    drawn = np.random.default_rng(case.stream("noise")).standard_normal(len(case.numbers))
    return Measurement(torch.from_numpy(np.cumsum(drawn)[::-1].copy()))


@pytest.mark.parametrize("measure", [_of_the_batch, _of_one_stream])
def test_what_depends_on_the_initialisations_beside_it_is_refused(measure):
    """The worst of a batch given to all of it, or draws that all of it share."""
    alone = draw(CAO_GU_2020, Configuration(m=8, n=3), 0, 1)
    look_twice(BOUND, CASE, alone)
    with pytest.raises(MeasurementError, match="another alone than beside"):
        look_twice(replace(BOUND, measure=measure), CASE, alone)


@pytest.mark.parametrize("at", [0, 1])
def test_an_identity_with_zero_wants_to_know_what_cancels(at):
    """Rounding is relative to something: P² − P = 0 holds to 10⁻¹⁶ of P, and not of 0."""
    sides = [f(CASE) * 1e-17, f(CASE) * 0]
    evaluate(replace(IDENTITY, measure=lambda case: Sides.of(sides[at], sides[1 - at], E1, terms=f(CASE))), CASE)
    with pytest.raises(MeasurementError, match="terms="):
        evaluate(replace(IDENTITY, measure=lambda case: Sides.of(sides[at], sides[1 - at], E1)), CASE)


@pytest.mark.parametrize("bound", ["upper", "lower"])
def test_a_negative_right_hand_side_is_refused(bound):
    """−½ ≤ −1 would be a ratio below 1, and 5 ≥ −1 one below 0."""
    negative = replace(BOUND, bound=bound, measure=lambda case: Measurement(f(case)[:, 0], (-1.0,)))
    with pytest.raises(MeasurementError, match="must not be negative"):
        evaluate(negative, CASE)


def test_what_is_drawn_from_the_case_s_own_stream_is_the_same_twice():
    """And NaN is NaN."""

    def drawn(case):
        own = np.random.default_rng(case.stream("direction")).standard_normal()
        return Measurement(f(case)[:, 0] * own * torch.tensor([1.0, float("nan"), 1.0, 1.0], dtype=torch.float64))

    look_twice(replace(BOUND, measure=drawn), CASE)


@pytest.mark.parametrize("member", measured_claims(), ids=str)
def test_the_papers_claims_say_the_same_twice(member: Claim):
    """At a corner of what is drawn, where the last attack leads; their controls' measurements too.

    With samples of their own, an initialisation has the same numbers alone and beside another.
    """
    case = realise(member, corners(member)[0], 0, [0, 1])
    look_twice(member, case, realise(member, corners(member)[0], 0, [0]) if member.resampled else None)
    for control in member.controls:
        if control.measure is not None:
            look_twice(replace(member, measure=control.measure), case)


# --- in the ball ---------------------------------------------------------------------------------------------------


@pytest.fixture
def leaving():
    """Attacks that move the first layer by a multiple of the radius: W̃ or the step, in a pattern that has that norm."""
    names = []

    def register(tilde: float, step: float) -> str:
        def find(target):
            networks = target.trace.network
            shapes = [matrix.shape for matrix in networks.matrices[: networks.trained]]

            def moved(by: float) -> tuple[LowRank, ...]:
                ones = [
                    [networks.like.new_ones(networks.initialisations, size, 1) / size**0.5 for size in s]
                    for s in shapes
                ]
                return tuple(LowRank(by * target.ball.radius * left, right) for left, right in ones)

            return Pair(moved(tilde), moved(step))

        name = f"leaving-{len(names)}"
        names.append(name)
        attack(name, aims=(), informed=Informed.CHANCE)(find)
        return name

    yield register
    for name in names:
        del ATTACKS[name]


@pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019], ids=lambda setting: setting.ball)
@pytest.mark.parametrize(
    ("tilde", "step", "point"), [(1.001, 0, "W̃"), (0.5, 0.501, "Ŵ"), (1, -2.001, "Ŵ"), (0, float("nan"), "Ŵ")]
)
def test_an_attack_that_leaves_the_ball_is_an_error(setting, tilde, step, point, leaving):
    """And never a finding: named, with the point, its distance, the layer and the radius."""
    case = draw(setting, Configuration(m=8, n=2, L=2, tau=0.125, mu=0.3 if setting.fixed_coordinate else None), 0, 3)
    name = leaving(tilde, step)
    member = replace(BOUND, setting=setting, domain=REGISTRY["cao-gu-2020/lemma-5.2a"].domain, attacks=(name,))
    away = 0.125 * abs(tilde if point == "W̃" else tilde + step)
    for measure in (lambda: supremum(member, case), lambda: found_by(member, case, Recipe(name, layer=2))):
        with pytest.raises(MeasurementError) as refusal:
            measure()
        assert str(refusal.value) == (
            f"attack {name}@2.0.0 leaves the ball: {point} is at {setting.ball} distance {away:.6g} from W⁽⁰⁾ "
            "in layer 1, the radius is 0.125"
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_an_attack_at_the_edge_is_in_the_ball(dtype, leaving):
    """Up to rounding, in either precision."""
    case = draw(CAO_GU_2020, Configuration(m=8, n=2, L=2, tau=0.1), 0, 3, dtype=dtype)
    for tilde, step in ((1, 0), (1, -2), (0.25, 0.75)):
        recipe = Recipe(leaving(tilde, step))
        check_inside(case.attacked(recipe), recipe)


def test_where_ascent_ends_is_checked(monkeypatch):
    """It is what the claim is measured at."""
    case = draw(CAO_GU_2020, Configuration(m=8, n=2, tau=0.1), 0, 2)
    member = REGISTRY["cao-gu-2020/lemma-5.2a"]
    out = case.attacked(Recipe("random")).at_pair(
        Pair(case.initial.still(), tuple(c.scaled(3.0) for c in case.attacked(Recipe("random")).pair.step))
    )
    monkeypatch.setattr("lemmata.claims.measuring.search.ascend", lambda *_, **__: out)
    with pytest.raises(MeasurementError, match=r"attack random@1.0.0\^4 leaves the ball"):
        found_by(member, case, Recipe("random", ascent=4))


# --- a person's file -----------------------------------------------------------------------------------------------

STATED = """
import torch
from lemmata import CAO_GU_2020, Control, Domain, Informed, LowRank, Measurement, Pair, Paper, attack, claim


def stated(name, **fields):
    given = dict(source=Paper("own", "Own").at("0"), statement="x", setting=CAO_GU_2020, kind="DET", bound="upper",
                 stated=1e9, domain=Domain(m=(8, 16), L=(1, 1), n=(1, 2), tau=(0.01, 0.1)))
    return claim("own/" + name, **given | fields)


@attack("twice-the-radius", aims=(), informed=Informed.CHANCE)
def far(target):
    still = target.trace.network.still()
    return Pair(still, tuple(change.scaled(2.0) for change in target.ball.sample(target.trace.network, target.rng)))


@stated("crash")
def crash(case):
    raise IndexError("no such layer")


@stated("crash-false", expected="refuted")
def crash_false(case):
    raise IndexError("no such layer")


@stated("float")
def number(case):
    return Measurement(1.0)


@stated("global")
def drawn(case):
    return Measurement(case.at_initial.outputs[:, 0, 0] * torch.rand(()).double())


@stated("far", attacks=("twice-the-radius",))
def away(case):
    return Measurement(case.step_norms[:, 0])


@stated("control", controls=(Control("crash", "that", measure=crash.measure),))
def fine(case):
    return Measurement(case.at_initial.outputs[:, 0, 0])
"""
FAULTS = {
    "crash": ("raise IndexError", "IndexError: no such layer"),
    "crash-false": ("raise IndexError", "IndexError: no such layer"),
    "float": ('@stated("float")', "lhs must be float64 of shape (initialisations), "),
    "global": ('@stated("global")', "it draws from the global generator of torch"),
    "far": ('@attack("twice', "attack twice-the-radius@1.0.0 leaves the ball: Ŵ is at frobenius distance "),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(STATED)
    load_claims(str(path))
    yield str(path)
    forget(str(path))


def located(file: str, name: str) -> str:
    at, words = FAULTS[name]
    after = STATED.index("def crash_false") if name == "crash-false" else 0
    line = STATED[: STATED.index(at, after)].count("\n") + 1
    return f"{file}, line {line}: measuring own/{name}: {words}"


@pytest.mark.parametrize("name", FAULTS)
def test_replay_takes_no_fault_for_a_refutation(name, file, capsys):
    """Status 2, and one line with the file, the line and what is wrong."""
    assert main(["replay", "--claims-from", file, f"own/{name}:m=8,n=1,tau=0.1,seed=0,init=0"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert located(file, name) in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("name", FAULTS)
def test_an_audit_takes_no_fault_for_a_refutation(name, file):
    """A worker raises what the command prints, and there is no finding."""
    own = REGISTRY[f"own/{name}"]
    with pytest.raises(UserError) as raised:
        run_all(jobs([own], lambda claim: points(claim, Sizes(widths=(8,), samples=(1,), initialisations=2))))
    assert located(file, name) in str(raised.value)


@pytest.mark.parametrize("name", FAULTS)
def test_pytest_takes_no_fault_for_a_refutation(name, file):
    """The row says error, of a claim that is expected to be refuted too."""
    rows = []
    with pytest.raises(ClaimFileError) as raised:
        verify(
            REGISTRY[f"own/{name}"], profile=settings(PROFILES["light"], phases=[Phase.generate]), report=rows.append
        )
    assert located(file, name) in str(raised.value)
    assert [row[1] for row in rows] == ["error"]


def test_a_control_that_cannot_be_measured_is_an_error(file, capsys):
    """And no kill."""
    assert main(["controls", "--claims-from", file, "own/control", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)["claims"]["own/control"]
    found = {control["name"]: control for control in document["controls"]}
    assert found["crash"]["verdict"] == "error"
    assert "no such layer" in found["crash"]["reason"]
