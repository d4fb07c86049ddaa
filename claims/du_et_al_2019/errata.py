"""An erratum of Du et al. (2019), two layers."""

from lemmata.claims.du_et_al_2019.setting import DU_ET_AL_2019
from lemmata.claims.erratum import decided

decided(
    DU_ET_AL_2019,
    67,
    "B",
    "Lemma 3.3, second conclusion",
    "√n ‖y − u(0)‖ / (√m λ_0)",
    "twice that: the squared residual decays at the rate λ_0, so the residual at λ_0/2, of which the integral is 2/λ_0",
    by="network",
    claim="lemma-3.3",
)
