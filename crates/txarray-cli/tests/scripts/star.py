"""from numpy import *: NumPy's names without a prefix, shadowing the built-ins."""

from math import sqrt as root, pi as PI
from numpy import *
import os.path

a = linspace(0, 1, 5)
print(a, sum(a), max(a), min(a), abs(a - 1), sqrt(4.0))
print(root(2.25), isnan(nan), isfinite(a), PI == pi, os.path.join("a", "b.npy"), os.path.basename("/x/y.npy"), os.path.dirname("/x/y.npy"))
b = array([[1.0, 2.0], [3.0, 4.0]])
b[0, :] *= 10
print(b, b.mean(), where(b > 5, 1, 0), zeros(2), float64(2))
