"""Six lemmas that are true, of different kinds: what an audit says of them is known beforehand.

A claims file as anybody writes one: `lemmata audit --claims-from benchmarks/known_lemmas.py 'known/*'`.
"""

import math

import torch

from lemmata import CAO_GU_2020, Case, Domain, Measurement, Paper, Plan, Scaling, claim
from lemmata.model.kernels import tangent_growth, tangent_kernel
from lemmata.model.randomness import generator

KNOWN = Paper("known", "lemmas with known answers")
ALIKE = {"setting": CAO_GU_2020, "kind": "SCALE", "bound": "upper", "probability": "1 - delta"}
WIDTHS = (64, 256, 1024, 4096)


def normal(case: Case, *shape: int) -> torch.Tensor:
    """Independent N(0, 1), (S, *shape): other draws for every initialisation."""
    return torch.stack([torch.from_numpy(generator(s).standard_normal(shape)) for s in case.streams("normal", *shape)])


@claim(
    "known/flips",
    source=KNOWN.at("Du et al. (2019), Lemma 3.2"),
    statement=r"\|H(W) - H(W_0)\|_F \le C n R \text{ where no row of W moves by more than R}",
    terms=(Scaling(n=1, tau=1),),
    domain=Domain(L=(1, 1), n=(2, 8), tau=(1e-3, 0.1)),
    plan=Plan(
        lines={"m": (1024, 4096, 16_384), "n": (2, 4, 8), "tau": (0.003, 0.01, 0.03, 0.1)},
        start={"n": 4, "m": 4096, "d": 8, "tau": 0.01},
    ),
    **ALIKE,
)
def flips(case: Case) -> Measurement:
    """Units whose pre-activation is below R may differ; N(0, 1) weights."""
    near = (case.at_initial.preactivations[0] * (case.parameters["m"] / 2) ** 0.5).abs() <= case.tau
    either = (near[:, :, None] | near[:, None]).to(case.inputs).mean(-1) * (case.inputs @ case.inputs.T)
    return Measurement(torch.linalg.matrix_norm(either))


@claim(
    "known/concentration",
    source=KNOWN.at("Johnson & Lindenstrauss (1984)"),
    statement=r"|\|P x\| - 1| \le C \sqrt{\log(1/\delta) / m}",
    terms=(Scaling(m="-1/2"),),
    domain=Domain(L=(1, 1), n=(2, 4)),
    plan=Plan(lines={"m": WIDTHS}, start={"n": 2}),
    **ALIKE,
)
def concentration(case: Case) -> Measurement:
    """A random projection of one unit vector."""
    m = int(case.parameters["m"])
    return Measurement((normal(case, m).norm(dim=-1) / math.sqrt(m) - 1).abs())


@claim(
    "known/maximum",
    source=KNOWN.at("Vershynin (2018), Exercise 2.5.10"),
    statement=r"\max_{i \le n} |g_i| \le C \sqrt{\log(n/\delta)}",
    terms=(Scaling(log_n_delta="1/2"),),
    domain=Domain(L=(1, 1), n=(4, 4096)),
    plan=Plan(lines={"n": (4, 16, 64, 256, 1024)}, start={"m": 4}),
    **ALIKE,
)
def maximum(case: Case) -> Measurement:
    """The largest of n independent normal variables."""
    return Measurement(normal(case, int(case.parameters["n"])).abs().amax(-1))


@claim(
    "known/norm",
    source=KNOWN.at("Vershynin (2018), Corollary 7.3.3"),
    statement=r"\|G\|_2 \le C \sqrt m \text{ for } G \in R^{m \times 16}",
    terms=(Scaling(m="1/2"),),
    domain=Domain(L=(1, 1), n=(2, 4)),
    plan=Plan(lines={"m": WIDTHS}, start={"n": 2}),
    **ALIKE,
)
def norm(case: Case) -> Measurement:
    """The largest singular value, by way of the small Gram matrix."""
    g = normal(case, int(case.parameters["m"]), 16)
    return Measurement(torch.linalg.eigvalsh(g.mT @ g)[:, -1].sqrt())


@claim(
    "known/kernel",
    source=KNOWN.at("Arora et al. (2019), Theorem 3.1, with the true rate"),
    statement=r"|\hat\Theta(x_i, x_j) - \Theta(x_i, x_j)| \le C m^{-1/2}",
    terms=(Scaling(m="-1/2"),),
    domain=Domain(L=(1, 1), n=(2, 8)),
    plan=Plan(lines={"m": WIDTHS, "n": (2, 4, 8)}, start={"n": 3, "m": 256}),
    **ALIKE,
)
def kernel(case: Case) -> Measurement:
    """The tangent kernel at initialisation against its limit."""
    measured = case.at_initial.ntk()[:, :, 0, :, 0] / tangent_growth(case.setting, case.parameters["m"])
    return Measurement((measured - tangent_kernel(case.setting, case.inputs, case.depth)).abs(), axes=("i", "j"))


@claim(
    "known/residual",
    source=KNOWN.at("a residual network with branches of weight 1/L"),
    statement=r"\|h_L\| \le C \text{ where } h_{l+1} = h_l + V_l \sigma(W_l h_l) / L",
    terms=(Scaling(),),
    domain=Domain(L=(2, 64), n=(2, 4)),
    plan=Plan(lines={"L": (2, 4, 8, 16, 32), "m": (16, 32, 64)}, start={"n": 2, "m": 32, "L": 4}),
    **ALIKE,
)
def residual(case: Case) -> Measurement:
    """Norms of the last features; He's variances."""
    m, depth = int(case.parameters["m"]), int(case.parameters["L"])
    weights = normal(case, 2 * depth, m, m) * math.sqrt(2 / m)
    h = case.inputs @ (normal(case, m, case.inputs.shape[1]) * m**-0.5).mT
    for layer in range(depth):
        h = h + (h @ weights[:, 2 * layer].mT).relu() @ weights[:, 2 * layer + 1].mT / depth
    return Measurement(h.norm(dim=-1), axes=("example",))
