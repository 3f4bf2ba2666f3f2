"""Taylor series in time, in decimal arithmetic of any precision, with tangents; for the reference gradients.

Nothing here is shared with odegrad: no Runge-Kutta method, no Jacobian written down, no double. A vector field is a
Python function of sums and products; it is run on power series whose coefficients are computed as they are asked for,
and x_{k+1} = f_k / (k + 1) closes the circle (Moore 1966; Jorba and Zou 2005). Derivatives come from running the same
function on pairs (series, its tangents).
"""
from decimal import Decimal
from operator import mul


class Series:
    """c[0] + c[1] s + c[2] s^2 + ...; `rule` gives coefficient k when those before it are known."""

    def __init__(self, rule=None, known=()):
        self.c, self.rule = list(known), rule

    def __getitem__(self, k):
        while len(self.c) <= k:
            self.c.append(self.rule(len(self.c)))
        return self.c[k]

    def __add__(self, other):
        return Series(lambda k: self[k] + other[k])

    def __sub__(self, other):
        return Series(lambda k: self[k] - other[k])

    def __mul__(self, other):
        def rule(k):
            self[k], other[k]
            return sum(map(mul, self.c[: k + 1], other.c[k::-1]), Decimal(0))

        return Series(rule)

    def scaled(self, factor):
        return Series(lambda k: factor * self[k])

    def at(self, s, order):
        total = Decimal(0)
        for k in range(order, -1, -1):
            total = total * s + self[k]
        return total

    def integral(self, s, order):
        """From 0 to s."""
        total = Decimal(0)
        for k in range(order, -1, -1):
            total = total * s + self[k] / (k + 1)
        return total * s


def constant(value):
    return Series(lambda k: value if k == 0 else Decimal(0))


class Dual:
    """A series and its tangents in several directions at once."""

    def __init__(self, value, dots):
        self.value, self.dots = value, dots

    def __add__(self, other):
        return Dual(self.value + other.value, [a + b for a, b in zip(self.dots, other.dots)])

    def __sub__(self, other):
        return Dual(self.value - other.value, [a - b for a, b in zip(self.dots, other.dots)])

    def __mul__(self, other):
        return Dual(
            self.value * other.value,
            [a * other.value + self.value * b for a, b in zip(self.dots, other.dots)],
        )

    def scaled(self, factor):
        return Dual(self.value.scaled(factor), [dot.scaled(factor) for dot in self.dots])


def expand(field, x, theta, order):
    """The series of x' = field(x, theta) from the state x, to `order`. States and parameters are numbers, or pairs
    (number, [tangents])."""
    dual = isinstance(x[0], tuple)
    start = lambda v: Series(known=[v])
    wrap = (lambda make, v: Dual(make(v[0]), [make(dot) for dot in v[1]])) if dual else (lambda make, v: make(v))
    state = [wrap(start, v) for v in x]
    slope = field(state, [wrap(constant, v) for v in theta])
    plain = lambda all: [s for d in all for s in [d.value, *d.dots]] if dual else all
    unknown, known = plain(state), plain(slope)
    for k in range(order):
        new = [f[k] / (k + 1) for f in known]
        for series, value in zip(unknown, new):
            series.c.append(value)
    return state


def step_size(state, order, epsilon):
    """So that the last terms, of the tangents too, are epsilon of the state's size (Jorba and Zou)."""
    values = [s for d in state for s in ([d.value, *d.dots] if isinstance(d, Dual) else [d])]
    size = max(1, *(abs(v[0]) for v in values))
    log = lambda k: (max(abs(v[k]) for v in values) / size).ln() / k if any(v[k] for v in values) else Decimal("-inf")
    return (epsilon.ln() / order - max(log(order - 1), log(order))).exp()


def advance(state, s, order):
    if isinstance(state[0], Dual):
        return [(d.value.at(s, order), [dot.at(s, order) for dot in d.dots]) for d in state]
    return [d.at(s, order) for d in state]


def solve(field, x, theta, times, order, epsilon, share, largest=Decimal("inf"), seen=None):
    """x at each of `times`, from times[0] on. Steps are `share` of those that epsilon asks for, `share` times `largest`
    at most. `seen(t, state)` is told every expansion, also that at the last time."""
    t, results = times[0], [x]
    for end in times[1:]:
        while t < end:
            state = expand(field, x, theta, order)
            h = min(min(step_size(state, order, epsilon), largest) * share, end - t)
            if seen:
                seen(t, state)
            x, t = advance(state, h, order), t + h
        results.append(x)
    if seen:
        seen(t, expand(field, x, theta, order))
    return results


def unit_tangents(x, theta):
    """x0 and theta with a tangent for each of their entries, x0's first."""
    count = len(x) + len(theta)
    unit = lambda i: [Decimal(int(i == j)) for j in range(count)]
    return (
        [(v, unit(i)) for i, v in enumerate(x)],
        [(v, unit(len(x) + i)) for i, v in enumerate(theta)],
    )
