"""Allen-Zhu, Li & Song (2019), the four papers' ancestor: how many units flip, and how far features move, in a ball.

lemmata audit --claims-from examples/allen_zhu_et_al_2019.py 'allen-zhu-et-al-2019/*'

Its network is that of `zou-gu-2019` but for a first layer that is not trained and a summed loss; what is stated here
needs neither. These are examples and no claims of the house, as they have no stored constants: the audit of Lemma 8.2
takes networks of 65,536 units. Lemmas 7.3, 7.4, 8.6 and 8.7 and Theorems 3 and 4 have twins among the claims of the
four papers, where the first layer is trained too; the sparse matrices of Lemma 8.6 would need an attack of their own.
The width of Theorem 1, 8 · 10¹⁴ at n = 2, is out of reach.
"""

import torch

from lemmata import (
    ZOU_GU_2019,
    Case,
    Domain,
    FullyConnected,
    Law,
    Measurement,
    Paper,
    Plan,
    Reason,
    Scaling,
    Size,
    claim,
    lemma,
    sphere,
)

ALLEN_ZHU_ET_AL_2019 = Paper(
    "allen-zhu-et-al-2019",
    "Allen-Zhu, Li & Song (2019), A convergence theory for deep learning via over-parameterization",
)

D = 4


def off(rng, p, variance):
    """|‖h_L‖ − 1| at one unit input, of weights N(0, variance / m)."""
    net = FullyConnected((D, *[p.m] * (p.L + 1)), "relu", [Law(variance * D / p.m), *[Law(variance)] * p.L])
    return (net.pre_activations(net.draw(rng), sphere(rng, 1, D))[-1].relu().norm() - 1).abs()


def variance_one(rng, p):
    """Weights N(0, 1/m)."""
    return off(rng, p, 1.0)


@lemma(
    "allen-zhu-et-al-2019/lemma-7.1",
    r"| \|h_L\| - 1 | \le C \sqrt{L / m}",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 7.1, solved for ε"),
    sizes={"m": Size(16, 64, 256, 1024, start=128), "L": Size(1, 4, 12, 32, start=1), "delta": Size(0.1)},
    scaling=Scaling(L="1/2", m="-1/2"),
    draws=300,
    quantifiers="for the last layer and one unit input",
    notes="The page has a probability of at least 1 − O(nL) exp(−Ω(m ε²/L)), for all layers and inputs; for general ε "
    "from memory. C is of δ, which stays.",
    false={"variance 1/m": ("m", variance_one)},
    unrefuted={"L": Reason("out of reach", "up to L = 32 a hidden logarithm could make up for most of √L")},
)
def features_near_one(rng, p):
    """At initialisation the features of the last layer have nearly the norm of the input."""
    return off(rng, p, 2.0)


COMMON = {
    "setting": ZOU_GU_2019,
    "kind": "SCALE",
    "bound": "upper",
    "domain": Domain(L=(1, 3), n=(1, 2), tau=(1e-3, 0.1)),
    "plan": Plan(
        lines={"m": (1024, 8192, 65_536), "tau": (0.001, 0.00316, 0.01, 0.0316, 0.1), "L": (1, 2, 3)},
        along={"L": {"m": 512}},
        start={"m": 8192, "n": 1, "tau": 0.03, "L": 1, "mu": 0.3},
        initialisations=16,
        examples=3,
    ),
    "quantifiers": "for all l, all inputs, and all W in the spectral ball round W⁽⁰⁾",
    "probability": "at least 1 − exp(−Ω(m ω^(2/3) L)) over W⁽⁰⁾",
}


@claim(
    "allen-zhu-et-al-2019/lemma-8.2b",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 8.2 (b)"),
    sentence="In the ball of radius ω no more than the order of m ω^(2/3) L units of a layer flip.",
    statement=r"\|D'_l\|_0 \le C m \omega^{2/3} L",
    terms=(Scaling(m=1, tau="2/3", L=1),),
    attacks=("random", "flip-units", "flip-units-deep"),
    unrefuted={"L": Reason("out of reach", "the truth is L^(2/3) (K12), which three depths do not tell from L^(1/2)")},
    notes="As later papers restate it.",
    **COMMON,
)
def few_units_flip(case: Case) -> Measurement:
    """The number of units whose pattern is another than at W⁽⁰⁾."""
    flips = [flips.abs().sum(-1) for flips in case.difference_from_initial.flips]
    return Measurement(torch.stack(flips, 1), axes=("layer", "example"))


@claim(
    "allen-zhu-et-al-2019/lemma-8.2c",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 8.2 (c)"),
    sentence="In the ball of radius ω no feature vector moves farther than the order of ω L^(5/2) √log m.",
    statement=r"\|h'_l\| \le C \omega L^{5/2} \sqrt{\log m}",
    terms=(Scaling(tau=1, L="5/2", log_m="1/2"),),
    attacks=("random", "stretch-features", "push-features"),
    unrefuted={
        "L": Reason(
            "closed form", "to first order in ω it is ω Σ √(k + 1), about ⅔ ω L^(3/2) (K20): the bound is loose by L"
        ),
        "m": Reason("out of reach", "the root of log m, which the bound has, hides so small a power of m"),
    },
    notes="As later papers restate it.",
    **COMMON,
)
def features_move_little(case: Case) -> Measurement:
    """How far the features of each layer move."""
    moved = [each.norm(dim=-1) for each in case.difference_from_initial.features[1:]]
    return Measurement(torch.stack(moved, 1), axes=("layer", "example"))
