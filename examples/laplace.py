"""Heat in a plate: five-point relaxation until nothing changes any more.

The left edge is hot, the right edge warms from cold to lukewarm, the others
stay cold. Each sweep replaces every inner point by the mean of its four
neighbours; two arrays take turns as old and new.

    txarray run laplace.py                    (all the cores you have)
    txarray run laplace.py --set n=3000 --set steps=500
    python laplace.py                         (the same file, the same numbers)
"""

import numpy as np

n = 1000
steps = 1000
tol = 0.065
every = 15

u = np.zeros((n, n))
u[:, 0] = 1.0
u[:, -1] = np.linspace(0.0, 0.5, n)
v = u.copy()

err = np.inf
for sweep in range(1, steps + 1):
    v[1:-1, 1:-1] = (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) * 0.25
    u, v = v, u
    if sweep % every == 0:
        err = np.sqrt(np.sum((u - v) ** 2))
        if err < tol:
            break

print("sweeps:", sweep)
print("error:", err)
print("mean temperature:", u.mean())
np.save("plate.npy", u)
