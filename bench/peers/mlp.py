"""A wide network as the field, RK4 with fixed steps: forward and back through the solver, loss the mean square of the final
state. The weights do not change, so every iteration does the same work."""
import numpy
import torch
import torchdiffeq

from common import arguments, clock, report, weights
from networks import sequential, versions
from product import fastest


class Field(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, t, y):
        return self.network(y)


def main():
    a = arguments("weights", "states", threads=1, iterations=10, steps=40, warmup=2)
    now = clock(a.threads)
    torch.set_num_threads(a.threads)
    field = Field(sequential(weights(a.weights), "f", torch.nn.Tanh))
    x0 = torch.from_numpy(numpy.loadtxt(a.states, delimiter=",", dtype=numpy.float32, ndmin=2))
    t = torch.tensor([0.0, 1.0])
    seconds, losses = [], []
    for _ in range(a.warmup + a.iterations):
        begin = now()
        field.zero_grad()
        x1 = torchdiffeq.odeint(field, x0, t, method="rk4", options={"step_size": 1 / a.steps})[-1]
        loss = torch.mean(x1**2)
        loss.backward()
        seconds.append(now() - begin)
        losses.append(loss.item())
    norm = torch.sqrt(sum(torch.sum(p.grad.double() ** 2) for p in field.parameters())).item()
    report(versions(), seconds[a.warmup:], losses[-1:], gradient_norm=norm, product_gflops=fastest(a.threads))


main()
