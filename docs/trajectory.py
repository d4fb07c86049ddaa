"""Draw docs/trajectory.svg, the course of ratios while the tutorial's network trains: `python docs/trajectory.py`."""

import runpy
from copy import deepcopy
from pathlib import Path

import torch

from lemmata import check

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "train_digits.py"

CLAIMS = ("lemma-5.[1245]*", "lemma-B.1-*", "thm-4.7*", "eq-5.6")
CHECKPOINTS = 50


def main() -> None:
    """Fifty consecutive steps of gradient descent on forty digits."""
    example = runpy.run_path(str(EXAMPLE))
    torch.manual_seed(0)
    inputs, labels = example["zeros_and_ones"]()
    model = example["network"](inputs.shape[1])
    states = [deepcopy(model.state_dict())]
    states += [deepcopy(model.state_dict()) for _ in example["steps_of_descent"](model, inputs, labels, CHECKPOINTS)]
    found = check(states[0], states[1:], inputs, labels, claims=CLAIMS)
    (HERE / "trajectory.svg").write_text(found.picture(), encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
