"""Du et al. (2019), Gradient descent provably optimizes over-parameterized neural networks: a claim of one's own.

lemmata audit --claims-from examples/du_et_al_2019.py du-et-al-2019/gradient-lower-bound
"""

import torch

from lemmata import CAO_GU_2020, Case, Domain, Measurement, Paper, Plan, Scaling, claim, two_layer_gram

DU_ET_AL_2019 = Paper("du-et-al-2019", "Du, Zhai, Póczos & Singh (2019), Gradient descent provably optimizes …")


@claim(
    "du-et-al-2019/gradient-lower-bound",
    source=DU_ET_AL_2019.at("Lemma 3.1 with the proof of Theorem 3.2, at initialisation"),
    statement=r"\|\nabla_{W} \tfrac12 \|u - y\|_2^2\|_F^2 \ge C m \lambda_{\min}(H^\infty) \|u - y\|_2^2",
    setting=CAO_GU_2020,  # one hidden layer, output weights ±1, without the paper's factor 1/√m
    kind="SCALE",
    bound="lower",
    terms=(Scaling(m=1),),
    domain=Domain(
        L=(1, 1),
        n=(2, 16),
        draws={"m": (256, 1024), "n": (2, 6)},
        fixed={"data": "simplex", "phi": 1.0, "d": 16, "labels": "alternating"},
    ),
    plan=Plan(lines={"m": (256, 1024, 4096), "n": (2, 4, 8, 15)}),
    quantifiers="for inputs at distance 1 of one another, for which λ_min(H^∞) = 1/3, and the labels that attain it",
    probability="at least 1 − δ over W⁽⁰⁾",
)
def gradient_is_large(case: Case) -> Measurement:
    """The squared gradient of the square loss; λ_min(H^∞) and the loss are the measured factors."""
    residual = case.at_initial.outputs - case.labels
    smallest = torch.linalg.eigvalsh(two_layer_gram(case.inputs))[0]
    gradient = case.at_initial.batch_gradient_norms(residual)[:, 0]
    return Measurement(gradient**2, (smallest * residual.square().sum(dim=(-2, -1)),))
