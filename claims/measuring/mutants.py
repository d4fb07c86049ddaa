"""False neighbours of an algorithm: a statement about a run that another run satisfies as well tests no training."""

from collections.abc import Mapping
from typing import Any

from lemmata.claims.claim import Control, Reason
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.model.training import Algorithm

DESCENT: dict[str, tuple[str, Algorithm]] = {
    "idle": ("the weights stay where they are", Algorithm(pace=0.0)),
    "ascending": ("every step climbs", Algorithm(pace=-1.0)),
    "huge steps": ("η is a thousand times as large", Algorithm(pace=1e3)),
    "tiny steps": ("η is a thousand times smaller", Algorithm(pace=1e-3)),
}
"""Of gradient descent, by name: in words, and what is run."""

BATCH: dict[str, tuple[str, Algorithm]] = {
    "same batch": ("every step is on the first one's batch", Algorithm(same_batch=True)),
}
"""Of stochastic gradient descent, besides."""

UNIFORM: dict[str, tuple[str, Algorithm]] = {
    "last iterate": ("the output is the last iterate, and not drawn", Algorithm(last=True)),
}
"""Where the output is drawn from the iterates, besides."""

TESTED: dict[str, tuple[str, Algorithm]] = {
    "tested on the sample": ("errors are those on the training examples", Algorithm(seen=True)),
}
"""Where the error on fresh examples is measured, besides."""


def mutants(
    *kinds: Mapping[str, tuple[str, Algorithm]],
    at: Mapping[str, Any],
    domain: Domain,
    unseen: Mapping[str, Reason] | None = None,
) -> tuple[Control, ...]:
    """Controls that run another algorithm.

    Args:
        kinds: which ones, beside those of gradient descent.
        at: sizes at which they are run: where the statement promises more than they deliver.
        domain: of the claim.
        unseen: by name, why a mutant need not be refuted: it satisfies the statement too, or seems to at these sizes.

    Raises:
        ValueError: if a reason is given for a mutant that is none of these.
    """
    chosen = {name: mutant for kind in (DESCENT, *kinds) for name, mutant in kind.items()}
    reasons = dict(unseen or {})
    if not reasons.keys() <= chosen.keys():
        raise ValueError(f"unseen={reasons!r}; allowed: {', '.join(chosen)}")
    return tuple(
        Control(
            name,
            words,
            algorithm=algorithm,
            domain=domain,
            plan=Plan(start=at),
            unrefuted=reasons.get(name),
            of="algorithm",
        )
        for name, (words, algorithm) in chosen.items()
    )
