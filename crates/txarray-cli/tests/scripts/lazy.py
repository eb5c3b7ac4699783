"""Values that nobody looks at for a long time keep the value they had when they were computed."""

import numpy as np

u = np.arange(10.0)
total = u.sum()
twice = u * 2
first = u[0]
u[:] = 0
print(total, twice, first, u)

v = np.ones(50)
errors = []
err = np.inf
steps = 0
while err > 1e-3 and steps < 100:
    w = v * 0.5
    err = np.max(np.abs(w - v))
    errors.append(err)
    v[:] = w
    steps += 1
print(steps, err, len(errors), errors[0], errors[-1], float(errors[3]), int(steps))
print(f"{err:.3e} {err} {total:8.2f} {v.sum():.6f}")
if total:
    print("total", total > 40, bool(total), total == 45)
acc = np.float64(0)
for i in range(20):
    acc = acc + np.sqrt(i * 1.0)
print(acc, acc.dtype, round(float(acc), 3))
n = np.int64(5)
print(list(range(n)), [0] * 3, u[n], n + 1, n / 2, -n, n > 3, max(n, 3), min(2, n), sum([n, n]))
k = (np.arange(5) > 2).sum()
print(np.zeros(k), u[:k], k)
x = np.array([1.0, 4.0, 9.0])
y = x
x = np.sqrt(x)
print(x, y)
big = np.arange(2000)
print(big, big.sum())
wide = np.linspace(0, 1, 25).reshape(5, 5)
print(wide)
print(np.array([1e-10, 1.0]), np.array([1e10, 1.0]), np.array([np.nan, np.inf, -1.0]), np.array([0.1, 100.25]))
print(np.array([[True, False]]), np.array([1.0, 2.0]), np.array([-1, 10]), np.zeros((0, 3)), np.zeros((2, 1, 2)))
