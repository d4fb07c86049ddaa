"""From which law initial weights were drawn: p-values of the setting's own, and of those that people use."""

import math
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

UNLIKELY = 1e-6
"""A law of a smaller p-value is not that of the weights."""

ENTRIES = 2**16
"""Entries that are looked at, evenly spread: enough to see a variance that is off by three per cent."""


@dataclass(frozen=True)
class Law:
    """Independent entries, normal or uniform, of mean 0.

    Attributes:
        name: as people write it.
        variance: of an entry.
        uniform: whether it is uniform and not normal.
        instead: how weights of this law become those of the papers.
    """

    name: str
    variance: float
    uniform: bool = False
    instead: str = ""

    def p_value(self, weights: Tensor) -> float:
        """Of the entries' distribution and of their mean square, the smaller one, doubled."""
        whole = weights.flatten()
        entries = whole[:: math.ceil(len(whole) / ENTRIES)].numpy() / math.sqrt(self.variance)
        half = math.sqrt(3)
        law = stats.uniform(-half, 2 * half) if self.uniform else stats.norm
        shape = float(stats.kstest(entries, law.cdf).pvalue)
        size, square = len(entries), float((entries**2).sum())
        if self.uniform:
            # The square of a uniform entry of variance 1 has variance 4/5.
            tails = stats.norm.sf(abs(square - size) / math.sqrt(0.8 * size))
        else:
            tails = min(stats.chi2.cdf(square, size), stats.chi2.sf(square, size))
        return min(1.0, 2 * min(shape, 2 * float(tails)))


def usual(out: int, into: int, width: int) -> list[Law]:
    """The laws that weights (out, in) of a network of some width are drawn from, where they are not the papers'."""
    return [
        Law("N(0, 1)", 1.0, instead=f"NTK parametrisation: multiply the layer by √(2/{out}) before saving"),
        Law("N(0, 2/in)", 2 / into, instead="kaiming_normal_ with mode='fan_in'; the papers' is mode='fan_out'"),
        Law("N(0, 1/in)", 1 / into),
        Law("N(0, 1/out)", 1 / out),
        Law("N(0, 2/(in + out))", 2 / (into + out), instead="xavier_normal_"),
        Law("N(0, 1/m)", 1 / width),
        Law("U(±1/√in)", 1 / (3 * into), uniform=True, instead="torch.nn.Linear's own"),
        Law("U(±√(6/in))", 2 / into, uniform=True, instead="kaiming_uniform_"),
        Law("U(±√(6/out))", 2 / out, uniform=True, instead="kaiming_uniform_ with mode='fan_out'"),
        Law("U(±√(6/(in + out)))", 2 / (into + out), uniform=True, instead="xavier_uniform_"),
    ]


def fitting(weights: Tensor, width: int) -> Law | None:
    """The usual law that fits best, if one does."""
    out, into = weights.shape
    best = max(usual(out, into, width), key=lambda law: law.p_value(weights))
    return best if best.p_value(weights) >= UNLIKELY else None


def is_orthogonal(weights: Tensor) -> bool:
    """Whether the rows, or the columns, are orthogonal and of one length."""
    small = weights if weights.shape[0] <= weights.shape[1] else weights.mT
    gram = small @ small.mT
    eye = torch.eye(len(gram), dtype=gram.dtype) * gram.diagonal().mean()
    return len(gram) > 1 and bool((gram - eye).abs().max() <= 1e-3 * gram.diagonal().mean())
