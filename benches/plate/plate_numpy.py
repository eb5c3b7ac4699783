"""The loop of examples/laplace.py under CPython + NumPy, timed: python plate_numpy.py N SWEEPS."""

import sys
import time

import numpy as np

n, sweeps = int(sys.argv[1]), int(sys.argv[2])
u = np.zeros((n, n))
u[:, 0] = 1.0
u[:, -1] = np.linspace(0.0, 0.5, n)
v = u.copy()
begin = time.perf_counter()
for sweep in range(1, sweeps + 1):
    v[1:-1, 1:-1] = (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * 0.25
    u, v = v, u
    if sweep % 15 == 0:
        err = np.sqrt(np.sum((u - v) ** 2))
print(f"numpy {n}: {(time.perf_counter() - begin) / sweeps * 1e3:.3f} ms a sweep")
