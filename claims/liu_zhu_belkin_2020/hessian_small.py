"""The Hessian of a wide network at initialisation, and what keeps it from being small."""

from torch import Tensor

from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.claims.liu_zhu_belkin_2020.setting import FROM_MEMORY, LIU_ZHU_BELKIN_2020
from lemmata.model.curvature import hessian_norm
from lemmata.model.draws import Rng, sphere
from lemmata.model.fully_connected import FullyConnected

D = 3

SIZES = {"m": Size(8, 32, 128, 384, start=32), "delta": Size(0.1)}

STEPS = 12
"""Of the iteration for a norm, whose top eigenvalue stands apart."""


def norm(rng: Rng, widths: tuple[int, ...], *, squared: bool = False) -> Tensor:
    """‖H‖ of a network of tanh, or of its square, at one input of norm √d."""
    net = FullyConnected((D, *widths, 1), "tanh")
    x, weights = sphere(rng, 1, D) * D**0.5, net.draw(rng)

    def output(w: dict[str, Tensor]) -> Tensor:
        f = net(w, x)[0, 0]
        return f.square() if squared else f

    return hessian_norm(output, weights, rng, STEPS)


def non_linear_output(rng: Rng, p: Choice) -> Tensor:
    """A non-linear output, the square: φ″(f) ∇f ∇fᵀ stays."""
    return norm(rng, (p.m, p.m), squared=True)


@lemma(
    "liu-zhu-belkin-2020/thm-3.2",
    r"\|H\| \le C m^{-1/2} \text{ at } w_0",
    source=LIU_ZHU_BELKIN_2020.at("Theorem 3.2, at initialisation"),
    sizes=SIZES,
    scaling=Scaling(m="-1/2"),
    draws=100,
    examples=2,
    quantifiers="for two hidden layers of tanh and one input",
    notes=FROM_MEMORY + " The supremum over the ball, with its power R^(3L), is left out.",
    false={"non-linear output": non_linear_output},
)
def hessian_is_small(rng: Rng, p: Choice) -> Tensor:
    """At initialisation the Hessian's norm of a wide network is of order m^(-1/2)."""
    return norm(rng, (p.m, p.m))


@lemma(
    "liu-zhu-belkin-2020/bottleneck",
    r"\|H\| \ge c \text{ where one hidden layer is a single unit}",
    source=LIU_ZHU_BELKIN_2020.at("the narrow hidden layer"),
    sizes=SIZES,
    bound="lower",
    draws=100,
    examples=2,
    quantifiers="for three hidden layers of tanh, the second of one unit, and one input",
    notes=FROM_MEMORY,
)
def hessian_of_a_bottleneck(rng: Rng, p: Choice) -> Tensor:
    """With one narrow hidden layer the Hessian's norm does not vanish in the width of the others."""
    return norm(rng, (p.m, 1, p.m))
