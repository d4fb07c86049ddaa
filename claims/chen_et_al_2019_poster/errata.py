"""Errata of the poster of Chen et al. (2019), and of comparisons between the four papers."""

import functools

import torch

from lemmata.claims.case import draw
from lemmata.claims.chen_et_al_2019_poster.paper import CHEN_ET_AL_2019_POSTER
from lemmata.claims.erratum import Decision, decided, erratum
from lemmata.claims.language.configuration import Configuration
from lemmata.model.settings import SETTINGS

entered = functools.partial(erratum, CHEN_ET_AL_2019_POSTER)
told_apart = functools.partial(decided, CHEN_ET_AL_2019_POSTER)


def _output_variances() -> Decision:
    """E f² at W⁽⁰⁾ at one depth as each paper counts it: the same, or 1 − 1/π, 1/k, 1 and 1."""
    k, draws = 2, 2000
    meant = {"cao-gu-2020": 0.6817, "zou-gu-2019": 1 / k, "cao-gu-2019-slides": 1.0, "chen-et-al-2019-poster": 1.0}
    found = {}
    for id, setting in SETTINGS.items():
        outputs = k if setting.loss == "square" else 1
        case = draw(setting, Configuration(m=16, L=2, n=1, d=4, k=outputs), 0, draws)
        found[id] = case.at_initial.outputs[..., 0].square().mean()
    values = torch.stack(list(found.values()))
    error = max(abs(float(found[id]) / value - 1) for id, value in meant.items())
    evidence = ", ".join(f"{id} {float(value):.2f}" for id, value in found.items())
    return Decision(float(values.max() / values.min()) < 1.1, error < 0.15, f"E f² at initialisation: {evidence}")


told_apart(
    62,
    "B",
    "B(W^(0), R m^(−α))",
    "a ball, without a norm; here, that of a collection",
    "per layer, in Frobenius norm: T, L^(3/2) and L^(11/3) come out as stated with distance √L R of all layers",
    by="ledger",
    claim="erratum-E-62",
)
entered(
    63,
    "B",
    "Theorems 2.1 and 2.3, width",
    "log(n/δ) to the power 2/(2 − α)",
    "not known: m ≥ τ^(−4/3) log at τ = R m^(−α) would give 3/(3 − 4α), and m τ^(2/3) ≥ log 3/(3 − 2α)",
)
entered(
    64,
    "C",
    "Theorem 2.1",
    "trains to a loss of at most 3ε within T iterations",
    "the best or the averaged iterate does; Theorem 2.2 needs it of the same iterate",
)
told_apart(
    65,
    "C",
    "the four papers side by side",
    "one letter L and one kind of ball",
    "L counts hidden layers in two and weight layers in the others, the ball is Frobenius or spectral, and the output "
    "at initialisation has variance 1 − 1/π, 1/k or 1",
    by="network",
    decide=_output_variances,
)
entered(
    66,
    "C",
    "text layer of the file",
    "characters of the bound of Theorem 2.2 and of the depth comparison lost",
    "4^L L² R √(m/n); n^(1/3) ∨ ε^(−1/6)",
)
