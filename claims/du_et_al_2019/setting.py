"""The network of Du et al. on orthogonal inputs."""

from lemmata.claims.claim import Paper
from lemmata.model.draws import Rng, gaussian, signs

DU_ET_AL_2019 = Paper(
    "du-et-al-2019",
    "Du, Zhai, Póczos & Singh (2019), Gradient descent provably optimizes over-parameterized neural networks",
)

LAMBDA = 0.5
"""λ_0 of orthogonal inputs: H^∞ = I/2."""


class Net:
    """W⁽⁰⁾ in the coordinates of n orthogonal inputs, which are all that f sees, (m, n); signs (m,), labels ±1 (n,)."""

    def __init__(self, rng: Rng, m: int, n: int) -> None:
        self.weights = gaussian(rng, m, n)
        self.signs = signs(rng, m)
        self.labels = signs(rng, n)
