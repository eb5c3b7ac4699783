"""Is the reference right? Reads lines `function x y value`, the numbers in hexadecimal, value with 113 bits; compares value with
mpmath's in 300 bits and prints the greatest relative error, as a power of two, for each function."""

import sys

from mpmath import mp, mpf

mp.prec = 300
FUNCTIONS = {
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan, "sinh": mp.sinh,
    "cosh": mp.cosh, "tanh": mp.tanh, "arcsinh": mp.asinh, "arccosh": mp.acosh, "arctanh": mp.atanh, "exp": mp.exp,
    "exp2": lambda x: mpf(2) ** x, "expm1": mp.expm1, "log": mp.log, "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10), "log1p": mp.log1p, "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "arctan2": mp.atan2, "power": mp.power, "hypot": mp.hypot,
}


def number(text):
    """A hexadecimal float of any length."""
    negative, text = text.startswith("-"), text.lstrip("+-")
    digits, exponent = text[2:].split("p")
    whole, _, fraction = digits.partition(".")
    value = mpf(int(whole + fraction, 16)) * mpf(2) ** (int(exponent) - 4 * len(fraction))
    return -value if negative else value


worst, count = {}, {}
for line in sys.stdin:
    name, x, y, value = line.split()
    if any(odd in value for odd in ("nan", "inf")) or any(odd in x + y for odd in ("nan", "inf")):
        continue
    x, y, value = number(x), number(y), number(value)
    # Enough digits for arguments of any size and results near 0 or 1.
    mp.prec = 2400 if name in ("sin", "cos", "tan") else 700
    arguments = (x, y) if name in ("arctan2", "power", "hypot") else (x,)
    exact = FUNCTIONS[name](*arguments)
    mp.prec = 300
    # Below f64's range the reference need not be exact.
    if isinstance(exact, mp.mpc) or abs(exact) < mpf(2) ** -1100 or abs(exact) > mpf(2) ** 1100:
        continue
    worst[name] = max(worst.get(name, mpf(0)), abs(value / exact - 1))
    count[name] = count.get(name, 0) + 1
bad = 0
for name, error in worst.items():
    power = float(mp.log(error, 2)) if error else -999.0
    print(f"{name}: {count[name]} values of the reference are within 2^{power:.1f} of mpmath's")
    bad |= power > -100
sys.exit(bad)
