"""Allen-Zhu, Li & Song (2019), A convergence theory for deep learning via over-parameterization.

The four papers' ancestor: N(0, 2/m) layers, one norm per layer, the spectral one. Its network is that of `zou-gu-2019`
but for a first layer that is not trained and a summed loss; what is stated here of patterns and features needs neither.
Lemmas 7.1, 7.3, 8.6, 8.7 and Theorems 3 and 4 have twins among the claims of the four papers (see the concordance); the
width of Theorem 1, 8 · 10¹⁴ at n = 2, is out of reach.
"""

from lemmata.claims.allen_zhu_et_al_2019 import perturbed_patterns
