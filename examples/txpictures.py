"""Pictures anybody can open, with nothing but NumPy and the standard library.

`txarray run` has the same module built in; under CPython this file is it.
"""

import struct
import zlib

import numpy as np


def save_png(path, picture):
    """Write a 2-D array as a grey PNG.

    uint8 is taken as it is, bool as 0 and 255; floats are cut to [0, 1] and
    scaled to 0..255, halves to even, NaN as 0.
    """
    picture = np.asarray(picture)
    if picture.ndim != 2:
        raise ValueError(f"a picture is a 2-D array, not one of shape {picture.shape}")
    if picture.size == 0:
        raise ValueError(f"a picture of shape {picture.shape} has no pixels")
    if picture.dtype == np.bool_:
        pixels = np.where(picture, 255, 0)
    elif picture.dtype == np.float64:
        pixels = np.rint(np.clip(np.nan_to_num(picture, nan=0.0), 0.0, 1.0) * 255.0)
    elif picture.dtype == np.uint8:
        pixels = picture
    else:
        raise TypeError(f"a picture holds uint8, bool or float64, not {picture.dtype}")
    height, width = picture.shape
    # Each row starts with its filter: 0, none.
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits, grey
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        out.write(chunk(b"IHDR", header))
        out.write(chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)))
        out.write(chunk(b"IEND", b""))
