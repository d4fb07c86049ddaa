"""All sizes that a claim says "for all" about, together."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from hypothesis import strategies as st

from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import Domain
from lemmata.model.settings import Setting
from lemmata.strategies.architectures import RATIOS, hidden_widths, output_dimensions
from lemmata.strategies.arguments import InvalidArgument, check_reals
from lemmata.strategies.inputs import CONSTRUCTIONS, Inputs, inputs
from lemmata.strategies.places import places
from lemmata.strategies.radii import radii


def cases(claim: Claim) -> st.SearchStrategy[Configuration]:
    """Configurations of a claim's domain, in its setting; what the claim says "with probability" is not drawn.

    The configuration becomes a case through `claims.case.draw`, with a seed that Hypothesis did not choose.
    Shrinks as `configurations` does.

    Raises:
        InvalidArgument: when called, if `claim` is not a claim or its domain is not valid in its setting.
    """
    if not isinstance(claim, Claim):
        raise InvalidArgument(f"{claim=} must be a claim")
    if claim.problem is not None:
        return places(claim.problem)
    return configurations(claim.setting, domain=claim.domain).filter(claim.speaks_of)


def configurations(
    setting: Setting,
    *,
    domain: Domain = Domain(),  # noqa: B008  (frozen)
    ratios: Sequence[int] = RATIOS,
    max_outputs: int = 3,
    constructions: Sequence[str] = CONSTRUCTIONS,
) -> st.SearchStrategy[Configuration]:
    """Configurations whose sizes are those that the domain draws and whose data satisfy the setting's assumptions.

    What the domain fixes is fixed, and what it gives values of is drawn from these.
    Shrinks to one layer of the smallest width, the fewest points (two or more of them on a chain at the
    minimal separation), and the radius at which about ten units flip. τ keeps its default where the domain
    has no ball.

    Args:
        setting: the paper's conventions.
        domain: ranges of m, L, n and τ, see `Domain.drawn`.
        ratios: largest over smallest width.
        max_outputs: of k, where the loss does not want a scalar.
        constructions: names in `model.data.INPUTS`.

    Raises:
        InvalidArgument: when called, if a range is empty or not valid for the setting.
    """
    (min_width, max_width), (min_depth, max_depth) = domain.drawn("m"), domain.drawn("L")
    radius = None if domain.tau is None else domain.drawn("tau")
    if radius is not None:
        check_reals("radius", *radius)
    return _configurations(
        setting,
        hidden_widths(
            setting,
            min_width=min_width,
            max_width=max_width,
            min_depth=min_depth,
            max_depth=max_depth,
            ratios=ratios,
        ),
        output_dimensions(setting, max_outputs=max_outputs),
        _inputs(setting, domain, constructions),
        radius,
        st.fixed_dictionaries(
            {name: st.sampled_from(values) for name, values in domain.values.items() if len(values) > 1}
        ).map(lambda drawn: {**domain.first, **drawn}),
    )


def _inputs(setting: Setting, domain: Domain, constructions: Sequence[str]) -> st.SearchStrategy[Inputs]:
    if "data" not in domain.fixed:
        low, high = domain.drawn("n")
        mu = domain.fixed.get("mu")
        lifted = {} if mu is None else {"min_mu": mu, "max_mu": mu}
        return inputs(setting, min_samples=low, max_samples=high, constructions=constructions, **lifted)
    base = replace(Configuration(), **domain.fixed)
    return st.builds(
        Inputs,
        n=st.integers(*domain.drawn("n")),
        d=st.just(base.d),
        data=st.just(base.data),
        phi=st.just(base.phi),
        mu=st.just(base.mu),
    )


@st.composite
def _configurations(
    draw: st.DrawFn,
    setting: Setting,
    widths: st.SearchStrategy[tuple[int, ...]],
    outputs: st.SearchStrategy[int],
    described: st.SearchStrategy[Inputs],
    radius: tuple[float, float] | None,
    given: st.SearchStrategy[dict[str, Any]],
) -> Configuration:
    drawn = draw(widths)
    m = min(drawn)
    tau = Configuration.tau if radius is None else draw(radii(m, min_radius=radius[0], max_radius=radius[1]))
    configuration = Configuration(
        m=m,
        L=setting.depth(len(drawn)),
        ratio=max(drawn) // m,
        k=draw(outputs),
        tau=tau,
        **asdict(draw(described)),
    )
    return replace(configuration, **draw(given))
