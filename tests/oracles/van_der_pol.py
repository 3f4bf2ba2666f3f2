"""Rows vdp_mu1e2 of stiff.csv: van der Pol's equation with mu = 100 and its variational equations by Taylor
series of order 30 in 40 digits (the last term of each step below 1e-26), printed to 17 digits.

    python3 tests/oracles/van_der_pol.py >>tests/oracles/stiff.csv      (needs mpmath; some minutes)
"""

from functools import reduce

from mpmath import mp, mpf

mp.dps = 40
ORDER, LAST_TERM = 30, mpf(10) ** -26
MU, SPAN = mpf(100), mpf(120)
DIRECTIONS = 3  # of x, of y, of mu


def product(a, b, k):
    return sum(a[j] * b[k - j] for j in range(k + 1))


def series(state):
    """Coefficients of x, y and of the tangents (dx, dy) in each direction."""
    x, y = [state[0]], [state[1]]
    dx = [[state[2 + 2 * i]] for i in range(DIRECTIONS)]
    dy = [[state[3 + 2 * i]] for i in range(DIRECTIONS)]
    free, xy = [], []  # 1 - x^2, x y
    for k in range(ORDER):
        free.append((1 if k == 0 else 0) - product(x, x, k))
        xy.append(product(x, y, k))
        damping = product(free, y, k)
        slopes = [
            MU * (product(free, dy[i], k) - 2 * product(xy, dx[i], k)) - dx[i][k] + (damping if i == 2 else 0)
            for i in range(DIRECTIONS)
        ]
        for i in range(DIRECTIONS):
            dx[i].append(dy[i][k] / (k + 1))
        x.append(y[k] / (k + 1))
        y.append((MU * damping - x[k]) / (k + 1))
        for i in range(DIRECTIONS):
            dy[i].append(slopes[i] / (k + 1))
    return [x, y] + [c for i in range(DIRECTIONS) for c in (dx[i], dy[i])]


def step_size(rows, left):
    for c in rows:
        size = max(abs(c[0]), mpf(10) ** -8)
        for k in (ORDER - 1, ORDER):
            if c[k] != 0:
                left = min(left, (size * LAST_TERM / abs(c[k])) ** (mpf(1) / k))
    return left


def solve():
    state, t = [mpf(v) for v in (2, 0, 1, 0, 0, 1, 0, 0)], mpf(0)
    while t < SPAN:
        rows = series(state)
        h = step_size(rows, SPAN - t)
        state = [reduce(lambda sum, c: sum * h + c, reversed(row)) for row in rows]
        t += h
    return state


def main():
    state = solve()
    x, y = state[:2]
    slope = [y, MU * (1 - x * x) * y - x]
    gradient = [2 * x * state[2 + 2 * i] + 1000 * state[3 + 2 * i] for i in range(DIRECTIONS)]
    values = [
        ("loss", x * x + 1000 * y),
        ("final[1]", x),
        ("final[2]", y),
        ("dL/dx0[1]", gradient[0]),
        ("dL/dx0[2]", gradient[1]),
        ("dL/dp[1]", gradient[2]),
        ("dL/dtlast", 2 * x * slope[0] + 1000 * slope[1]),
    ]
    for quantity, value in values:
        print(f'vdp_mu1e2,{quantity},{mp.nstr(value, 17)},16,"Taylor series, tests/oracles/van_der_pol.py"')


main()
