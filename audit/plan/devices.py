"""Where tensors live."""

import os

import torch

from lemmata.audit.errors import UserError
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration

LARGE = 1_000_000
"""Weights from which `auto` takes the GPU, which is then several times as fast as a core; with fewer it waits for the
core that drives it, and many cores side by side are faster."""


def choose_device(wanted: str) -> str:
    """What can be had of "cpu", "cuda" and "auto", which is "cpu" where there is no GPU. TF32 is off.

    Raises:
        UserError: if a GPU is asked for where there is none.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: no CUDA device is available; allowed here: auto, cpu")
    return wanted if torch.cuda.is_available() else "cpu"


def device_for(claim: Claim, configuration: Configuration, chosen: str) -> str:
    """The device of one configuration: the one that is chosen, and with "auto" the GPU for large networks."""
    if chosen != "auto" or claim.problem is not None:
        return chosen.replace("auto", "cpu")
    weights = sum(out * into for out, into in configuration.shapes(claim.setting))
    return "cuda" if weights >= LARGE else "cpu"


def workers() -> int:
    """One process per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
