#!/usr/bin/env python3
"""Writes networks.csv: losses and gradients of the models in examples/ by PyTorch and torchdiffeq, for tests/test_examples.c.
Backpropagation through the explicit midpoint rule with fixed steps in double precision, which both programs compute alike (the
rk4 of torchdiffeq is Kutta's 3/8 rule, another one than odegrad's). Needs scripts/peer_python.sh; from the root of the repository:

    build/peer/python/torch/bin/python tests/oracles/networks.py >tests/oracles/networks.csv
"""
import csv
import math

import torch
import torchdiffeq

torch.set_default_dtype(torch.float64)
ACTIVATIONS = {"tanh": torch.tanh, "softplus": torch.nn.functional.softplus, "relu": torch.relu,
               "rbf": lambda x: torch.exp(-x**2), "identity": lambda x: x}


def tensors(name, sizes):
    """Weights by a formula that the test knows too: PyTorch's shapes and names."""
    out = {}
    for i, (columns, rows) in enumerate(zip(sizes, sizes[1:])):
        place = f"{name}.{2 * i}" if len(sizes) > 2 else name
        weight = [[math.sin(1 + 0.7 * r + 1.3 * c + 0.37 * r * c) / math.sqrt(columns) for c in range(columns)]
                  for r in range(rows)]
        out[place + ".weight"] = torch.tensor(weight, requires_grad=True)
        out[place + ".bias"] = torch.tensor([0.1 * math.cos(r) for r in range(rows)], requires_grad=True)
    return out


def mlp(all, name, x, activation, final="identity"):
    places = sorted({int(key.split(".")[1]) for key in all if key.startswith(name + ".")})
    for place in places:
        x = x @ all[f"{name}.{place}.weight"].T + all[f"{name}.{place}.bias"]
        x = ACTIVATIONS[final if place == places[-1] else activation](x)
    return x


def solve(f, x0, times, steps):
    def grid(func, y0, t):
        return torch.linspace(float(times[0]), float(times[-1]), steps + 1)
    return torchdiffeq.odeint(lambda t, x: f(x), x0, torch.tensor(times), method="midpoint",
                              options={"grid_constructor": grid})


def spiral():
    p = tensors("f", [2, 50, 2])
    data = torch.tensor([[1.5 * math.cos(0.3 * k), 1.2 * math.sin(0.4 * k + 0.5)] for k in range(30)])
    loss = 0
    for first in (0, 7, 20):
        times = [0.1 * k for k in range(first, first + 10)]
        x = solve(lambda x: mlp(p, "f", x**3, "tanh"), data[first], times, 18)
        loss = loss + torch.sum(torch.abs(x - data[first:first + 10]))
    return p, loss


def neural_ode():
    p = {"scale": torch.tensor(1.0, requires_grad=True), **tensors("f", [2, 64, 64, 2])}
    start = torch.tensor([[0.2 + 0.3 * m, -0.4 + 0.25 * m] for m in range(3)])
    data = torch.tensor([[[0.5 * math.cos(k + m), 0.4 * math.sin(0.7 * k - m)] for m in range(3)] for k in range(5)])
    y = solve(lambda y: p["scale"] * mlp(p, "f", y, "softplus", "tanh"), start, [0.25 * k for k in range(5)], 8)
    return p, torch.sum((y - data) ** 2)


def universal():
    p = tensors("f", [2, 5, 5, 5, 2])
    known = torch.tensor([1.3, -1.8])
    data = torch.tensor([[1 + 0.5 * math.cos(0.2 * k), 2 + math.sin(0.3 * k)] for k in range(31)])
    x = solve(lambda x: known * x + mlp(p, "f", x, "rbf"), torch.tensor([0.44249296, 4.6280594]),
              [0.1 * k for k in range(31)], 60)
    return p, torch.sum((x - data) ** 2)


def digits():
    with open("examples/digits/digits.csv", newline="") as file:
        rows = [row for _, row in zip(range(5), csv.DictReader(file))]
    u = torch.tensor([[float(row[f"u[{i}]"]) for i in range(1, 65)] for row in rows])
    p = {**tensors("f", [64, 64, 64]), **tensors("dense1", [64, 64]), **tensors("dense2", [64, 10])}
    x0 = ENCODER(u / 16 @ p["dense1.weight"].T + p["dense1.bias"])
    x1 = solve(lambda x: mlp(p, "f", x, FIELD), x0, [0.0, 1.0], 8)[-1]
    logits = x1 @ p["dense2.weight"].T + p["dense2.bias"]
    classes = torch.tensor([int(row["digit"]) - 1 for row in rows])
    return p, torch.nn.functional.cross_entropy(logits, classes, reduction="sum")


def hare_lynx():
    with open("examples/hare_lynx/hare_lynx.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    data = torch.tensor([[float(row["hare"]), float(row["lynx"])] for row in rows])
    values = {"alpha": 0.5, "beta": 0.03, "gamma": 0.8, "delta": 0.03, "hare0": 30.0, "lynx0": 5.0, "sh": 0.3, "sl": 0.3}
    p = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    p.update(tensors("f", [2, 8, 2]))

    def field(x):
        u = 1 + mlp(p, "f", x / 40, "tanh", "tanh")
        met = x[0] * x[1]
        return torch.stack([p["alpha"] * x[0] - p["beta"] * met * u[0], -p["gamma"] * x[1] + p["delta"] * met * u[1]])

    x = solve(field, torch.stack([p["hare0"], p["lynx0"]]), [float(row["t"]) for row in rows], 40)
    s = torch.stack([p["sh"], p["sl"]])
    z = (torch.log(data) - torch.log(x)) / s
    return p, torch.sum(torch.log(data) + torch.log(s) + 0.5 * math.log(2 * math.pi) + z**2 / 2)


ENCODER, FIELD = torch.relu, "tanh"


def main():
    print("example,tensor,entry,value")
    for example in (spiral, neural_ode, universal, digits, hare_lynx):
        p, loss = example()
        loss.backward()
        print(f"{example.__name__},loss,0,{loss.item()!r}")
        for name, value in p.items():
            gradient = value.grad.flatten()
            count = len(gradient)
            for i in sorted({k * (count - 1) // 4 for k in range(5)}):
                print(f"{example.__name__},{name},{i},{gradient[i].item()!r}")
            print(f"{example.__name__},{name},norm,{torch.linalg.norm(gradient).item()!r}")


main()
