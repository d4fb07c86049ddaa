"""Liu, Zhu & Belkin (2020), On the linearity of large non-linear models: when and why the tangent kernel is constant.

f(x) = m^(-1/2) Σ v_j α(w_j · x), w_j ~ N(0, I), v_j = ±1; H is the Hessian in the parameters, in spectral norm. Stated
from memory. Of the paper's counterexamples a non-linear output is a false neighbour of Theorem 3.2, and a narrow hidden
layer a claim.

Left out: Theorem 3.1, whose exact form is open; the supremum over the ball of Theorem 3.2, whose power R^(3L) is loose.
"""

from lemmata.claims.liu_zhu_belkin_2020 import hessian_known, hessian_small
