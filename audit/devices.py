"""Where tensors live."""

import torch

from audit.errors import UserError


def choose_device(wanted: str) -> str:
    """ "cpu" or "cuda"; "auto" takes the GPU when there is one. TF32 is off.

    Raises:
        UserError: if a GPU is asked for where there is none.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: no CUDA device is available; allowed here: auto, cpu")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted
