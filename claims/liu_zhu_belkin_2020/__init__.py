"""Liu, Zhu & Belkin (2020), On the linearity of large non-linear models: when and why the tangent kernel is constant.

f(x) = m^(-1/2) Σ v_j α(w_j · x), w_j ~ N(0, I), v_j = ±1; H is the Hessian in the parameters, in spectral norm. Stated
from memory. That H is of order m^(-1/2), which others restate, is a claim in `examples/liu_zhu_belkin_2020.py`; Theorem
3.1, whose exact form is open, and the supremum over the ball of Theorem 3.2 are left out.
"""

from lemmata.claims.liu_zhu_belkin_2020 import hessian_known
