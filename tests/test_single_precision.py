"""What single precision is hard on is judged as in double: near kinks, in sums that cancel, at equal eigenvalues."""

import pytest

from lemmata.audit.measure.sweep import run
from lemmata.audit.plan.job import Job
from lemmata.claims.measuring.replay import parse

HARD = (
    "cao-gu-2020/lemma-5.1-proof:m=64,n=3,init=0-63",
    "cao-gu-2020/app-A-gradient:m=64,L=3,n=3,init=0-15",
    "cao-gu-2020/loss-slope-lipschitz:m=64,n=3,init=0-7",
    "cao-gu-2020/thm-4.7-one-step-containment:m=64,L=3,n=4,d=2,tau=0.01,data=xor,init=0-63",
    "cao-gu-2020/app-A-gradient:m=32,L=32,n=2,init=0-7",
    "cao-gu-2020/B.2-I3-is-gradient:m=1024,n=2,tau=0.0001,init=0-1",
    "zou-gu-2019/algorithm-1-gd:n=1,mu=0.3,batch=1,init=0-63",
    "zou-gu-2019/assumption-3.1:m=64,n=3,mu=0.3,init=0-3",
    "zou-gu-2019/intro-lambda0-equivalence:m=64,n=3,mu=0.3,init=0-3",
    "allen-zhu-et-al-2019/thm-3-upper:m=4096,n=2,d=1,phi=1e-05,delta=0.1,init=0-15",
    "du-et-al-2019/lemma-3.3:m=500,n=1,delta=0.05,init=0-29",
)
"""Of claims that hold, where rounding once broke them, or where it kept a run from its end."""


FAR = (
    "cao-gu-2020/app-A-forward:m=1024,n=2,tau=1000.0,init=6",
    "cao-gu-2020/app-A-euler:m=32,L=4,n=2,tau=1.0,init=0-5",
    "cao-gu-2020/app-A-gradient:m=32,L=4,n=2,tau=1.0,init=0-5",
    "cao-gu-2020/lemma-5.1-proof:m=32,L=4,n=2,tau=30.0,init=0-5",
)
"""Where a change cancels the initial weights, so that in double precision too nothing is left but rounding."""


def violations(token: str, dtype: str) -> int:
    what = parse(token)
    job = Job(what.claim.id, what.configuration, len(what.initialisations), dtype=dtype)
    return run(job).violations(what.claim.stated)


@pytest.mark.parametrize("token", HARD, ids=lambda token: token.partition(":")[0])
def test_rounding_breaks_no_claim(token):
    """No initialisation violates a claim that none violates in double precision."""
    assert violations(token, "float32") == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("token", FAR, ids=lambda token: token.partition(":")[0])
def test_cancellation_breaks_no_identity(token, dtype):
    """The condition number knows what cancels, layer by layer."""
    assert violations(token, dtype) == 0
