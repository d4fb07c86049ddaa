"""Hanin & Nica (2020), Finite depth and width corrections to the neural tangent kernel.

Moments of the kernel K(x, x) of ReLU networks at initialisation: E K²/(E K)² is of order exp(5β), β the sum of 1/n_i.
Here of the hidden layers' weights, without biases, where it is known exactly for one and two layers of width m.

Left out: the kernel of the biases and Theorem 2, one step of SGD, whose conventions are open; a bound with exp(5β) up
to constants, as the weights' ratio falls below it by 1/(2β).
"""

from lemmata.claims.hanin_nica_2020 import kernel_fluctuates
