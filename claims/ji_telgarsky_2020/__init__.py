"""Ji & Telgarsky (2020), Polylogarithmic width suffices for gradient descent to achieve arbitrarily small test error.

f(x) = m^(-1/2) Σ a_s σ(w_s · x), w_s ~ N(0, I), a_s = ±1 fair and fixed, logistic loss, mean risk R̂, gradient descent
on W. γ is the margin of Assumption 2.1: ½, the largest there is, for points ±x with labels ±1; √2/4 for XOR.

Stated from memory; lemmas 2.3, 2.6 and theorem 2.2 with constants that our own proof reproduces.

Left out: Theorems 3.2 and 4.1, on test errors, whose constants are open.
"""

from lemmata.claims.ji_telgarsky_2020 import margin_at_start, near_kinks, outputs_at_start, one_step, global_convergence
