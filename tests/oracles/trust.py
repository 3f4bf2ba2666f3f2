#!/usr/bin/env python3
"""Writes trust.csv: the right gradients and fits of the inputs in tests/trust/, for tests/test_trust_cases.c. Needs Python
with mpmath, and half an hour.

    nice -n 10 python3 tests/oracles/trust.py > tests/oracles/trust.csv

Losses are closed forms, differentiated by differences at 60 digits; only Robertson's and van der Pol's equations have none:
they are solved by Taylor series with tangents (taylor.py), twice. Nothing here is shared with odegrad.
"""
import csv
import os
import sys
from decimal import Decimal, getcontext

from mpmath import cos, diff, exp, expm, findroot, log, matrix, mp, mpf, pi, quad, sin, sqrt, linspace

import taylor

mp.dps = 60
getcontext().prec = 50
HERE = os.path.join(os.path.dirname(os.path.realpath(__file__)), os.pardir, "trust")


def rows(name):
    """The rows of a case's data, as dictionaries of numbers; None where a value is missing."""
    with open(os.path.join(HERE, name + ".csv")) as file:
        for row in csv.DictReader(file):
            yield {k: v if k == "id" else None if v == "NA" else mpf(v) for k, v in row.items()}


def slopes(loss, at):
    """The derivative of loss(*at) by each of its arguments."""
    unit = lambda i: tuple(int(i == j) for j in range(len(at)))
    return [diff(loss, tuple(map(mpf, at)), unit(i)) for i in range(len(at))]


def curvatures(loss, at):
    """Second derivatives, the upper triangle."""
    count = len(at)
    for i in range(count):
        for j in range(i, count):
            order = tuple(int(i == k) + int(j == k) for k in range(count))
            yield i, j, diff(loss, tuple(map(mpf, at)), order)


def relax(x, rest, rate, t):
    """What obeys x' = -rate (x - rest) after t."""
    return rest + (x - rest) * exp(-rate * t)


def normal(y, mu, sigma):
    return (y - mu) ** 2 / (2 * sigma**2) + log(sigma * sqrt(2 * pi))


def flow(A, b, x, t):
    """x' = A x + b after t, by the exponential of the matrix with b as a last column."""
    n = len(x)
    M = matrix(n + 1, n + 1)
    for i in range(n):
        M[i, n] = b[i] * t
        for j in range(n):
            M[i, j] = A[i][j] * t
    return list((expm(M, method="pade") * matrix(x + [1]))[:n])


# ---- Losses: one function of the model's parameters each ----


def rest(p, q, b):
    return relax(b, p / q, q, 100)


def rest_pair(b1, b2, r, w, slow):
    """(d/dt + r - i w) (x + i y) = b1 + i b2."""
    s = r - 1j * w
    z = relax(1 + 2j, (b1 + 1j * b2) / s, s, 60)
    return z.real + relax(1, 2, slow, 60)


def rest_nothing(feed, uptake, loss):
    x = feed / uptake * (1 - exp(-uptake * 80))
    y = feed * ((1 - exp(-loss * 80)) / loss - (exp(-uptake * 80) - exp(-loss * 80)) / (loss - uptake))
    return x + y


def rest_event(ksyn, kdeg, x0, s):
    return relax(relax(x0, ksyn / kdeg, kdeg, 50), ksyn * (1 + s) / kdeg, kdeg, 1)


def rest_dose(ksyn, kdeg, dose):
    return relax(relax(2, ksyn / kdeg, kdeg, 50) + dose, ksyn / kdeg, kdeg, 1)


def rest_stop(ksyn, kdeg, threshold, slow):
    return relax(2, ksyn / kdeg, kdeg, log(10 / threshold) / slow) * threshold


def along(rows, x, advance):
    """(row, x) at each row, x going on from row to row with the input of the earlier one."""
    before = None
    for row in rows:
        if before:
            x = advance(x, before["u"], row["t"] - before["t"])
        yield row, x
        before = row


def rest_stimulus(ks, kd, s, kf):
    def advance(x, u, t):
        return flow([[-kd, 0], [kf, -kf]], [ks * (1 + s * u), 0], x, t)

    total = mpf(0)
    for row, (x, z) in along(rows("rest_stimulus"), [ks / kd, mpf(0)], advance):
        for y, mu in ((row["y"], x), (row["w"], z)):
            if y is not None:
                total += normal(y, mu, mpf("0.02"))
    return total


def rest_fit(ksyn, kdeg, s, b):
    advance = lambda x, u, t: relax(x, ksyn * (1 + s * u) / kdeg, kdeg, t)
    return sum(normal(row["y"], x, mpf("0.1")) for row, x in along(rows("rest_fit"), b, advance))


def rest_chain(k1, k2, s):
    advance = lambda x, u, t: flow([[-k1, 0], [k1, -k2]], [1 + s * u, 0], x, t)
    return sum(normal(r["v"], x[1], mpf("0.05")) for r, x in along(rows("rest_chain"), [1 / k1, 1 / k2], advance))


def rest_ids(ksyn, kdeg, s):
    advance = lambda x, u, t: relax(x, ksyn * (1 + s * u) / kdeg, kdeg, t)
    total = mpf(0)
    for name in "abc":
        own = [r for r in rows("rest_ids") if r["id"] == name]
        total += sum(normal(r["y"], x, mpf("0.1")) for r, x in along(own, ksyn / kdeg, advance))
    return total


def border(k, t=2):
    """x' = -k (x - cos t), x(0) = 1."""
    steady = lambda t: k * (k * cos(t) + sin(t)) / (k**2 + 1)
    return steady(t) + (1 - steady(0)) * exp(-k * t)


def border_rows(k):
    return sum((r["y"] - border(k, r["t"])) ** 2 for r in rows("border_rows"))


def border_pair(k):
    """The force is the third and fourth state, a rotation."""
    c = mpf("0.5")
    A = [[-k, 0, k, 0], [2 * k * c, -2 * k, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0]]
    end = flow(A, [0] * 4, [mpf(0), mpf(0), mpf(0), mpf(1)], 4)
    return end[0] + end[1]


def two_speeds(k):
    return (k * exp(-mpf(10)) - exp(-k * 10)) / (k - 1)


def three_speeds(k):
    m = 30
    return flow([[-1, 0, 0], [m, -m, 0], [0, k, -k]], [0] * 3, [mpf(1)] * 3, 8)[2]


def zero_state(a):
    return a * exp(sin(mpf(30)))


def zero_states(a, b):
    """The matrices of all times commute: a growth and a rotation."""
    grow, turn = 4 * sin(mpf(45)) / 5, 3 * (1 - cos(mpf(63))) / 7
    z = (a + 1j * b) * exp(grow + 1j * turn)
    return z.real + 2 * z.imag


def pieces(a, b, count):
    return linspace(mpf(a), mpf(b), count + 1)


def zero_parameter(th):
    return th * (50 - sin(mpf(2000)) / 40)


def zero_forcing(p, q, k):
    """The integral of e^(-k (60 - t)) cos(8 t)^2 and sin(3 t)."""
    T, e = mpf(60), exp(-k * 60)
    cosine = lambda w: (k * cos(w * T) + w * sin(w * T) - k * e) / (k**2 + w**2)
    sine = lambda w: (k * sin(w * T) - w * cos(w * T) + w * e) / (k**2 + w**2)
    return p * ((1 - e) / k + cosine(16)) / 2 + q * sine(3)


def zero_integral(th):
    """To first order in th, which is all that its derivative at 0 needs."""
    return 2 * 40 + 2 * th * (mpf(40) ** 2 / 4 - (1 - cos(mpf(30) * 40)) / 1800)


def zero_fit_end(s, t=30):
    """x' = s (x sin 6t + cos(4t)^2), x(0) = 1, by variation of constants."""
    G = lambda t: s * (1 - cos(6 * t)) / 6
    return exp(G(t)) * (1 + s * quad(lambda u: exp(-G(u)) * cos(4 * u) ** 2, pieces(0, t, 60)))


def zero_fit(s):
    return (2 - zero_fit_end(s)) ** 2


def zero_fit_rows(s, r):
    """x' = s sin(7t)^2 + r x cos(5t)^2 at each row, from the row before."""
    G = lambda t: r * (t / 2 + sin(10 * t) / 20)
    total, x, t = mpf(0), mpf(1), mpf(0)
    for row in rows("zero_fit_rows"):
        end = row["t"]
        grown = quad(lambda u: exp(G(end) - G(u)) * sin(7 * u) ** 2, pieces(t, end, 30))
        x, t = exp(G(end) - G(t)) * x + s * grown, end
        total += (row["y"] - x) ** 2
    return total


# ---- Linear in lines: the gradient by initial values, and by what moves the state of rest ----


def cells(n, diffusion, decay, T, seed):
    """exp(A' T) seed for A = diffusion * (second differences, mirrored at the ends) - decay."""
    A = matrix(n, n)
    for i in range(n):
        A[i, i] = -2 * diffusion - decay
        for j in (i - 1, i + 1):
            A[i, j if 0 <= j < n else 2 * i - j] += diffusion
    return expm(A.T * T, method="pade") * matrix(seed)


def line_slopes(n, diffusion, r, K, T, seed):
    """dL/dD, dL/dr are 0 at rest; K moves u_i' by r, all over: u_i gains 1 - e^(-r T)."""
    initial = cells(n, diffusion, r, T, seed)
    return [0, 0, sum(map(mpf, seed)) * (1 - exp(-mpf(r) * T))], max(abs(v) for v in initial)


# ---- By Taylor series ----


def robertson(x, p):
    a, b, c = x
    k1, k2, k3 = p
    slow, fast, back = k1 * a, k2 * b * b, k3 * b * c
    return [back - slow, slow - back - fast, fast]


def van_der_pol(x, p):
    return [x[1], p[0] * (x[1] - x[0] * x[0] * x[1]) - x[0]]


def by_taylor(field, x, theta, T, component):
    """Tangents of one component at T by theta, twice."""
    decimals = lambda values: [Decimal(str(v)) for v in values]

    def run(order, epsilon, share):
        x0, p = taylor.unit_tangents(decimals(x), decimals(theta))
        value, dots = taylor.solve(field, x0, p, [Decimal(0), Decimal(T)], order, epsilon, share)[-1][component]
        return dots[len(x) :]

    first, second = run(30, Decimal("1e-25"), Decimal(1)), run(36, Decimal("1e-28"), Decimal("0.7"))
    assert all(abs(a - b) <= Decimal("1e-15") * max(map(abs, first)) for a, b in zip(first, second))
    return first


# ---- Minima: Newton's method on the slopes ----


def minimum(loss, start):
    mp.dps = 20
    start = [mpf(v) for v in start]
    if len(start) > 1:
        at = list(findroot(lambda *at: slopes(loss, at), start, tol=1e-14, maxsteps=50))
    else:
        at = [findroot(lambda s: slopes(loss, [s])[0], start[0], tol=1e-14, maxsteps=50)]
    H = matrix(len(at), len(at))
    for i, j, value in curvatures(loss, at):
        H[i, j] = H[j, i] = value
    value, covariance = loss(*at), H**-1
    mp.dps = 60
    return value, at, [sqrt(covariance[i, i]) for i in range(len(at))]


GRADIENTS = [
    (rest, {"p": 3, "q": 3, "b": 1}),
    (rest, {"p": 3, "q": 3, "b": 1}, "rest_backward"),
    (rest_pair, {"b1": 13, "b2": 1, "r": 3, "w": 5, "slow": "0.1"}),
    (rest_nothing, {"feed": 0, "uptake": 4, "loss": 25}),
    (rest_event, {"ksyn": 2, "kdeg": 1, "x0": 2, "s": 3}),
    (rest_dose, {"ksyn": 2, "kdeg": 1, "dose": 3}),
    (rest_stop, {"ksyn": 20, "kdeg": 10, "threshold": "0.1", "slow": "0.05"}),
    (rest_stimulus, {"ks": "0.7", "kd": "2.9", "s": 3, "kf": "0.1"}),
    (rest_fit, {"ksyn": 2, "kdeg": 1, "s": 3, "b": 2}),
    (rest_chain, {"k1": 2, "k2": "0.5", "s": 2}),
    (rest_ids, {"ksyn": 2, "kdeg": 1, "s": 3}),
    (border, {"k": 2500}),
    (border_rows, {"k": 600}),
    (border_pair, {"k": 2000}),
    (two_speeds, {"k": 1000}),
    (three_speeds, {"k": 800}),
    (zero_state, {"a": 0}),
    (zero_states, {"a": 0, "b": 0}),
    (zero_parameter, {"th": 0}),
    (zero_forcing, {"p": 0, "q": 0, "k": "0.2"}),
    (zero_integral, {"th": 0}),
    (zero_fit, {"s": 0}),
    (zero_fit_rows, {"s": 0, "r": 0}),
]

# Of these the Hessian at the model's values as well: they have no events.
HESSIANS = [rest, rest_pair, rest_nothing, rest_stimulus, rest_fit, rest_chain, rest_ids, border_rows, two_speeds, zero_states, zero_parameter, zero_forcing, zero_fit]

# The start is near the minimum that a fit from the model's values is to find.
FITS = [
    (rest_stimulus, ["ks", "kd", "s", "kf"], ["0.66", "2.8", "3", "0.1"]),
    (rest_fit, ["ksyn", "kdeg", "s", "b"], [2, 1, 3, "2.05"]),
    (rest_chain, ["k1", "k2", "s"], [2, "0.5", 2]),
    (rest_ids, ["ksyn", "kdeg", "s"], ["1.6", 1, "2.5"]),
    (zero_fit, ["s"], ["0.0648"]),
    (zero_fit_rows, ["s", "r"], ["0.175", "0.0045"]),
]


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["case", "quantity", "value", "route"])

    def put(name, quantity, value, route):
        out.writerow([name, quantity, mp.nstr(mpf(str(value)), 18, min_fixed=0, max_fixed=0), route])
        sys.stdout.flush()

    for loss, values, *name in GRADIENTS:
        for parameter, slope in zip(values, slopes(loss, values.values())):
            put(name[0] if name else loss.__name__, "dL/d" + parameter, slope, "closed form, 60 digits")
    for loss, values, *_ in GRADIENTS:
        names = list(values)
        if loss in HESSIANS and not _:
            for i, j, value in curvatures(loss, values.values()):
                put(loss.__name__, f"d2L/d{names[i]}d{names[j]}", value, "closed form, 60 digits")
    for name, (gradient, largest) in {
        "rest_lines": line_slopes(41, mpf("0.5") / mpf("0.25") ** 2, 1, 1, 3, [mpf("0.25")] * 41),
        "rest_cells": line_slopes(21, mpf(1) / mpf("0.1") ** 2, 2, 3, 1, [1] + [0] * 20),
    }.items():
        for parameter, slope in zip(["D", "r", "K"], gradient):
            put(name, "dL/d" + parameter, slope, "linear at rest")
        put(name, "largest dL/dx0", largest, "matrix exponential, 60 digits")
    taylors = [
        ("van_der_pol_20", van_der_pol, [2, 0], {"mu": 20}, 14, 0),
        ("van_der_pol", van_der_pol, [2, 0], {"mu": 100}, 60, 0),
        ("robertson_early", robertson, [1, 0, 0], {"k1": "0.04", "k2": "3e7", "k3": "1e4"}, 2, 2),
        ("robertson", robertson, [1, 0, 0], {"k1": "0.04", "k2": "3e7", "k3": "1e4"}, 40, 2),
    ]
    for name, field, x, theta, T, component in taylors:
        for parameter, slope in zip(theta, by_taylor(field, x, theta.values(), T, component)):
            put(name, "dL/d" + parameter, slope, "Taylor series with tangents, twice")
    for loss, names, start in FITS:
        value, at, errors = minimum(loss, start)
        put(loss.__name__, "least loss", value, "Newton's method on closed forms")
        for parameter, estimate in zip(names, at):
            put(loss.__name__, "fitted " + parameter, estimate, "Newton's method on closed forms")
        for parameter, error in zip(names, errors):
            put(loss.__name__, "error of " + parameter, error, "inverse of the Hessian at the minimum")


main()
