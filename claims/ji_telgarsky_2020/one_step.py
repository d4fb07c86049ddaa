"""One step of gradient descent approaches every reference point, up to the linearised risk there."""

import torch
from torch import Tensor

from lemmata.claims.ji_telgarsky_2020.setting import JI_TELGARSKY_2020, RE_DERIVED, xor
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian, signs


def sides(rng: Rng, p: Choice, points: Tensor, labels: Tensor, step: float, factor: float) -> tuple[Tensor, Tensor]:
    """‖W⁺ − W̄‖² + ηR̂(W) against ‖W − W̄‖² + c ηR̂⁽ᵗ⁾(W̄), the worst along a run and over references near and far."""
    w, out = gaussian(rng, p.m, points.shape[1]), signs(rng, p.m)
    pairs = []
    for _ in range(8):
        active = (w @ points.T > 0).to(w.dtype)
        margins = labels * (out @ (w @ points.T).relu()) / p.m**0.5
        slopes = -torch.sigmoid(-margins) * labels / len(points)
        gradient = out[:, None] * (active * slopes) @ points / p.m**0.5
        risk = torch.nn.functional.softplus(-margins).mean()
        after = w - step * gradient
        for reference in (w, w + gaussian(rng, *w.shape, scale=0.1), gaussian(rng, *w.shape)):
            linear = labels * ((active * (reference @ points.T)).T @ out) / p.m**0.5
            there = torch.nn.functional.softplus(-linear).mean()
            left = (after - reference).square().sum() + step * risk
            pairs.append((left, (w - reference).square().sum() + factor * step * there))
        w = after
    return max(pairs, key=lambda pair: float(pair[0] / pair[1]))


def one_factor(rng: Rng, p: Choice) -> tuple[Tensor, Tensor]:
    """ηR̂⁽ᵗ⁾(W̄) in place of 2ηR̂⁽ᵗ⁾(W̄)."""
    return sides(rng, p, *xor(rng), 1.0, 1.0)


@lemma(
    "ji-telgarsky-2020/lemma-2.6",
    r"\|W_{t+1} - \bar W\|_F^2 \le \|W_t - \bar W\|_F^2 - \eta \hat R(W_t) + 2 \eta \hat R^{(t)}(\bar W)",
    source=JI_TELGARSKY_2020.at("Lemma 2.6"),
    sizes={"m": Size(4, 64, 1024)},
    constant=1,
    draws=30,
    quantifiers="for η ≤ 1, every W̄ and every iterate, on XOR",
    notes=RE_DERIVED,
    false={"factor 1": one_factor},
)
def one_step_approaches(rng: Rng, p: Choice) -> tuple[Tensor, Tensor]:
    """A step of gradient descent moves towards any reference, but for twice its linearised risk there."""
    return sides(rng, p, *xor(rng), 1.0, 2.0)
