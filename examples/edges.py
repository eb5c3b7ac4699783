"""The edges of a photograph: Sobel's filter, written with slices only.

    txarray run examples/edges.py --out results
    python examples/edges.py
"""

import os

import numpy as np
from txpictures import save_png

here = os.path.dirname(__file__)
photo = np.load(os.path.join(here, "data", "camera.npy"))
print("photograph:", photo.shape, photo.dtype, "from", photo.min(), "to", photo.max())

grey = photo / 255.0

# Sobel: a difference along one axis, a (1, 2, 1) mean along the other.
across = grey[:, 2:] - grey[:, :-2]
gx = across[:-2] + 2.0 * across[1:-1] + across[2:]
down = grey[2:, :] - grey[:-2, :]
gy = down[:, :-2] + 2.0 * down[:, 1:-1] + down[:, 2:]

edges = np.zeros(grey.shape)
edges[1:-1, 1:-1] = np.hypot(gx, gy)
edges /= edges.max()

strong = edges > 0.25
print("mean edge:", edges.mean())
print("strong edges:", np.sum(strong), "of", edges.size, "pixels")

np.save("edges.npy", edges)
save_png("edges.png", edges)
