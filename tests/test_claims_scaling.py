"""Scalings: power products that are evaluated, multiplied, shifted, compared and printed."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lemmata.claims.language.scaling import LOGS, ONE, Scaling
from tests.assertions import assert_each_close

PARAMETERS = {"m": 512.0, "L": 3.0, "n": 7.0, "d": 5.0, "tau": 0.01, "phi": 0.3, "delta": 0.05}
NAMES = ["m", "L", "n", "d", "tau", "phi", "log_m", "log_n_delta"]

exponents = st.fractions(min_value=-3, max_value=3, max_denominator=6)
scalings = st.dictionaries(st.sampled_from(NAMES), exponents).map(lambda powers: Scaling(**powers))

DETERMINISTIC = settings(derandomize=True, deadline=None, max_examples=50)


def test_the_value_is_the_product_of_powers():
    """L² τ^{1/3} √(m log m), by hand."""
    scaling = Scaling(L=2, tau="1/3", m="1/2", log_m="1/2")
    assert_each_close(scaling.value(PARAMETERS), 9 * 0.01 ** (1 / 3) * math.sqrt(512 * math.log(512)))
    assert_each_close(Scaling(log_n_delta=1, n=-1).value(PARAMETERS), math.log(7 / 0.05) / 7)
    assert ONE.value({}) == 1.0


def test_logs_are_natural():
    """log m and log(n/δ)."""
    assert_each_close(Scaling(log_m=1).value({"m": math.e}), 1.0)
    known = {name: of for name, of in LOGS.items() if PARAMETERS.keys() >= {*of[0], *of[1]}}
    assert "log_mnL_delta" in known
    for name, (over, under) in known.items():
        product = math.prod(PARAMETERS[letter] for letter in over) / math.prod(PARAMETERS[letter] for letter in under)
        assert_each_close(Scaling(**{name: 1}).value(PARAMETERS), math.log(product))
        assert Scaling(**{name: 1}).letters == {*over, *under}


@DETERMINISTIC
@given(scalings)
def test_values_in_logs(scaling):
    """Are logs of values, and do not overflow."""
    logs = {name: math.log(value) for name, value in PARAMETERS.items()}
    assert_each_close(math.exp(scaling.log_value(logs)), scaling.value(PARAMETERS))
    assert_each_close(Scaling(m=10).log_value({"m": 1e5}), 1e6)


def test_what_is_known_without_being_given():
    """2, 2π, and 2^L from L; a value that is given goes before."""
    logs = {"L": math.log(3)}
    assert_each_close(Scaling(two_to_L=2).log_value(logs), 6 * math.log(2))
    assert_each_close(Scaling(two=3, two_pi="-1/2").log_value({}), math.log(8 / math.sqrt(2 * math.pi)))
    assert_each_close(Scaling(two_to_L=2).log_value(logs | {"two_to_L": 5.0}), 10.0)
    assert Scaling(two_to_L=1, two=1, two_pi=1, tau=1).letters == {"L", "tau"}


def test_undefined_values_are_nan():
    """A log of what is below 1 has no log, and 0 no negative power; a log that is 0 is a factor 0."""
    assert Scaling(log_m=1).log_value({"m": 0.0}) == -math.inf
    assert math.isnan(Scaling(log_m=-1).log_value({"m": 0.0}))
    assert math.isnan(Scaling(log_m=1).log_value({"m": -1.0}))
    assert math.isnan(Scaling(tau=-1).log_value({"tau": -math.inf}))


@DETERMINISTIC
@given(scalings, scalings, exponents)
def test_values_of_products_quotients_and_powers(a, b, power):
    """The value of a product is the product of values, and so for quotients and rational powers."""
    x, y = a.value(PARAMETERS), b.value(PARAMETERS)
    assert_each_close((a * b).value(PARAMETERS), x * y)
    assert_each_close((a / b).value(PARAMETERS), x / y)
    assert_each_close((a**power).value(PARAMETERS), x ** float(power))


@DETERMINISTIC
@given(scalings, scalings, scalings)
def test_products_are_a_commutative_group(a, b, c):
    """Commutative, associative, with ONE as unit and quotients undoing products: exactly, in rational exponents."""
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * ONE == a
    assert a / a == ONE
    assert a * b / b == a
    assert a**0 == ONE
    assert a**2 == a * a
    assert (a ** Fraction(1, 3)) ** 3 == a


@DETERMINISTIC
@given(scalings, st.sampled_from(NAMES), exponents)
def test_shifting_moves_one_exponent(scaling, name, by):
    """By exactly as much as asked, and no other; back again gives the same scaling."""
    shifted = scaling.shifted(name, by)
    for other in NAMES:
        before, after = (one.powers.get(other, Fraction(0)) for one in (scaling, shifted))
        assert after - before == (by if other == name else 0)
    assert shifted.shifted(name, -by) == scaling
    assert (shifted == scaling) == (by == 0)


@DETERMINISTIC
@given(scalings)
def test_what_is_printed_can_be_read_back(scaling):
    """`repr` evaluates to an equal scaling, `exponents` are exact strings, and equals have equal hashes."""
    again = eval(repr(scaling), {"Scaling": Scaling})
    assert again == scaling
    assert hash(again) == hash(scaling)
    assert Scaling(**scaling.exponents()) == scaling
    reordered = Scaling(**dict(reversed(scaling.powers.items())))
    assert reordered == scaling
    assert hash(reordered) == hash(scaling)


def test_equality_is_of_exponents():
    """Spellings of one rational are equal, a zero exponent is none, and nothing but a scaling is equal to one."""
    assert Scaling(m="1/2") == Scaling(m="0.5") == Scaling(m=Fraction(2, 4), L=0)
    assert Scaling(m=1) != Scaling(m=2)
    assert Scaling(m=1) != Scaling(n=1)
    assert Scaling() == ONE
    assert ONE != 1
    assert len({Scaling(m=1, L=2), Scaling(L=2, m=1), Scaling(m=1)}) == 2


def test_exponents_are_exact():
    """Thirds add to one."""
    third = Scaling(m="1/3")
    assert third * third * third == Scaling(m=1)
    assert Scaling(m="1/3").powers == {"m": Fraction(1, 3)}


@pytest.mark.parametrize(
    ("scaling", "text", "latex"),
    [
        (ONE, "1", "1"),
        (Scaling(m=1), "m", "m"),
        (
            Scaling(L=2, tau="1/3", m="1/2", log_m="1/2"),
            "L^2 τ^(1/3) m^(1/2) log(m)^(1/2)",
            r"L^{2} \tau^{1/3} m^{1/2} [\log m]^{1/2}",
        ),
        (Scaling(n=-1, phi="-3/2"), "n^(-1) φ^(-3/2)", r"n^{-1} \phi^{-3/2}"),
        (Scaling(log_n_delta=1), "log(n/δ)", r"[\log(n/\delta)]"),
        (
            Scaling(L="-8/3", log_m_tau_delta=1),
            "L^(-8/3) log(m/(τ δ))",
            r"L^{-8/3} [\log(m/(\tau \delta))]",
        ),
        (Scaling(log_nL=1, log_inverse_delta=-1), "log(nL) log(1/δ)^(-1)", r"[\log(nL)] [\log(1/\delta)]^{-1}"),
        (Scaling(eps=-4, gamma=-14), "ε^(-4) γ^(-14)", r"\epsilon^{-4} \gamma^{-14}"),
    ],
)
def test_scalings_print_as_the_papers_write_them(scaling, text, latex):
    """Plain text and LaTeX."""
    assert str(scaling) == text
    assert scaling.latex() == latex


@pytest.mark.parametrize("power", ["half", "1/", "nan", ""])
def test_exponents_are_rational(power):
    """Anything that is not a rational number is refused."""
    with pytest.raises(ValueError, match="rational"):
        Scaling(m=power)


@pytest.mark.parametrize(("scaling", "missing"), [(Scaling(k=1), "k"), (Scaling(log_n_delta=1), "n")])
def test_a_missing_parameter_is_an_error(scaling, missing):
    """A product is never evaluated without one of its factors."""
    with pytest.raises(KeyError, match=missing):
        scaling.value({"m": 8.0})


def test_letters_alone_leave_logarithms_and_named_factors():
    """What is multiplied back into a ratio before its growth in a letter is compared with that letter's power."""
    assert Scaling(two_to_L=1, L=2, log_m=1, m="1/2").of_letters() == Scaling(L=2, m="1/2")
