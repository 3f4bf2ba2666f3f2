#!/usr/bin/env python3
"""Writes densities.csv: -log densities of the model language with first and second derivatives to 40 digits, for
tests/test_densities.c. Needs mpmath; takes some minutes.

    python3 tests/oracles/densities.py > tests/oracles/densities.csv

The formulas are those of books, as they stand, with as many digits as it takes: every number is computed with two
precisions, and printed only if both agree to 40 digits. Derivatives are those of Taylor arithmetic of second order.

Beside each number stands how large a rounding of its size may come out: of values the sum of the parts that remain when
nothing cancels, of derivatives v the sum |v| + sum_i |a_i dv/da_i|, by which v changes when the arguments change by
their own size. An error of a few epsilon of it cannot be seen by anyone who rounds the arguments.
"""
import csv
import itertools
import random
import sys

from mpmath import mp, mpf, log, log1p, loggamma, psi, exp, erfc, sqrt, pi, nstr

ORDER = ["", "a", "b", "c", "aa", "ab", "ac", "bb", "bc", "cc"]


class Jet:
    """A value with gradient and Hessian in three arguments."""

    def __init__(self, v, g=None, h=None):
        self.v, self.g, self.h = mpf(v), g or [mpf(0)] * 3, h or [[mpf(0)] * 3 for _ in range(3)]

    def through(self, f, f1, f2):
        g = [f1 * x for x in self.g]
        h = [[f1 * self.h[i][j] + f2 * self.g[i] * self.g[j] for j in range(3)] for i in range(3)]
        return Jet(f, g, h)

    def __add__(self, o):
        o = o if isinstance(o, Jet) else Jet(o)
        return Jet(self.v + o.v, [x + y for x, y in zip(self.g, o.g)],
                   [[self.h[i][j] + o.h[i][j] for j in range(3)] for i in range(3)])

    def __mul__(self, o):
        o = o if isinstance(o, Jet) else Jet(o)
        g = [self.v * y + o.v * x for x, y in zip(self.g, o.g)]
        h = [[self.v * o.h[i][j] + o.v * self.h[i][j] + self.g[i] * o.g[j] + self.g[j] * o.g[i] for j in range(3)]
             for i in range(3)]
        return Jet(self.v * o.v, g, h)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, o):
        return self + (-o)

    def __rsub__(self, o):
        return (-self) + o

    def inverse(self):
        return self.through(1 / self.v, -1 / self.v**2, 2 / self.v**3)

    def __truediv__(self, o):
        return self * (o.inverse() if isinstance(o, Jet) else 1 / mpf(o))


def ln(x):
    return x.through(log(x.v), 1 / x.v, -1 / x.v**2) if isinstance(x, Jet) else log(x)


def lgam(x):
    if not isinstance(x, Jet):
        return loggamma(x)
    return x.through(loggamma(x.v), psi(0, x.v), psi(1, x.v))


def expj(x):
    e = exp(x.v)
    return x.through(e, e, e)


def phij(x):
    d = exp(-x.v**2 / 2) / sqrt(2 * pi)
    return x.through(erfc(-x.v / sqrt(2)) / 2, d, -x.v * d)


def softplus(x):
    return ln(expj(x) + 1)


def gauss(x, mu, sigma):
    z = (x - mu) / sigma
    return ln(sigma) + log(2 * pi) / 2 + z * z / 2


def student(y, nu, mu, sigma):
    z = (y - mu) / sigma
    more = (nu + 1) / 2
    one = ln(z * z / nu + 1)
    return lgam(nu / 2) - lgam(more) + ln(nu * pi) / 2 + ln(sigma) + more * one


def neg_binomial(y, mu, phi):
    m = mu + phi
    return lgam(phi) - lgam(phi + y) + loggamma(y + 1) + (ln(m) - ln(mu)) * y + phi * (ln(m) - ln(phi))


def categorical(y, *z):
    total = expj(z[0]) + expj(z[1]) + expj(z[2])
    return ln(total) - z[int(y) - 1]


def deviance(a, b):
    return a * log(a / b) + b - a


def rest(x):
    """Stirling's remainder."""
    return loggamma(x) - ((x - mpf(1) / 2) * log(x) - x + log(2 * pi) / 2)


def parts_of_normal(y, mu, sigma):
    return [log(sigma), 1, ((y - mu) / sigma)**2]


def parts_of_lognormal(y, mu, sigma):
    z = (log(y) - mu) / sigma
    return [log(y), log(sigma), 1, z * z, z * log(y) / sigma]


def parts_of_student(y, nu, mu, sigma):
    z = (y - mu) / sigma
    return [log(sigma), 1, loggamma(nu / 2) - loggamma((nu + 1) / 2) + log(nu / 2) / 2, (nu + 1) * log1p(z * z / nu)]


def parts_of_gamma(y, alpha, beta):
    return [log(y), log(alpha), 1, rest(alpha), deviance(alpha, beta * y)]


def parts_of_poisson(y, rate):
    return [log(y), 1, deviance(y, rate)] if y else [rate]


def parts_of_neg_binomial(y, mu, phi):
    n, m = y + phi, mu + phi
    parts = [deviance(phi, phi * n / m)]
    if y == 0:
        return parts + [phi * mu / m]
    return parts + [deviance(y, mu * n / m), log(y), log1p(y / phi), 1, rest(phi), rest(n)]


def own(function):
    """The value is one part."""
    return lambda y, *a: [function(y, *[Jet(x) for x in a]).v]


def either(no, yes):
    return lambda y, *a: yes(*a) if y else no(*a)


def logits(y, *z):
    """Differences of them, and a probability less 1."""
    return [1, *z]


exponential = lambda y, beta: beta * y - ln(beta)
double_exponential = lambda y, mu, sigma: ln(sigma) + log(2) + ((y - mu) if y > mu.v else (mu - y)) / sigma
gamma = lambda y, a, b: lgam(a) - a * ln(b) - (a - 1) * log(y) + b * y
poisson = lambda y, a: (a - ln(a) * y + loggamma(y + 1)) if y else a
FAMILY = {
    "normal(a, b)": (gauss, parts_of_normal),
    "lognormal(a, b)": (lambda y, a, b: gauss(log(y), a, b) + log(y), parts_of_lognormal),
    "student_t(a, b, c)": (student, parts_of_student),
    "cauchy(a, b)": (lambda y, a, b: ln(b) + log(pi) + ln((y - a) * (y - a) / b / b + 1),
                     lambda y, a, b: [log(b), 1, log1p(((y - a) / b)**2)]),
    "double_exponential(a, b)": (double_exponential, lambda y, a, b: [log(b), 1, (y - a) / b]),
    "exponential(a)": (exponential, lambda y, a: [log(a), a * y]),
    "gamma(a, b)": (gamma, parts_of_gamma),
    "poisson(a)": (poisson, parts_of_poisson),
    "neg_binomial_2(a, b)": (neg_binomial, parts_of_neg_binomial),
    "bernoulli(a)": (either(lambda a: -ln(1 - a), lambda a: -ln(a)), None),
    "bernoulli(Phi(a))": (either(lambda a: -ln(phij(-a)), lambda a: -ln(phij(a))), None),
    "bernoulli(0.5*(1 + erf(a)))": (either(lambda a: -ln(phij(-a * sqrt(mpf(2)))), lambda a: -ln(phij(a * sqrt(mpf(2))))),
                                    None),
    "bernoulli(erfc(a)/2)": (either(lambda a: -ln(phij(a * sqrt(mpf(2)))), lambda a: -ln(phij(-a * sqrt(mpf(2))))), None),
    "bernoulli(sigmoid(a))": (either(lambda a: softplus(a), lambda a: softplus(-a)), None),
    "bernoulli(1 - exp(-a))": (either(lambda a: a + 0, lambda a: -ln(1 - expj(-a))), None),
    "bernoulli(1/(1 + exp(-a)))": (either(lambda a: softplus(a), lambda a: softplus(-a)), None),
    "bernoulli(exp(a)/(1 + exp(a)))": (either(lambda a: softplus(a), lambda a: softplus(-a)), None),
    "bernoulli(0.5*(1 + tanh(a)))": (either(lambda a: softplus(a * 2), lambda a: softplus(a * -2)), None),
    "bernoulli(1 - (1 - Phi(a)))": (either(lambda a: -ln(phij(-a)), lambda a: -ln(phij(a))), None),
    "bernoulli(-expm1(-a))": (either(lambda a: a + 0, lambda a: -ln(1 - expj(-a))), None),
    "categorical_logit([a, b, c])": (categorical, logits),
}


# ---- Points ----

def spread(rng, low, high):
    """Even in the logarithm."""
    return 10**rng.uniform(low, high)


def near(rng, x):
    """x, moved by a share of it."""
    return x * (1 + rng.choice([-1, 1]) * spread(rng, -12, -0.5))


def count(rng):
    return float(rng.choice([0, 1, 2, 3, 7, 40, 1000, int(spread(rng, 3, 15))]))


def points(name, rng):
    head = name.split("(")[0]
    if head in ("normal", "cauchy", "double_exponential"):
        for k in range(24):
            mu = rng.choice([0.0, 1.0, -spread(rng, -8, 8), spread(rng, -8, 8)])
            sigma = spread(rng, -20, 20) if k % 3 else spread(rng, -2, 2)
            yield mu + rng.choice([-1, 1]) * sigma * spread(rng, -4, 3), [mu, sigma]
        if head == "cauchy":
            yield from ((1e200, [0.0, 1.0]), (3.0, [0.0, 1e-120]), (1e-200, [0.0, 1.0]))
    elif head == "lognormal":
        for _ in range(20):
            mu, sigma = rng.uniform(-50, 50), spread(rng, -3, 3)
            yield float(mp.exp(mu + sigma * rng.uniform(-3, 3) / (1 + sigma / 30))), [mu, sigma]
    elif head == "student_t":
        yield from ((3.0, [nu, 2.0, 1.0]) for nu in (1e-6, 1e-2, 0.5, 1, 2, 30, 1e4, 1e8, 1e12, 1e16, 1e20, 1e60))
        for k in range(30):
            nu, mu, sigma = spread(rng, -3, 12), rng.uniform(-5, 5), spread(rng, -6, 6)
            yield mu + rng.choice([-1, 1]) * sigma * spread(rng, -6, 6 if k % 2 else 1), [nu, mu, sigma]
        yield from ((1e200, [3.0, 0.0, 1.0]), (1.0, [3.0, 0.0, 1e-100]))
    elif head == "exponential":
        yield from ((spread(rng, -8, 8), [spread(rng, -8, 8)]) for _ in range(10))
        yield 0.0, [3.0]
    elif head == "gamma":
        for k in range(24):
            alpha, beta = spread(rng, -6, 3) if k % 2 else spread(rng, 3, 18), spread(rng, -8, 8)
            yield (near(rng, alpha / beta) if k % 3 else spread(rng, -6, 6)), [alpha, beta]
        yield from ((1e12 + 1e6, [1e12, 1.0]), (1.000001, [1e12, 1e12]), (0.3, [1e-10, 2.0]), (1e16, [1e16, 1.0]))
    elif head == "poisson":
        for _ in range(24):
            y = count(rng)
            yield y, [near(rng, y) if y and rng.random() < 0.7 else spread(rng, -12, 8)]
        yield from ((1e12, [1e12 + 1e6]), (1e12, [1e12]), (1e15, [1e15 + 3e7]), (1e12, [1e-3]), (0.0, [1e12]),
                    (1.0, [1e-140]), (3.0, [1e200]))
    elif head == "neg_binomial_2":
        yield from ((3.0, [2.0, phi]) for phi in (1e-8, 1e-3, 1, 1e2, 1e5, 1e7, 1e10, 1e15, 1e20, 1e40))
        for _ in range(40):
            y = count(rng)
            yield y, [near(rng, y) if y and rng.random() < 0.5 else spread(rng, -6, 10), spread(rng, -6, 16)]
        yield from ((1e12, [1e12 + 1e6, 1e3]), (1e12, [1e12, 1e30]), (0.0, [1e10, 1.0]), (0.0, [2.0, 1e20]))
    elif name == "bernoulli(a)":
        yield from ((y, [a]) for y, a in itertools.product((0.0, 1.0), (1e-140, 1e-9, 0.3, 0.5, 0.75, 1 - 1e-10)))
    elif name in ("bernoulli(1 - exp(-a))", "bernoulli(-expm1(-a))"):
        yield from ((y, [a]) for y, a in itertools.product((0.0, 1.0), (1e-140, 1e-9, 0.3, 1.0, 40.0, 600.0)))
    elif "exp(" in name or "tanh" in name:
        yield from ((y, [a]) for y, a in itertools.product((0.0, 1.0), (-300.0, -40.0, -8.5, -2.0, -0.3, 0.0, 1e-9, 0.7, 3.0, 40.0, 300.0)))
    elif head == "bernoulli":
        yield from ((y, [a]) for y, a in itertools.product(
            (0.0, 1.0), (-1.5e3 if "sigmoid" in name else -1e8, -1e3, -40.0, -8.5, -5.1, -4.9, -2.01, -1.99, -0.3, 0.0, 1e-9, 0.7, 3.0, 8.5, 37.0)))
    else:
        yield from ((float(y), z) for z in ([0.1, -2.0, 3.0], [1000.0, 998.0, -1000.0], [-500.0, -499.0, 0.5], [0.0] * 3)
                    for y in (1, 2, 3))


# ---- Numbers ----

def quantities(density, y, a):
    jet = density(mpf(y), *[Jet(x, [mpf(i == k) for i in range(3)]) for k, x in enumerate(a)])
    found = {"": jet.v}
    for i in range(len(a)):
        found["abc"[i]] = jet.g[i]
        for j in range(i, len(a)):
            found["abc"[i] + "abc"[j]] = jet.h[i][j]
    return found


def digits_for(name, y, a):
    """What may cancel: to third order in the largest; a probability that is 1 but for exp(-x^2) or so."""
    size = max([abs(mp.log10(abs(x))) for x in [y] + a if x] + [1])
    tail = min(max(abs(x) for x in a), 2000) if name.startswith(("bernoulli", "categorical")) else 0
    return 60 + int(4 * size + (min(tail, 40)**2 if "Phi" in name or "erf" in name else tail))


def scales(name, y, a, found, digits):
    """|v| + sum |a dv/da| by differences; of the value its parts."""
    density, parts = FAMILY[name]
    step = mpf(10)**-30
    size = {q: abs(v) for q, v in found.items()}
    mp.dps = digits + 40
    for i in range(len(a)):
        moved = list(a)
        moved[i] = a[i] * (1 + step)
        for q, v in quantities(density, y, moved).items():
            size[q] += abs(v - found[q]) / step
    if name.startswith("neg_binomial_2"):  # at y = 1 all but a share mu of this cancels
        size["b"] += y / (2 * a[1] * (y + a[1]))
    if name.startswith("categorical_logit"):
        size = {q: s + 1 for q, s in size.items()}
    if "erf" not in name:  # whose argument is multiplied by sqrt(2), which rounds
        size[""] = sum(abs(x) for x in (parts or own(density))(mpf(y), *a))
    return size


def is_certain(name, y, a):
    """A probability of 1 to hundreds of thousands of digits."""
    if not name.startswith("bernoulli(") or abs(a[0]) < 500:
        return False
    sign = 1 if y else -1
    return sign * a[0] * (-1 if "erfc" in name else 1) > 0


def row(name, y, a):
    density = FAMILY[name][0]
    arguments = [mpf(x) for x in a]
    digits = digits_for(name, y, a)
    mp.dps = digits
    first = quantities(density, y, arguments)
    mp.dps = digits + 40
    second = quantities(density, y, arguments)
    cells = []
    size = scales(name, y, arguments, second, digits)
    for q in ORDER:
        if q not in second:
            cells += ["", ""]
            continue
        if abs(second[q]) < mpf(10)**-45 * size[q]:
            second[q] = mpf(0)  # exactly, and in the first precision another rounding of it
        elif abs(first[q] - second[q]) > mpf(10)**-40 * abs(second[q]):
            sys.exit(f"{name} at {y}, {a}: {q} has not {40} digits")
        kept = second[q] == 0 or mpf(10)**-280 < abs(second[q]) < mpf(10)**280
        cells += [nstr(second[q], 40), nstr(size[q], 4)] if kept else ["", ""]
    return cells


def main():
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["density", "y", "a", "b", "c"] + [t for q in ORDER for t in ("L_" + q if q else "L", "size")])
    for name in FAMILY:
        rng = random.Random(name)
        for y, a in points(name, rng):
            if not is_certain(name, y, a):
                out.writerow([name, repr(y)] + [repr(float(x)) for x in a] + [""] * (3 - len(a)) + row(name, y, a))


main()
