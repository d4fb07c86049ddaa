"""Theorem-checking property tests for the lemmas of over-parameterised deep ReLU network theory.

All that stating, measuring and checking a lemma takes is here: `from lemmata import Measurement, Scaling, claim`.
The names of papers (`CAO_GU_2020`, …) are their settings; what a claim quotes is a `Paper` of its own.
A name is loaded when it is first asked for, so that `lemmata --help` does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lemmata.checking import check as check
    from lemmata.claims.case import Case as Case
    from lemmata.claims.case import draw as draw
    from lemmata.claims.claim import Claim as Claim
    from lemmata.claims.claim import Control as Control
    from lemmata.claims.claim import Measurement as Measurement
    from lemmata.claims.claim import Paper as Paper
    from lemmata.claims.claim import Reason as Reason
    from lemmata.claims.claim import Sides as Sides
    from lemmata.claims.erratum import Decision as Decision
    from lemmata.claims.erratum import decided as decided
    from lemmata.claims.erratum import erratum as erratum
    from lemmata.claims.exchange import from_record as from_record
    from lemmata.claims.from_file import load_claims as load_claims
    from lemmata.claims.language.condition import Condition as Condition
    from lemmata.claims.language.configuration import Configuration as Configuration
    from lemmata.claims.language.derivation import Derivation as Derivation
    from lemmata.claims.language.derivation import Given as Given
    from lemmata.claims.language.derivation import Regime as Regime
    from lemmata.claims.language.derivation import as_stated as as_stated
    from lemmata.claims.language.domain import Domain as Domain
    from lemmata.claims.language.plan import DRAWN as DRAWN
    from lemmata.claims.language.plan import Coupled as Coupled
    from lemmata.claims.language.plan import Plan as Plan
    from lemmata.claims.language.scaling import Scaling as Scaling
    from lemmata.claims.language.sizes import Size as Size
    from lemmata.claims.lemma import lemma as lemma
    from lemmata.claims.measuring.evaluation import evaluate as evaluate
    from lemmata.claims.measuring.search import supremum as supremum
    from lemmata.claims.registry import claim as claim
    from lemmata.claims.registry import context as context
    from lemmata.claims.registry import derived as derived
    from lemmata.claims.registry import select as select
    from lemmata.claims.within import Within as Within
    from lemmata.model.attacks import Informed as Informed
    from lemmata.model.attacks import Pair as Pair
    from lemmata.model.attacks import Target as Target
    from lemmata.model.attacks import attack as attack
    from lemmata.model.ball import Ball as Ball
    from lemmata.model.changes import LowRank as LowRank
    from lemmata.model.curvature import hessian_norm as hessian_norm
    from lemmata.model.draws import Rng as Rng
    from lemmata.model.draws import gaussian as gaussian
    from lemmata.model.draws import module as module
    from lemmata.model.draws import signs as signs
    from lemmata.model.draws import sphere as sphere
    from lemmata.model.draws import uniform as uniform
    from lemmata.model.fully_connected import FullyConnected as FullyConnected
    from lemmata.model.fully_connected import Law as Law
    from lemmata.model.kernels import two_layer_gram as two_layer_gram
    from lemmata.model.randomness import generator as generator
    from lemmata.model.settings import CAO_GU_2019_SLIDES as CAO_GU_2019_SLIDES
    from lemmata.model.settings import CAO_GU_2020 as CAO_GU_2020
    from lemmata.model.settings import CHEN_ET_AL_2019_POSTER as CHEN_ET_AL_2019_POSTER
    from lemmata.model.settings import ZOU_GU_2019 as ZOU_GU_2019
    from lemmata.model.settings import Setting as Setting
    from lemmata.searching import search as search

_HOMES = {
    "check": "lemmata.checking",
    "Case": "lemmata.claims.case",
    "draw": "lemmata.claims.case",
    "Claim": "lemmata.claims.claim",
    "Control": "lemmata.claims.claim",
    "Measurement": "lemmata.claims.claim",
    "Paper": "lemmata.claims.claim",
    "Reason": "lemmata.claims.claim",
    "Sides": "lemmata.claims.claim",
    "Decision": "lemmata.claims.erratum",
    "decided": "lemmata.claims.erratum",
    "erratum": "lemmata.claims.erratum",
    "from_record": "lemmata.claims.exchange",
    "load_claims": "lemmata.claims.from_file",
    "Condition": "lemmata.claims.language.condition",
    "Configuration": "lemmata.claims.language.configuration",
    "Derivation": "lemmata.claims.language.derivation",
    "Given": "lemmata.claims.language.derivation",
    "Regime": "lemmata.claims.language.derivation",
    "as_stated": "lemmata.claims.language.derivation",
    "Domain": "lemmata.claims.language.domain",
    "DRAWN": "lemmata.claims.language.plan",
    "Coupled": "lemmata.claims.language.plan",
    "Plan": "lemmata.claims.language.plan",
    "Scaling": "lemmata.claims.language.scaling",
    "Size": "lemmata.claims.language.sizes",
    "lemma": "lemmata.claims.lemma",
    "evaluate": "lemmata.claims.measuring.evaluation",
    "supremum": "lemmata.claims.measuring.search",
    "claim": "lemmata.claims.registry",
    "context": "lemmata.claims.registry",
    "derived": "lemmata.claims.registry",
    "select": "lemmata.claims.registry",
    "Within": "lemmata.claims.within",
    "Informed": "lemmata.model.attacks",
    "Pair": "lemmata.model.attacks",
    "Target": "lemmata.model.attacks",
    "attack": "lemmata.model.attacks",
    "Ball": "lemmata.model.ball",
    "LowRank": "lemmata.model.changes",
    "hessian_norm": "lemmata.model.curvature",
    "Rng": "lemmata.model.draws",
    "gaussian": "lemmata.model.draws",
    "module": "lemmata.model.draws",
    "signs": "lemmata.model.draws",
    "sphere": "lemmata.model.draws",
    "uniform": "lemmata.model.draws",
    "FullyConnected": "lemmata.model.fully_connected",
    "Law": "lemmata.model.fully_connected",
    "two_layer_gram": "lemmata.model.kernels",
    "generator": "lemmata.model.randomness",
    "CAO_GU_2019_SLIDES": "lemmata.model.settings",
    "CAO_GU_2020": "lemmata.model.settings",
    "CHEN_ET_AL_2019_POSTER": "lemmata.model.settings",
    "ZOU_GU_2019": "lemmata.model.settings",
    "Setting": "lemmata.model.settings",
    "search": "lemmata.searching",
}
"""Where each name is defined: the imports above, for those who run the program."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
