"""Writes fixtures/complex_functions.txt: exact values of complex functions, rounded, from mpmath in 400 bits.

One line a case: function, argument, result, parts as hexadecimal floats; for `power` two arguments.
"""

import random
from pathlib import Path

from mpmath import mp, mpc, mpf

mp.prec = 400
random.seed(1)
FUNCTIONS = {"sqrt": mp.sqrt, "exp": mp.exp, "log": mp.log, "sin": mp.sin, "cos": mp.cos, "absolute": abs}
lines = []


def case(name, re, im):
    value = FUNCTIONS[name](mpc(mpf(re), mpf(im)))
    if abs(value) < mpf(2) ** 1023:
        parts = [float(mp.re(value)).hex(), float(mp.im(value)).hex()]
        lines.append(" ".join([name, float(re).hex(), float(im).hex(), *parts]))


for name in ("exp", "log", "sin", "cos", "absolute"):
    for _ in range(60):
        case(name, random.uniform(-10, 10), random.uniform(-10, 10))
    for _ in range(30):
        case(name, 10 ** random.uniform(-150, 2) * random.choice([-1, 1]), 10 ** random.uniform(-150, 2))
    for x in (700.5, 706.0, 709.5, 710.2):
        case(name, x, 1.25)
        case(name, 1.25, -x)
for _ in range(60):
    # |z| near 1.
    angle, size = random.uniform(0, 6.3), 1 + random.choice([-1, 1]) * 10 ** random.uniform(-15, -1)
    case("log", size * float(mp.cos(angle)), size * float(mp.sin(angle)))
for x in (1e-300, 1e-120, 1e120, 1e300, 1.5e308):
    case("log", x, 0.75 * x)
    case("absolute", x / 2, -0.3 * x)
for _ in range(60):
    case("sqrt", random.uniform(-10, 10), random.uniform(-10, 10))
for low, high in [(-320, 308), (-170, -140), (140, 308), (-323, -290)]:
    for _ in range(40):
        parts = [random.choice([-1, 1]) * float(mpf(10) ** random.uniform(low, high)) for _ in range(2)]
        case("sqrt", *parts)
for x in (1e300, 1e-300, 2.0, 1.7e308):
    # A part far below the other.
    for y in (5e-324, 1e-310, 1e-250, 1e-20):
        case("sqrt", x, y)
        case("sqrt", -x, y)
        case("sqrt", y, x)


def power(re, im, exponent_re, exponent_im):
    value = mp.power(mpc(mpf(re), mpf(im)), mpc(mpf(exponent_re), mpf(exponent_im)))
    if mpf(2) ** -1000 < abs(value) < mpf(2) ** 1023:
        arguments = [float(x).hex() for x in (re, im, exponent_re, exponent_im)]
        lines.append(" ".join(["power", *arguments, float(mp.re(value)).hex(), float(mp.im(value)).hex()]))


for _ in range(150):
    power(*[random.uniform(-10, 10) for _ in range(4)])
for _ in range(60):
    power(*[random.choice([-1, 1]) * 10 ** random.uniform(-20, 20) for _ in range(2)], random.uniform(-9, 9), random.uniform(-9, 9))
for _ in range(40):
    # Near 1, large exponents; and real ones.
    angle, size = random.uniform(-1e-3, 1e-3), 1 + random.choice([-1, 1]) * 10 ** random.uniform(-12, -1)
    power(size * float(mp.cos(angle)), size * float(mp.sin(angle)), random.uniform(-1000, 1000), random.uniform(-100, 100))
    power(random.uniform(-10, 10), random.uniform(-10, 10), random.uniform(-99, 99), 0.0)
for n in (1, 2, 3, 4, 7, 31, 99, -1, -2, -3, -50):
    for _ in range(5):
        power(random.uniform(-3, 3), random.uniform(-3, 3), n, 0.0)
Path(__file__).with_name("fixtures").joinpath("complex_functions.txt").write_text("\n".join(lines) + "\n")
