"""Inputs and labels as tensors, built by `model.data.generate`."""

from collections.abc import Sequence
from dataclasses import asdict

from hypothesis import strategies as st
from torch import Tensor

from lemmata.claims.language.configuration import Configuration
from lemmata.model.data import Dataset, generate
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import Setting
from lemmata.strategies.architectures import output_dimensions
from lemmata.strategies.arguments import InvalidArgument
from lemmata.strategies.inputs import CONSTRUCTIONS, inputs
from lemmata.strategies.labels import SEEDS, labels


def datasets(
    setting: Setting,
    *,
    min_samples: int = 2,
    max_samples: int = 6,
    min_separation: float = 0.01,
    max_spare: int = 3,
    min_mu: float = 0.1,
    max_mu: float = 0.9,
    constructions: Sequence[str] = CONSTRUCTIONS,
    max_outputs: int = 3,
) -> st.SearchStrategy[Dataset]:
    """Data sets that satisfy the setting's assumptions: inputs (n, d) of unit norm, labels (n, k), float64.

    A seed decides the frame of the inputs. Shrinks to two points at the minimal separation with opposite
    labels. The arguments are those of `strategies.inputs` and `output_dimensions`.

    Raises:
        InvalidArgument: when called, as `strategies.inputs` and `output_dimensions` do.
    """
    described = inputs(
        setting,
        min_samples=min_samples,
        max_samples=max_samples,
        min_separation=min_separation,
        max_spare=max_spare,
        min_mu=min_mu,
        max_mu=max_mu,
        constructions=constructions,
    )
    configured = st.builds(
        lambda described, k: Configuration(**asdict(described), k=k),
        described,
        output_dimensions(setting, max_outputs=max_outputs),
    )
    return configured.flatmap(lambda configuration: datasets_of(setting, configuration))


def datasets_of(setting: Setting, configuration: Configuration) -> st.SearchStrategy[Dataset]:
    """Data sets of the sizes, construction, φ and μ of one configuration: `claims.case.draw` takes them as `data`.

    Only the frame of the inputs and the labels vary. Shrinks to labels of alternating sign.

    Raises:
        InvalidArgument: when called, if the configuration's data fit neither its sizes nor the setting, or
            are not generated.
    """
    try:
        _inputs(setting, configuration, 0)
    except ValueError as error:
        raise InvalidArgument(f"{configuration=}: {error}") from error
    if setting.fixed_coordinate != (configuration.mu is not None):
        allowed = "in (0, 1)" if setting.fixed_coordinate else "None"
        raise InvalidArgument(f"mu={configuration.mu} must be {allowed} for {setting.id}")
    return st.builds(
        lambda seed, labels: Dataset(_inputs(setting, configuration, seed), labels),
        SEEDS,
        labels(setting, configuration.n, outputs=configuration.k),
    )


def _inputs(setting: Setting, c: Configuration, seed: int) -> Tensor:
    """(n, d), in the frame that the seed decides."""
    rng = generator(stream(seed, "strategies", "data"))
    return generate(c.data, n=c.n, d=c.d, setting=setting, rng=rng, phi=c.phi, mu=c.mu, k=c.k).inputs
