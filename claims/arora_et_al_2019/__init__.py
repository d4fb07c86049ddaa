"""Arora, Du, Hu, Li, Salakhutdinov & Wang (2019), On exact computation with an infinitely wide neural net.

The tangent kernel of a network of L hidden ReLU layers, N(0, 1) weights and factors √(2/m), over all L + 1 matrices; on
the diagonal its limit is L + 1.
"""

from lemmata.claims.arora_et_al_2019 import kernel_converges
