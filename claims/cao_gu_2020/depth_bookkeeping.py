"""Powers of L and 2^L in the proofs of Lemmas 5.2 and 5.4: which follow from the parts of Lemma B.1."""

from lemmata.claims.cao_gu_2020.almost_linear import ALMOST_LINEAR
from lemmata.claims.cao_gu_2020.exponents import LAYERS
from lemmata.claims.cao_gu_2020.features_lipschitz import features_are_lipschitz
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020
from lemmata.claims.cao_gu_2020.patterns_stable import few_patterns_change
from lemmata.claims.cao_gu_2020.signals_bounded import sparse_signals_are_short
from lemmata.claims.language.derivation import Derivation, Given, as_stated
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import derived


@derived(
    "cao-gu-2020/B.3-final-constant",
    sentence="A radius of order 8⁻ᴸ γ³ leaves a positive constant in Lemma 5.4.",
    source=CAO_GU_2020.at("proof of Lemma 5.4, end"),
    statement=r"2^{-L} / (2 \sqrt 2) - 2^{-(L+2)} > 0, \quad"
    r" \tau \le c 8^{-L} L^{-2} \gamma^3 \implies L^2 \tau + L^{2/3} \tau^{1/3} \le C c^{1/3} 2^{-L} \gamma",
)
def perturbed_gradient_stays_large(given: Given = as_stated) -> Derivation:
    """The lower bound at W⁽⁰⁾ leaves 0.1036 · 2^{−L} γ for the perturbation, which the radius keeps below it."""
    d = Derivation(given)
    bound = d.take("Lemma B.3", Scaling(two_to_L=-2, two=-3, m=1, gamma=2, E_S=2), "Lemma B.3")
    initial = d.multiply("‖G‖_F, its root", bound ** "1/2")
    wanted = d.take("wanted", Scaling(two_to_L=-1, two=-2, m="1/2", gamma=1, E_S=1), "proof of Lemma 5.4")
    d.at_most("wanted against ‖G‖_F", wanted, initial, strict=True)
    room = 2**-1.5 - 2**-2
    d.note(f"the difference is {room:.4f} · {initial / Scaling(two='-3/2')}")
    tau = d.take("τ", Scaling(two_to_L=-3, L=-2, gamma=3, log_m="-3/2"), "Lemma 5.4")
    flips = d.take("flips", few_patterns_change.terms[0], "Lemma B.1 (iv)")
    size = Scaling(m="1/2", E_S=1)
    kink = d.multiply("changed activations, √flips", flips ** "1/2", Scaling(E_S=1))
    drift = d.take("changed features", Scaling(L=2, tau=1) * size, "proof of Lemma 5.4")
    for name, part in (("features", drift), ("activations", kink)):
        d.at_most(f"{name} against the difference", d.substitute(name, part, tau=tau), initial, up_to=("two",))
    moved = d.take("features per Σ_l ‖step‖", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    d.at_most("the L² of the proof", d.multiply("changed features", moved, LAYERS, Scaling(tau=1), size), drift)
    return d


@derived(
    "cao-gu-2020/erratum-E-09@printed",
    sentence="With the √L of part (iii), Lemma 5.2 keeps its L², as printed.",
    source=CAO_GU_2020.at("proof of Lemma 5.2, bound of I_1"),
    statement=r"\sum_l L^{2/3} \tau^{1/3} \sqrt{m \log m} \cdot \sqrt L \le C L^2 \tau^{1/3} \sqrt{m \log m}",
    erratum="E-09",
    expected="refuted",
    notes="With the √L of Lemma B.1 (iii), and with the L that the proof has in its place.",
)
def lemma_follows_from_printed_parts(given: Given = as_stated) -> Derivation:
    """(v) times (iii), summed over layers, is L^{13/6}, and L^{8/3} in the proof: more than L² by L^{1/6}, L^{2/3}."""
    d = Derivation(given)
    signal = d.take("signal on the changed units", sparse_signals_are_short.terms[0], "Lemma B.1 (v)")
    layers = d.take("number of layers", LAYERS, "Σ_l in I_1")
    lemma = d.take("Lemma 5.2", ALMOST_LINEAR, "Lemma 5.2")
    lipschitz = d.take("change of features", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    d.at_most("I_1 with (iii)", d.multiply("I_1", layers, signal, lipschitz), lemma)
    lipschitz = d.take("change of features, proof", LAYERS, "proof of Lemma 5.2, C_1 L Σ_l ‖step‖")
    d.at_most("I_1 with the proof's L", d.multiply("I_1", layers, signal, lipschitz), lemma)
    return d


@derived(
    "cao-gu-2020/erratum-E-09",
    sentence="With the √L of part (iii) throughout, the powers of L agree.",
    source=CAO_GU_2020.at("Lemma B.1 (iv), (v) and Lemma 5.2, all with the √L of (iii)"),
    statement=r"\sum_l L^{1/2} \tau^{1/3} \sqrt{m \log m} \cdot \sqrt L = L^2 \tau^{1/3} \sqrt{m \log m}",
    erratum="E-09",
    notes="The units that a change of size t flips are t^(2/3) m many: this gives (iv) and (v) as printed from the "
    "proof's L, and L τ^(2/3) m and Lemma 5.2 from the √L of (iii).",
)
def lemma_follows_from_consistent_parts(given: Given = as_stated) -> Derivation:
    """L² is right if (iv) and (v) use the √L of (iii) as well."""
    d = Derivation(given)
    layers = d.take("number of layers", LAYERS, "Σ_l")
    flips = d.take("units flipped by a change t", Scaling(t="2/3", m=1), "small pre-activations of Gaussian weights")
    change = d.multiply("t with the proof's L", layers, layers, Scaling(tau=1))
    printed = d.substitute("flips with the proof's L", flips, t=change)
    d.equal("Lemma B.1 (iv)", printed, d.take("(iv)", few_patterns_change.terms[0], "Lemma B.1 (iv)"))
    signal = d.take("(v)", sparse_signals_are_short.terms[0], "Lemma B.1 (v)")
    d.equal("Lemma B.1 (v), √(flips log m)", (printed * Scaling(log_m=1)) ** "1/2", signal)
    lipschitz = d.take("(iii)", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    change = d.multiply("t with (iii)", lipschitz, layers, Scaling(tau=1))
    signal = (d.substitute("flips with (iii)", flips, t=change) * Scaling(log_m=1)) ** "1/2"
    lemma = d.take("Lemma 5.2", ALMOST_LINEAR, "Lemma 5.2")
    d.equal("I_1 with (iii) throughout", d.multiply("I_1", layers, signal, lipschitz), lemma)
    return d
