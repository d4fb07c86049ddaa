"""Errata of Zou & Gu (2019), in the catalogue's order."""

import functools
import math

from lemmata.claims.case import draw
from lemmata.claims.erratum import Decision, decided, erratum
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019

entered = functools.partial(erratum, ZOU_GU_2019)
told_apart = functools.partial(decided, ZOU_GU_2019)


def _steps_of_the_loop() -> Decision:
    """How many updates a loop over t = 0, …, T makes, and one over t = 0, …, T − 1, when W^(T) is returned."""
    T = 4
    printed, meant = (len(range(last + 1)) for last in (T, T - 1))
    return Decision(printed == T, meant == T, f"updates when W^({T}) is wanted: printed {printed}, meant {meant}")


def _fewer_iterations() -> Decision:
    """(1 − r)^T against ε, for T = c log(1/ε)/r: O(…) admits c = 1/2, Ω(…) does not admit less than c = 1."""
    rate, eps = 1e-3, 1e-4
    half, whole = ((1 - rate) ** (c * math.log(1 / eps) / rate) for c in (0.5, 1.0))
    evidence = f"loss at ε = {eps:g}: {half:.2g} after half as many iterations, {whole:.2g} after all"
    return Decision(half <= eps, whole <= eps, evidence)


def _gain_of_the_output_layer() -> Decision:
    """‖∇_V f‖² over the squared gradient of the hidden layers, at two widths: of order 1, or of order 1/m."""
    gains = {}
    for m in (32, 512):
        trace = draw(ZOU_GU_2019.setting, Configuration(m=m, L=2, n=1, d=8, k=1), 0, 64).at_initial
        layers = zip(trace.features, trace.signals, strict=False)
        hidden = sum(x.square().sum(-1) * b.square().sum(-1) for x, b in layers)
        gains[m] = float((trace.features[-1].square().sum(-1) / hidden).mean())
    power = math.log(gains[512] / gains[32]) / math.log(512 / 32)
    evidence = ", ".join(f"m = {m}: {gain:.3g}" for m, gain in gains.items())
    return Decision(power > -0.5, abs(power + 1) < 0.25, f"relative gain {evidence}; a power {power:.2f} of m")


told_apart(
    19,
    "A",
    "introduction",
    "λ_0 of order φ/n² at most",
    "at least, as the next sentence and Proposition 3.6 have it",
    by="closed form",
    claim="intro-lambda0-order",
)
entered(
    20,
    "B",
    "Lemma 4.1",
    "bounds with O in place of Ω, which assert nothing; a probability with the input dimension d in its exponent",
    "Ω; with the number of outputs k, which the bound itself has: the law of the gradient depends on the inputs by "
    "their inner products alone, so that d is true and loose",
)
told_apart(
    21,
    "A",
    "Lemma 4.4, probability",
    "1 − exp(−Ω(−m τ^(3/2) L)), which is at most 0",
    "1 − exp(−Ω(m τ^(2/3) L)), as the number of flipped units has it",
    by="ledger",
    claim="erratum-E-21",
)
entered(
    22,
    "B",
    "Lemma 4.5",
    "a rate of at most, and a probability of at most, with power 3/2 of τ",
    "a rate of at least, and a probability of at least, with power 2/3; printed, it says nothing",
)
told_apart(
    23,
    "A",
    "footnote 2",
    "‖X‖² = O(1) for d up to n",
    "for d from n on, since ‖X‖² ≥ n/min(n, d); with a fixed last coordinate μ it is at least n μ² anyway",
    by="closed form",
    claim="footnote-2-small",
)
entered(40, "C", "Remark 3.7", "X in R^(d × n)", "in R^(n × d), as its rows are the inputs")
told_apart(
    41,
    "A",
    "end of section 1, Table 1",
    "the last row is best on all data that satisfy the assumptions",
    "on data with λ_0 of order φ/n²; on nearly orthogonal inputs others ask for far less",
    by="closed form",
    claim="erratum-E-41",
)
told_apart(
    42,
    "B",
    "Remark 3.7, with Lemma 4.1",
    "others translated with λ_0 of order φ/n²",
    "with the φ/n that Lemma 4.1 implies they ask for no more than this paper",
    by="ledger",
    claim="erratum-E-42",
)
told_apart(
    43,
    "B",
    "Remark 3.9 and the second contribution",
    "faster than before by n²",
    "by n²/log(1/ε): Theorem 3.8 has one more logarithm, which Õ does not hide",
    by="ledger",
    claim="rem-3.9-iterations",
)
told_apart(
    44,
    "B",
    "Theorem 3.8, η",
    "k B φ/(n³ m log m)",
    "with L^(−2), which T has and the quadratic term of semi-smoothness asks for",
    by="ledger",
    claim="thm-3.8-ledger",
)
told_apart(
    45,
    "C",
    "(3.1) and step iii",
    "log³(m)",
    "times log(n), from the √log n of Lemma 4.2",
    by="ledger",
    claim="eq-3.1",
)
told_apart(
    46,
    "C",
    "Algorithm 1",
    "t = 0, …, T, and W^(T) returned; a minibatch that is an element of [n]",
    "t = 0, …, T − 1; a subset",
    by="closed form",
    decide=_steps_of_the_loop,
)
told_apart(
    47,
    "B",
    "after (4.1), trajectory of Allen-Zhu et al.",
    "L²(W^(0)) under the root",
    "L(W^(0)): a geometric sum of √L(W^(t))",
    by="ledger",
    claim="allen-zhu-trajectory",
)
told_apart(
    48,
    "B",
    "Proposition 3.6, and Lemma 4.1 at L = 1",
    "a constant",
    "one that depends on μ: three nearly antipodal pairs have λ_0 of order μ at φ of order 1",
    by="closed form",
    claim="prop-3.6-lower",
)
told_apart(
    49,
    "B",
    "Lemma 4.3 and the theorems",
    "nothing about the size of the labels",
    "max ‖y_i‖ = O(1)",
    by="network",
    claim="lemma-4.3",
)
told_apart(
    50,
    "C",
    "(4.3)",
    "T η = O(…)",
    "Ω(…): with fewer iterations the loss is not below ε yet",
    by="closed form",
    decide=_fewer_iterations,
)
told_apart(
    51,
    "C",
    "section 4.3",
    "a region of two radii under the name of the one with one; training V speeds descent up",
    "a region B(W^(0), τ, τ'); V adds of order k/m, relatively, to the squared gradient",
    by="network",
    decide=_gain_of_the_output_layer,
)
told_apart(
    52,
    "C",
    "second contribution",
    "T without L",
    "with L², as in Theorem 3.8",
    by="ledger",
    claim="contribution-sgd-factors",
)
told_apart(
    53,
    "C",
    "Remark 3.11",
    "Theorem 3.8 at L = 1 is much worse than Theorem 3.10",
    "for k below n⁴/(B² φ²)",
    by="ledger",
    claim="rem-3.11",
)
entered(
    54,
    "C",
    "Theorems 3.8 and 3.10",
    "expected training loss in one, training loss in the other; log(1/ε)",
    "one of them in both; log(L(W^(0))/ε)",
)
entered(
    55,
    "C",
    "Table 1",
    "Ω and Ω̃ mixed",
    "Ω̃ throughout; L counts hidden layers, and the two-layer rows have one",
)
told_apart(
    68,
    "C",
    "section 1, before the contributions",
    "λ_0 > 0 for inputs of unit norm that all differ",
    "with the common coordinate of Assumption 3.1: of opposite inputs, as on a hexagon, λ_0 = 0",
    by="closed form",
    claim="intro-lambda0-equivalence",
)
