"""Du, Zhai, Póczos & Singh (2019), Gradient descent provably optimizes over-parameterized neural networks.

f(x) = m^(-1/2) Σ a_r σ(w_r · x), w_r ~ N(0, I), a_r = ±1 fair and fixed, ‖x_i‖ = 1, loss ½ Σ_i (f(x_i) − y_i)².
H_ij(W) is x_i · x_j times the share of units active on both, H^∞ its expectation, λ_0 = λ_min(H^∞). Inputs are
orthogonal here, for which λ_0 = ½ is the largest there is.

Left out: Theorem 3.1 (λ_0 > 0 unless two inputs are parallel), a statement without a network; Lemma 3.4 and Theorem
3.2, of gradient flow, whose discrete form is Theorem 4.1; Theorem 3.3, of both layers trained.
"""

from lemmata.claims.du_et_al_2019 import (
    gram_concentrates,
    gram_near_initial,
    flow_stays_near,
    descent_converges,
    errata,
)
