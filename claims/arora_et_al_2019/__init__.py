"""Arora, Du, Hu, Li, Salakhutdinov & Wang (2019), On exact computation with an infinitely wide neural net.

The tangent kernel of a network of L hidden ReLU layers, N(0, 1) weights and factors √(2/m), over all L + 1 matrices; on
the diagonal its limit is L + 1.

Left out: Theorem 3.2, that a trained network is the kernel's predictor, whose polynomials are open; and Jacot et al.
(2018), Theorems 1 and 2, which have no rate.
"""

from lemmata.claims.arora_et_al_2019 import kernel_converges
