#!/usr/bin/env python3
"""Writes references.csv: losses and gradients to 20 digits, for tests/test_reference.c. Needs Python alone, and
twenty minutes. Every number is computed twice, with steps of different size and order, and printed only if both agree to 22 digits
of the largest component of its kind.

    nice -n 10 python3 tests/oracles/references.py > tests/oracles/references.csv
"""
import csv
import sys
from decimal import Decimal as D, getcontext

import taylor

DIGITS, AGREED = 50, 22
half = D("0.5")
getcontext().prec = DIGITS

# (order, epsilon, share of the step size)
SETTINGS = [(32, D("1e-30"), D(1)), (40, D("1e-34"), D("0.61"))]


def lotka_volterra(x, p):
    xy = x[0] * x[1]
    return [p[0] * x[0] - p[1] * xy, p[3] * xy - p[2] * x[1]]


def lorenz(x, p):
    sigma, rho, beta = p
    return [sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]]


def van_der_pol(x, p):
    """The third state integrates the running cost x1^2 / 2."""
    square = x[0] * x[0]
    return [x[1], p[0] * (x[1] - square * x[1]) - x[0], square.scaled(half)]


def laplacian(u):
    """Second differences over spacing 1/4, no flux at the ends."""
    last = len(u) - 1
    return [(u[max(i - 1, 0)] + u[min(i + 1, last)] - u[i].scaled(2)).scaled(16) for i in range(last + 1)]


def diffusion(u, p):
    """u_i' = d_i (laplacian u)_i + r_i u_i (1 - u_i), p = (d, r)."""
    n = len(u)
    return [d * w + r * (v - v * v) for d, r, v, w in zip(p[:n], p[n:], u, laplacian(u))]


def half_square(pairs):
    """|x|^2 / 2 and its tangents."""
    value = half * sum(v * v for v, _ in pairs)
    return value, [sum(v * dots[i] for v, dots in pairs) for i in range(len(pairs[0][1]))]


def add(a, b):
    return a[0] + b[0], [x + y for x, y in zip(a[1], b[1])]


# Losses of the states at the times, as (value, tangents).
def to_the_point(states):
    return half_square([(v - 1, dots) for v, dots in states[-1]])


def at_every_time(states):
    total = half_square(states[1])
    for state in states[2:]:
        total = add(total, half_square(state))
    return total


def final_and_integral(states):
    return add(half_square(states[-1][:2]), states[-1][2])


def by_tangents(field, x0, theta, times, loss):
    """Loss, dL/dx0, dL/dtheta, twice."""

    def run(order, epsilon, share):
        x, p = taylor.unit_tangents(x0, theta)
        return loss(taylor.solve(field, x, p, times, order, epsilon, share))

    return [run(*setting) for setting in SETTINGS]


def numbers(text):
    return [D(v) for v in text.split()]


def small_problems():
    """name, definition, names of the gradient's entries, results."""
    lv = (lotka_volterra, numbers("1 1"), numbers("1.5 1 3 1"))
    lv_names = "x1(0) x2(0) p1 p2 p3 p4".split()
    for t in (1, 10):
        yield (
            f"lv{t}",
            f"x1'=p1 x1-p2 x1 x2, x2'=-p3 x2+p4 x1 x2; p=(1.5,1,3,1), x(0)=(1,1), L=|x({t})-(1,1)|^2/2",
            lv_names,
            by_tangents(*lv, [D(0), D(t)], to_the_point),
        )
    yield (
        "lorenz5",
        "x1'=p1(x2-x1), x2'=x1(p2-x3)-x2, x3'=x1 x2-p3 x3; p=(10,28,8/3 in double), x(0)=(1,1,1), "
        "L=sum over t=1..5 of |x(t)|^2/2",
        "x1(0) x2(0) x3(0) p1 p2 p3".split(),
        by_tangents(lorenz, numbers("1 1 1"), numbers("10 28") + [D(8 / 3)], [D(t) for t in range(6)], at_every_time),
    )
    for mu in (1, 10):
        result = by_tangents(van_der_pol, numbers("2 0 0"), [D(mu)], [D(0), D(2 * mu)], final_and_integral)
        yield (
            f"vdp{mu}",
            f"x1'=x2, x2'=p1(1-x1^2)x2-x1; p1={mu}, x(0)=(2,0), L=|x({2 * mu})|^2/2+integral of x1^2/2",
            "x1(0) x2(0) p1".split(),
            [(loss, [g for i, g in enumerate(gradient) if i != 2]) for loss, gradient in result],
        )


# The diffusion-reaction system: n cells, T, and inputs that are exact in binary.
# The adjoint and the tangents have rough modes that u has lost: the step must resolve the fastest, whose rate is 82.
# (82 / 36)^32 / 32! is 1e-24, and it is damped besides.
CELLS, END, LARGEST_STEP = 200, D(10), D(1) / 36


def diffusion_inputs():
    u = [D(1 + 13 * i % 32) / 64 for i in range(CELLS)]
    d = [D(128 + i) / 256 for i in range(CELLS)]
    r = [D(8 + 5 * i % 16) / 32 for i in range(CELLS)]
    return u, d + r


class Adjoint:
    """The continuous adjoint of the diffusion-reaction system, on the expansions of the forward solution: about each
    of its times, lambda is expanded like u and evaluated at the time before; the integrals of lambda_i (laplacian u)_i
    and lambda_i u_i (1 - u_i) are those of the product's series."""

    def __init__(self, order, theta):
        self.order, self.theta, self.grid = order, theta, []

    def see(self, t, state):
        self.grid.append((t, state))

    def field(self, u):
        d, r = self.theta[:CELLS], self.theta[CELLS:]

        def slope(lam, _):
            flux = laplacian([v.scaled(k) for v, k in zip(lam, d)])
            return [(v * w + v * w - v).scaled(k) - f for v, w, k, f in zip(lam, u, r, flux)]

        return slope

    def back(self, index, lam, gradient):
        t, u = self.grid[index]
        s = self.grid[index - 1][0] - t
        series = taylor.expand(self.field(u), lam, [], self.order)
        for i, (v, w, l) in enumerate(zip(u, laplacian(u), series)):
            gradient[i] -= (l * w).integral(s, self.order)
            gradient[CELLS + i] -= (l * (v - v * v)).integral(s, self.order)
        return taylor.advance(series, s, self.order)

    def gradient(self, lam):
        gradient = [D(0)] * (2 * CELLS)
        for index in range(len(self.grid) - 1, 0, -1):
            lam = self.back(index, lam, gradient)
        return lam + gradient


def diffusion_gradient(order, epsilon, share):
    u0, theta = diffusion_inputs()
    adjoint = Adjoint(order, theta)
    end = taylor.solve(diffusion, u0, theta, [D(0), END], order, epsilon, share, LARGEST_STEP, adjoint.see)[-1]
    return half * sum(v * v for v in end), adjoint.gradient(end)


def diffusion_tangents(which):
    """dL in a few of the directions, by tangents."""
    u0, theta = diffusion_inputs()
    order, epsilon, share = SETTINGS[0]
    seed = lambda i: [D(int(i == j)) for j in which]
    x = [(v, seed(i)) for i, v in enumerate(u0)]
    p = [(v, seed(CELLS + i)) for i, v in enumerate(theta)]
    end = taylor.solve(diffusion, x, p, [D(0), END], order, epsilon, share, LARGEST_STEP)[-1]
    return half_square(end)[1]


def diffusion_problem():
    results = [diffusion_gradient(*setting) for setting in SETTINGS]
    which = [0, 100, CELLS + 37, 2 * CELLS - 1, 2 * CELLS + 3, 2 * CELLS + 150]
    tangents = diffusion_tangents(which)
    check_agreement("diffusion, adjoint and tangents", [[results[0][1][i] for i in which], tangents])
    names = [f"{name}{i + 1}{at}" for name, at in (("u", "(0)"), ("d", ""), ("r", "")) for i in range(CELLS)]
    return (
        "diffusion",
        "u_i'=16 d_i(u_{i-1}-2u_i+u_{i+1})+r_i u_i(1-u_i), u_0=u_1, u_201=u_200; with j=i-1, d_i=(128+j)/256, "
        "r_i=(8+5j mod 16)/32, u_i(0)=(1+13j mod 32)/64, L=|u(10)|^2/2",
        names,
        results,
    )


def check_agreement(what, gradients):
    size = max(abs(v) for v in gradients[0])
    worst = max(abs(a - b) for a, b in zip(*gradients)) / size
    print(f"{what}: agree to {worst:.1e}", file=sys.stderr)
    if worst > D(10) ** -AGREED:
        sys.exit(f"{what}: the two routes disagree")


def write(writer, name, about, names, results, route):
    check_agreement(name, [[loss, *gradient] for loss, gradient in results])
    loss, gradient = results[1]
    for quantity, value in zip(["L", *("dL/d" + n for n in names)], [loss, *gradient]):
        writer.writerow([f"{name}: {about}" if quantity == "L" else name, quantity, f"{value:.20g}", route])
        route = "same"
    sys.stdout.flush()


def main():
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow("problem quantity value route".split())
    for problem in small_problems():
        write(writer, *problem, "Taylor series with tangents, 50 digits, two orders and step sizes")
    write(writer, *diffusion_problem(), "Taylor series of u and of the adjoint, 50 digits, two orders and step sizes; 6 by tangents")


main()
