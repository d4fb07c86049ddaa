"""Train a small network on handwritten digits with plain PyTorch, and save what `lemmata check` reads.

    python examples/train_digits.py && lemmata check --init init.pt --trained trained.pt --data digits.npz
    python examples/train_digits.py --every 10 && lemmata check --init init.pt --trained step-*.pt --data digits.npz

Two hidden layers without biases, initialised as in Cao & Gu (2020): hidden weights N(0, 2 / fan-out), output weights
±1, as many of each, which stay as they are. Inputs have norm 1, labels are ±1, the loss is the logistic one.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from sklearn.datasets import load_digits

WIDTH, EXAMPLES, STEPS, STEP_SIZE = 256, 40, 200, 1e-3


def zeros_and_ones() -> tuple[torch.Tensor, torch.Tensor]:
    """Unit vectors of pixels, and −1 for the digit 0, +1 for the digit 1."""
    pixels, digits = load_digits(return_X_y=True)
    wanted = np.flatnonzero(digits <= 1)[:EXAMPLES]
    inputs = torch.from_numpy(pixels[wanted])
    return inputs / inputs.norm(dim=1, keepdim=True), torch.from_numpy(2.0 * digits[wanted] - 1.0)


def network(features: int) -> torch.nn.Sequential:
    """Two hidden layers and a fixed output layer."""
    layers = [torch.nn.Linear(a, b, bias=False) for a, b in ((features, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))]
    for hidden in layers[:2]:
        torch.nn.init.normal_(hidden.weight, std=(2 / WIDTH) ** 0.5)
    layers[2].weight = torch.nn.Parameter(torch.tensor([[1.0, -1.0] * (WIDTH // 2)]), requires_grad=False)
    relu = torch.nn.ReLU()
    return torch.nn.Sequential(layers[0], relu, layers[1], relu, layers[2]).double()


def steps_of_descent(
    model: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor, steps: int = STEPS
) -> Iterator[None]:
    """Make one step of gradient descent after the other."""
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=STEP_SIZE)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = torch.nn.functional.softplus(-labels * model(inputs)[:, 0]).mean()
        loss.backward()
        optimiser.step()
        yield


def main() -> None:
    """Save init.pt, trained.pt, digits.npz and the checkpoints that are asked for in the current folder."""
    options = argparse.ArgumentParser(description="Train a small network on handwritten digits.")
    options.add_argument("--every", type=int, default=STEPS + 1, help="save a checkpoint after so many steps each")
    every = options.parse_args().every
    torch.manual_seed(0)
    inputs, labels = zeros_and_ones()
    model = network(inputs.shape[1])
    torch.save(model.state_dict(), "init.pt")
    for step, _ in enumerate(steps_of_descent(model, inputs, labels), 1):
        if step % every == 0:
            torch.save(model.state_dict(), f"step-{step:03}.pt")
    torch.save(model.state_dict(), "trained.pt")
    np.savez("digits.npz", X=inputs.numpy(), y=labels.numpy())
    margins = labels * model(inputs)[:, 0].detach()
    loss, wrong = float(torch.nn.functional.softplus(-margins).mean()), int((margins <= 0).sum())
    print(f"loss {loss:.4f}, {wrong} of {len(labels)} examples wrong; wrote init.pt, trained.pt and digits.npz")


if __name__ == "__main__":
    main()
