"""Train a small network on handwritten digits with plain PyTorch, and save what `lemmata check` reads.

    python examples/train_digits.py && lemmata check --init init.pt --trained trained.pt --data digits.npz

Two hidden layers without biases, initialised as in Cao & Gu (2020): hidden weights N(0, 2 / fan-out), output weights
±1, as many of each, which stay as they are. Inputs have norm 1, labels are ±1, the loss is the logistic one.
"""

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


def main() -> None:
    """Save init.pt, trained.pt and digits.npz in the current folder."""
    torch.manual_seed(0)
    inputs, labels = zeros_and_ones()
    model = network(inputs.shape[1])
    torch.save(model.state_dict(), "init.pt")
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=STEP_SIZE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = torch.nn.functional.softplus(-labels * model(inputs)[:, 0]).mean()
        loss.backward()
        optimiser.step()
    torch.save(model.state_dict(), "trained.pt")
    np.savez("digits.npz", X=inputs.numpy(), y=labels.numpy())
    wrong = int((labels * model(inputs)[:, 0] <= 0).sum())
    print(f"loss {loss.item():.4f}, {wrong} of {len(labels)} examples wrong; wrote init.pt, trained.pt and digits.npz")


if __name__ == "__main__":
    main()
