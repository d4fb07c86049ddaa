"""Claims of other papers against what is known of them, and against the same lemma in a person's own words."""

import math

import numpy as np
import torch

from lemmata.audit.measure.sweep import measure
from lemmata.claims import REGISTRY
from lemmata.claims.du_et_al_2019.gram_concentrates import width
from lemmata.claims.from_file import forget, load_claims
from lemmata.claims.hanin_nica_2020.kernel_fluctuates import variance
from lemmata.claims.ji_telgarsky_2020.global_convergence import REACH, descend, drawn, grouped, terms
from lemmata.claims.language.sizes import place
from lemmata.model.draws import Rng


def rng(seed: int) -> Rng:
    return Rng(np.random.SeedSequence(seed), torch.zeros(1, dtype=torch.float64))


def descent_of_the_network(g: np.ndarray, positive: np.ndarray, steps: int) -> tuple[float, float]:
    """Mean risk and farthest move of the network itself on ±x, unit by unit."""
    m, out, at, risks = len(g), np.where(positive, 1.0, -1.0), g.copy(), 0.0
    for _ in range(steps):
        right = (out * np.maximum(at, 0)).sum() / math.sqrt(m)
        left = -(out * np.maximum(-at, 0)).sum() / math.sqrt(m)
        risks += (np.logaddexp(0, -right) + np.logaddexp(0, -left)) / 2
        slopes = np.where(at > 0, 1 / (1 + np.exp(right)), 1 / (1 + np.exp(left)))
        at = at + out * slopes / (2 * math.sqrt(m))
    return risks / steps, float(np.abs(at - g).max())


def test_groups_of_units_are_the_network():
    """The theorem's run by sums and counts is gradient descent, units that cross their kinks included."""
    source = rng(3)
    g, positive = source.standard_normal(60), source.random(60) < 0.5
    found = descend(grouped(g, positive), 60, 400)
    risk, farthest = descent_of_the_network(g, positive, 400)
    assert abs(found.mean_risk - risk) < 1e-12
    assert abs(found.farthest - farthest) < 1e-12
    assert (np.abs(g) < farthest).any(), "no unit crossed"


def test_groups_are_drawn_from_the_law_of_units():
    """Counts add up, near units are near, and sums are those of half normals."""
    m = 10**6
    groups = drawn(rng(0), m)
    assert sum(group.count for group in groups) == m
    for group in groups:
        assert list(group.near) == sorted(group.near)
        assert group.near[-1] <= REACH / math.sqrt(m)
        deviation = math.sqrt((1 - 2 / math.pi) * group.count)
        assert abs(group.total - math.sqrt(2 / math.pi) * group.count) < 6 * deviation


def test_theorem_2_2_is_run_inside_its_own_conditions():
    """λ, M and T as the theorem has them at ε = 0.1 and δ = 0.05, and the width of the run is M."""
    at = terms(0.1, 0.05)
    assert (round(at.scale, 1), float(f"{at.width:.2g}"), at.steps) == (56.7, 8.4e8, 64_261)
    assert REGISTRY["ji-telgarsky-2020/thm-2.2-risk"].problem.place(eps=0.1).delta / 3 == 0.15 / 3


def test_lemma_3_1_is_measured_at_its_own_width():
    """256 n² λ_0⁻² log(n/δ) for two orthogonal inputs."""
    assert width(place({"n": 2, "delta": 0.05})) == 15_110


def test_second_moment_of_the_kernel():
    """Over the square of the mean, less 1: of one hidden layer 5/m, of two the mean of two products."""
    m = 16
    for layers, value in ((1, 1 + 5 / m), (2, ((1 + 5 / m) ** 2 + (1 + 5 / m) * (1 + 1 / m)) / 2)):
        source = rng(layers)
        draws = torch.stack([variance(source, m, layers) for _ in range(400)])
        assert abs(float(draws.mean()) - (value - 1)) < 5 * float(draws.std()) / 20


OWN = """
import math
import torch
from lemmata import Size, gaussian, lemma


@lemma(
    "mine/near",
    "the change of the Gram matrix is small",
    sizes={"m": Size(100, 1000, 10_000), "n": Size(1, 2, 4), "delta": Size(0.3, 0.1, 0.05)},
    constant=1,
)
def near(rng, p):
    at = gaussian(rng, p.m, p.n)
    close = at.abs() <= math.sqrt(2 * math.pi) / 16 * p.delta * 0.5 / p.n**2
    return torch.stack([(close & (at > 0)).sum(0), (close & (at < 0)).sum(0)]).max() / p.m, 0.5 / 4
"""


def test_a_paper_s_claim_and_one_s_own_words_give_equal_numbers(tmp_path):
    """The same lemma, of a paper here and of a person's file: the same draws, the same ratios."""
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    (own,) = load_claims(str(file))
    try:
        papers = REGISTRY["du-et-al-2019/lemma-3.2"]
        for sizes in ({}, {"m": 100, "n": 4}, {"delta": 0.3}):
            a, b = (measure(claim, claim.problem.place(**sizes), 0, range(40)) for claim in (papers, own))
            assert torch.equal(a.ratio, b.ratio)
            assert torch.equal(a.lhs, b.lhs)
    finally:
        forget(str(file))
