"""Errata of Cao & Gu (2020), in the paper's order as far as their numbers allow."""

import functools
import math

import torch

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020
from lemmata.claims.erratum import Decision, decided, erratum
from lemmata.claims.language.derivation import Derivation
from lemmata.claims.language.scaling import Scaling
from lemmata.model.losses import cross_entropy, surrogate

entered = functools.partial(erratum, CAO_GU_2020)
told_apart = functools.partial(decided, CAO_GU_2020)


def _gradient_descent_loop() -> Decision:
    """Four steps on w²/2, by the loop on the page, from W^(k−1), and by the one meant, from W^(k)."""
    steps = 4
    printed, meant = (_iterates(steps, source, target) for source, target in ((-1, 0), (0, 1)))
    evidence = f"iterates after W^(0) when {steps} are wanted: printed {printed}, meant {meant}"
    return Decision(printed == steps, meant == steps, evidence)


def _iterates(steps: int, source: int, target: int) -> int:
    """How many iterates after W^(0) a loop over k computes that sets W^(k + target) from W^(k + source)."""
    iterates = {0: 1.0}
    for k in range(steps):
        if k + source in iterates:
            iterates[k + target] = 0.9 * iterates[k + source]
    return len(iterates) - 1


def _factors_of_the_gradient() -> Decision:
    """‖x_{l−1}‖ · ‖vᵀΠ‖ ≤ C √m, from the two bounds as printed and as meant."""
    signal, gradient = Scaling(m="1/2"), Scaling(m="1/2")
    printed, meant = Derivation(), Derivation()
    printed.at_most("product of the two bounds", signal * Scaling(m="1/2"), gradient)
    meant.at_most("product of the two bounds", signal, gradient)
    return Decision(printed.holds, meant.holds, f"printed: {printed.verdict()}; meant: {meant.verdict()}")


def _initial_norms() -> Decision:
    """‖x_1‖ of a unit input, with variances 2/fan-out and 2/fan-in: near 1 or near √(m_1/d)."""
    width, dimension = 20_000, 50
    rng = torch.Generator().manual_seed(0)
    gaussian = torch.randn(width, dimension, generator=rng, dtype=torch.float64)
    x = torch.nn.functional.normalize(torch.randn(dimension, generator=rng, dtype=torch.float64), dim=0)
    before = (gaussian @ x).clamp(min=0).norm()
    fan_in, fan_out = float(math.sqrt(2 / dimension) * before), float(math.sqrt(2 / width) * before)
    evidence = f"‖x_1‖ with He's 2/fan-in {fan_in:.3g}, with 2/fan-out {fan_out:.3g}"
    return Decision(abs(fan_in - 1) < 0.1, abs(fan_out - 1) < 0.1, evidence)


def _event_at_zero() -> Decision:
    """With f ≡ 0: P[−ℓ' ≥ ½] against P[y f < 0] and P[y f ≤ 0]."""
    margins = torch.zeros(4, dtype=torch.float64)
    event = (surrogate(margins) >= 0.5).double().mean()
    below, at_most = (margins < 0).double().mean(), (margins <= 0).double().mean()
    evidence = f"f = 0: P[−ℓ' ≥ 1/2] = {event:g}, P[yf < 0] = {below:g}, P[yf ≤ 0] = {at_most:g}"
    return Decision(bool(event == below), bool(event == at_most), evidence)


def _product_of_norms() -> Decision:
    """∏_l ‖W_l‖_2 at initialisation, from L = 2 to L = 6: bounded in L, or growing like (2√2)^L."""
    width = 100
    rng = torch.Generator().manual_seed(0)
    norms = [
        torch.linalg.matrix_norm(torch.randn(width, width, generator=rng, dtype=torch.float64), 2) for _ in range(6)
    ]
    spectral = [float(norm) * math.sqrt(2 / width) for norm in norms]
    growth = math.prod(spectral[2:]) ** (1 / 4)
    evidence = f"each further layer multiplies ∏ ‖W_l‖_2 by {growth:.3g}; 2√2 = {2 * math.sqrt(2):.3g}"
    return Decision(growth < 1.1, abs(growth / (2 * math.sqrt(2)) - 1) < 0.1, evidence)


def _telescoped_shape() -> Decision:
    """Shape of the second line of the telescoping sum, against the difference of outputs on its left."""
    output, product, change, feature = (torch.zeros(shape) for shape in ((5,), (5, 4), (4, 3), (3,)))
    printed, meant = product @ change @ feature, output @ product @ change @ feature
    evidence = f"printed: {tuple(printed.shape)}; meant: {tuple(meant.shape)}; the difference: ()"
    return Decision(printed.shape == (), meant.shape == (), evidence)


def _direction_of_the_kernel() -> Decision:
    """Whether ⟨α, x⟩ and ⟨α, x_{L−1}⟩ exist for α of the dimension that it is given, m_{L−1} ≠ d."""
    width, dimension = 4, 3
    alpha, x, feature = torch.zeros(width), torch.zeros(dimension), torch.zeros(width)
    evidence = f"α is in R^(m_(L−1)), x in R^d: {tuple(alpha.shape)} against {tuple(x.shape)}"
    return Decision(alpha.shape == x.shape, alpha.shape == feature.shape, evidence)


def _norm_of_the_witness() -> Decision:
    """‖α̃_1‖ for a c of absolute value 1/2 everywhere: entries c / √m."""
    width = 16
    norm = float(torch.full((width,), 0.5 / math.sqrt(width), dtype=torch.float64).norm())
    return Decision(norm == 1, norm <= 1, f"|c| = 1/2: ‖α̃_1‖ = {norm:g}")


def _convexity_of_the_loss() -> Decision:
    """ℓ(ŷ) − ℓ(ỹ) against ℓ' Δ + Δ²/4 with ℓ' at ŷ and at ỹ, on a grid: both are true."""
    grid = torch.linspace(-6, 6, 121, dtype=torch.float64)
    moved, base = grid[:, None], grid[None, :]
    step = moved - base
    gap = cross_entropy(moved) - cross_entropy(base) - step**2 / 4
    printed, meant = (float((gap + surrogate(at) * step).max()) for at in (moved, base))
    evidence = f"largest excess: ℓ' at ŷ {printed:.2g}, at ỹ {meant:.2g}"
    return Decision(printed <= 1e-12, meant <= 1e-12, evidence)


told_apart(
    1,
    "A",
    "Theorem 4.7 and Corollary 4.9, by (5.2) and (5.5)",
    "radius τ of order 1/(B ε √m)",
    "1/(B² ε √m): (5.2) and (5.5) leave no smaller one, whatever η; the terms of Corollary 4.9 and the powers of γ and "
    "2^L in Corollaries 4.11 and 4.13 change with it",
    by="ledger",
    claim="erratum-E-01",
)
told_apart(
    2,
    "A",
    "Theorem 4.5, hence Corollary 4.9",
    "no term for the confidence over the sample",
    "plus C √(log(1/δ)/n), which the proof has and the poster's Theorem 2.2 keeps",
    by="network",
    claim="thm-4.5",
)
told_apart(
    3,
    "A",
    "(5.4) and m* of Theorem 4.7",
    "right-hand side ν B² m",
    "ν B² √m; m* is then L^18 B^(−16) ε^(−2) instead of L^12 B^(−4) ε^(−2)",
    by="ledger",
    claim="erratum-E-03",
)
told_apart(
    4,
    "B",
    "(5.3), (5.4), η and K of Theorem 4.7",
    "L³ m η and L² τ^(1/3) on the left",
    "L⁴ m η and L³ τ^(1/3), for the sum over layers in the descent; η is of order B²/(L⁴ m), K of L⁴ B^(−4) ε^(−2)",
    by="ledger",
    claim="erratum-E-04",
)
told_apart(
    5,
    "A",
    "Lemmas 5.4 and B.3, Corollary 4.11",
    "for every depth",
    "for L ≥ 2: at L = 1 the proof needs linearly separable inputs, and inputs ±e_k with equal labels are a "
    "counterexample from d = 51 on",
    by="network",
    claim="lemma-B.3",
)
told_apart(
    6,
    "A",
    "Lemma 5.2",
    "expansion of f at Ŵ",
    "at W̃, as the proof's I_3 has it; the other error is of first order",
    by="network",
    claim="lemma-5.2a",
)
told_apart(
    7,
    "A",
    "proof of Lemma 5.4, G and the gradient",
    "activations of layer L − 1, and initial features in the gradient at W",
    "activations of layer L, and the features at W in its gradient",
    by="network",
    claim="B.3-G-definition",
)
told_apart(
    8,
    "A",
    "proof of Lemma B.2, recursion of α̃",
    "α̃_l is W_l^(0) times α̃_(l−1)",
    "its transpose times α̃_(l−1), which alone has the right shape and the right mean",
    by="network",
    claim="C.1-inner-product-preserved",
)
told_apart(
    9,
    "B",
    "Lemma B.1 (iii) and the proofs of Lemmas 5.2 and 5.4",
    "√L in (iii), L in its uses; L² in Lemma 5.2",
    "√L throughout, in (iv) and (v) too: only then the parts multiply to L²",
    by="ledger",
    claim="erratum-E-09",
)
told_apart(
    10,
    "B",
    "proof of Theorem 4.5, I_1; Corollary 4.9",
    "L⁴ in the linearisation term, L² in the term in n",
    "L³ and L: what is printed is true and loose",
    by="ledger",
    claim="erratum-E-10",
)
told_apart(
    11,
    "C",
    "Algorithm 1, loop",
    "W^(k) from W^(k−1) for k = 0, …, K − 1",
    "W^(k+1) from W^(k): there is no W^(−1)",
    by="closed form",
    decide=_gradient_descent_loop,
)
entered(
    12,
    "C",
    "Algorithm 1, gradient",
    "gradient of L_S as a function of the one matrix W_l^(k−1); f with a superscript in place of a subscript",
    "partial gradient of L_S at the whole collection W^(k)",
)
told_apart(
    13,
    "B",
    "Theorem 4.7 and the corollaries; Theorems 3.3, 3.8, 3.10 and Lemmas 4.2, 4.5 of Zou & Gu",
    "a step size O(…) beside a bound on the number of iterations",
    "Θ(…), as the poster has it: smaller steps need more iterations",
    by="network",
    claim="thm-4.7",
)
told_apart(
    14,
    "B",
    "Corollary 4.13, K",
    "a polynomial in 1/γ alone",
    "in L and 1/γ; the same only because Assumption 4.12 forces γ² ≤ 2^(1−L)",
    by="ledger",
    claim="erratum-E-14",
)
told_apart(
    15,
    "C",
    "proof of Lemma 5.1",
    "‖x_(l−1)‖ and ‖v^T ∏‖ both at most C √m",
    "the first at most C: otherwise their product is of order m",
    by="ledger",
    decide=_factors_of_the_gradient,
)
told_apart(
    16,
    "B",
    "Lemma 5.3",
    "at every width",
    "for m of order L log(nL/δ) at least: at a fixed width the tails are heavier than Gaussian from L = 2 on",
    by="closed form",
    claim="lemma-5.3",
)
told_apart(
    17,
    "B",
    "Lemma 5.5 and Assumption 4.12",
    "features whose Gram matrix tends to κ^(l), whose recursion lacks the factor 2; conditions without L",
    "to 2^l κ^(l); γ ≤ 2^(−(L−1)/2) then stands in for the missing L",
    by="network",
    claim="assumption-4.12",
)
entered(
    18,
    "C",
    "(B.2), second term",
    "C L³ ‖Δ_l‖² E_S",
    "with a factor √m; the first term is the larger one in either case",
)
told_apart(
    24,
    "C",
    "section 3.1",
    "essentially the initialisation of He et al.",
    "variance 2 over the fan-out; theirs is 2 over the fan-in, which at the first layer gives √(m_1/d)",
    by="network",
    decide=_initial_norms,
)
entered(
    25,
    "C",
    "output of Algorithm 1, Theorem 4.7 and the corollaries",
    "all iterates, or some iterate that exists",
    "the iterate among W^(0), …, W^(K−1) with the least surrogate error",
)
told_apart(
    26,
    "C",
    "end of the proof of Theorem 4.5",
    "the event −ℓ' ≥ 1/2 is yf < 0",
    "it is yf ≤ 0, so that ≥ takes the place of =",
    by="closed form",
    decide=_event_at_zero,
)
entered(
    27,
    "C",
    "proof of Theorem 4.5, bound of I_1",
    "a maximum over examples, at a W that nothing binds",
    "its supremum over the ball",
)
told_apart(
    28,
    "C",
    "Remark 4.6",
    "the product of spectral norms is Õ(1)",
    "at bounded depth: it is of order (2√2)^(L−1); the quoted bounds also have margins and data norms, and the norm "
    "‖·‖_(2,1) at the first layer depends on its orientation",
    by="network",
    decide=_product_of_norms,
)
told_apart(
    29,
    "C",
    "proof of Theorem 4.7, two lines on the distance",
    "√K η",
    "√(K η), as in (5.2)",
    by="ledger",
    claim="erratum-E-29",
)
told_apart(
    30,
    "C",
    "end of the proof of Theorem 4.7",
    "total decrease of at least K η B² m E²",
    "half of that, by (5.6); E then has the further factor √(2 (L_S(W^(0)) − L_S(W^(K))))",
    by="network",
    claim="thm-4.7-telescoping",
)
told_apart(
    31,
    "C",
    "Corollaries 4.9 and 4.11",
    "error at most ε + …, of f_W; P[yf > 0] as the complement",
    "2 ε + …, of the iterate found; the complement of yf < 0 is yf ≥ 0",
    by="ledger",
    claim="erratum-E-31",
)
told_apart(
    32,
    "C",
    "B.2, telescoping sum, second line",
    "a sum of vectors",
    "v^T in front of each",
    by="closed form",
    decide=_telescoped_shape,
)
told_apart(
    33,
    "C",
    "display above (B.1)",
    "slope of the loss at ŷ",
    "at ỹ, as in (B.1); both inequalities are true",
    by="closed form",
    decide=_convexity_of_the_loss,
)
told_apart(
    34,
    "C",
    "proof of Lemma 5.5",
    "α has margin γ on the inputs x",
    "on the features x_(L−1), and only asymptotically",
    by="closed form",
    decide=_direction_of_the_kernel,
)
told_apart(
    35,
    "C",
    "proof of Lemma B.2",
    "‖α̃_1‖ = 1",
    "‖α̃_1‖ ≤ 1",
    by="closed form",
    decide=_norm_of_the_witness,
)
entered(
    36,
    "C",
    "section 3 and the proof of Theorem 4.5",
    "v in (1, −1), labels in {+1, 1} or in the support of the distribution",
    "v consists of entries 1 and −1, labels are in {+1, −1}",
)
entered(
    37,
    "C",
    "after Corollary 4.9; proofs of Corollaries 4.11 and 4.13",
    "B = O(…)",
    "B = Ω(…): B bounds a gradient from below",
)
entered(
    38,
    "C",
    "Theorems 4.5 and 4.7, Lemmas 5.4 and B.1",
    "absolute constants that depend on δ; ε before it is introduced; one constant for threshold, sparsity and bound",
    "constants first, then δ and ε",
)
entered(
    39,
    "C",
    "Assumption 4.10 and the proof of Lemma B.2",
    "a margin at the training points, then on the whole support",
    "at the training points, which is enough for (4.1)",
)
