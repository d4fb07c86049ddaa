"""Allen-Zhu, Li & Song (2019), A convergence theory for deep learning via over-parameterization: the four's ancestor.

h_0 = σ(Ax), h_l = σ(W_l h_{l−1}), outputs B h_L ∈ R^d; A, W_l ~ N(0, 2/m), B ~ N(0, 1/d); only W_1, …, W_L are
trained, F is the square loss summed over examples, ω the radius of a spectral ball round them, φ the least distance
of two unit inputs (δ in the paper).

Left out: Lemma 8.2 (a), which asks for a decomposition g′ = g′_1 + g′_2 and not for a number; the second half of its
(b) and its (c), which one layer answers exactly, by ω ‖h_0‖; Lemmas 7.3, 7.4, 8.6 and 8.7, of which those of Cao & Gu
(2020), Lemma B.1, are twins, as of 8.2 (c); more than one trained layer; Theorems 1 and 2, whose widths (8 · 10¹⁴ at
n = 2) are out of reach.
"""

from lemmata.claims.allen_zhu_et_al_2019 import features_near_one, gradients_bounded, semi_smooth, weights_near
