"""Values, first and second derivatives of the language's functions, by mpmath with 60 digits from textbook formulas.

    python3 tests/oracles/functions.py | clang-format > tests/function_values.h

Arguments are the doubles that the C compiler makes of the decimals. Nothing here is shared with odegrad.
"""
from mpmath import mp, mpf, atan2, digamma, e, exp, expm1, floor, log, log10, loggamma, polygamma, sign

mp.dps = 60
ZERO = mpf(0)


def of_one(text, value, first, second, *points):
    for x in points:
        x = mpf(x)
        yield text, x, ZERO, [value(x), first(x), ZERO, second(x), ZERO, ZERO]


def lgamma(x):
    return loggamma(x).real


def angle(*points):
    for y, x in points:
        x, y = mpf(x), mpf(y)
        r = x * x + y * y
        yield "atan2(y, x)", x, y, [atan2(y, x), -y / r, x / r, 2 * x * y / r**2, (y * y - x * x) / r**2, -2 * x * y / r**2]


def chosen(text, *cases):
    """x, y, and what is chosen there as c0 + cx x + cy y + cyy y^2."""
    for x, y, c0, cx, cy, cyy in cases:
        x, y = mpf(x), mpf(y)
        yield text, x, y, [c0 + cx * x + cy * y + cyy * y * y, mpf(cx), cy + 2 * cyy * y, ZERO, ZERO, mpf(2 * cyy)]


ROWS = [
    *of_one("log10(x)", log10, lambda x: 1 / (x * log(10)), lambda x: -1 / (x * x * log(10)),
            1e-150, 1e-5, 0.1, 0.9999, 1, 1.25, 1000, 12345.678, 1e150),
    *of_one("expm1(x)", expm1, exp, exp, -50, -1.5, -1e-10, 1e-17, 0.3, 5, 700),
    *of_one("sign(x)", sign, lambda x: ZERO, lambda x: ZERO, -2.5, 0, 1e-300, 3),
    *of_one("floor(x)", floor, lambda x: ZERO, lambda x: ZERO, -2.5, -1e-300, 0, 2, 2.999999, 1e17),
    *of_one("lgamma(x)", lgamma, digamma, lambda x: polygamma(1, x),
            1e-8, 0.25, 0.75, 2.5, 7, 33.3, 1e5, 1e15, -0.3, -2.25),
    *angle((1, 2), (1, -2), (-3, -2), (-3, 0.5), (1e150, 3e150), (1e-150, -2e-150), (1e-100, 1), (1, 1e-100), (0, 2)),
    *chosen("max(x, y, 3)", (1, 2, 3, 0, 0, 0), (4, 2, 0, 1, 0, 0), (4, 5, 0, 0, 1, 0)),
    *chosen("min(x, y^2, 1, 2*x)", (0.5, 2, 0, 1, 0, 0), (-1, 2, 0, 2, 0, 0), (0.5, 0.25, 0, 0, 0, 1), (2, 3, 1, 0, 0, 0)),
    *chosen("max([x, y, 2*x, y^2, -x])", (1, 0.5, 0, 2, 0, 0), (-3, 1, 0, -1, 0, 0), (1, 3, 0, 0, 0, 1)),
    *chosen("min([[x, y], [4, 5]])", (1, 2, 0, 1, 0, 0), (3, 2, 0, 0, 1, 0), (6, 7, 4, 0, 0, 0)),
]

print("/* Made by tests/oracles/functions.py with mpmath: do not edit. Expression, x, y; value, d/dx, d/dy, d2/dx2,")
print(" * d2/dxdy, d2/dy2. Not a header of its own. */")
for text, x, y, values in ROWS:
    numbers = ", ".join(mp.nstr(v, 40, min_fixed=-6, max_fixed=18) for v in values)
    print(f'{{"{text}", {float(x)!r}, {float(y)!r}, {{{numbers}}}}},')
