"""Writes fixtures/complex_functions.txt: exact values of complex functions, rounded, from mpmath in 400 bits.

One line a case: function, argument, result, parts as hexadecimal floats.
"""

import random
from pathlib import Path

from mpmath import mp, mpc, mpf

mp.prec = 400
random.seed(1)
FUNCTIONS = {"exp": mp.exp, "log": mp.log, "sin": mp.sin, "cos": mp.cos, "absolute": abs}
lines = []


def case(name, re, im):
    value = FUNCTIONS[name](mpc(mpf(re), mpf(im)))
    if abs(value) < mpf(2) ** 1023:
        parts = [float(mp.re(value)).hex(), float(mp.im(value)).hex()]
        lines.append(" ".join([name, float(re).hex(), float(im).hex(), *parts]))


for name in FUNCTIONS:
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
Path(__file__).with_name("fixtures").joinpath("complex_functions.txt").write_text("\n".join(lines) + "\n")
