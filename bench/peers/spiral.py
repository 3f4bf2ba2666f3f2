"""torchdiffeq's ode_demo: a network learns a spiral, from the weights and mini-batches that it is given."""
import numpy
import torch
import torchdiffeq

from common import arguments, clock, report, table, weights
from networks import sequential, versions


class Field(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network
        self.evaluations = 0

    def forward(self, t, y):
        self.evaluations += 1
        return self.network(y**3)


def main():
    a = arguments("weights", "data", "windows", mode="backprop", threads=1, points=10, warmup=5)
    now = clock(a.threads)
    torch.set_num_threads(a.threads)
    field = Field(sequential(weights(a.weights), "f", torch.nn.Tanh))
    data = table(a.data)
    t = torch.tensor(data["t"], dtype=torch.float32)
    y = torch.tensor(numpy.stack([data["x[1]"], data["x[2]"]], axis=1), dtype=torch.float32)
    starts = torch.tensor(numpy.loadtxt(a.windows, delimiter=",", dtype=int, ndmin=2))
    solve = torchdiffeq.odeint_adjoint if a.mode == "adjoint" else torchdiffeq.odeint
    optimizer = torch.optim.RMSprop(field.parameters(), lr=1e-3)
    seconds, losses, forward = [], [], []
    for start in starts:
        begin = now()
        truth = torch.stack([y[start + i] for i in range(a.points)])
        optimizer.zero_grad()
        field.evaluations = 0
        predicted = solve(field, y[start], t[: a.points], rtol=1e-7, atol=1e-9, method="dopri5")
        forward.append(field.evaluations)
        loss = torch.mean(torch.abs(predicted - truth))
        loss.backward()
        optimizer.step()
        seconds.append(now() - begin)
        losses.append(loss.item())
    report(versions(), seconds[a.warmup:], losses, mode=a.mode, evaluations=sum(forward) / len(forward))


main()
