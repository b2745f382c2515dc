# SPDX-License-Identifier: MIT
"""Files to measure with, from a fixed seed."""

from __future__ import annotations

import array
import random
from pathlib import Path

BLOCK = 1 << 18  # elements; larger files repeat them


def normals(count: int) -> array.array:
    generator = random.Random(1)
    return array.array("f", (generator.gauss(0, 1) for _ in range(count)))


def npy_header(count: int) -> bytes:
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}"
    room = 128 - 10
    return b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + head.ljust(room - 1).encode() + b"\n"


def write_floats(path: Path, count: int, header: bool = True) -> None:
    block = normals(min(count, BLOCK)).tobytes()
    with path.open("wb") as file:
        if header:
            file.write(npy_header(count))
        left = 4 * count
        while left > 0:
            left -= file.write(block[:left])


def write_directory(directory: Path, files: int, nbytes: int) -> None:
    """Small .npy files of nbytes each, f00000.npy and so on."""
    directory.mkdir()
    count = (nbytes - 128) // 4
    content = npy_header(count) + normals(count).tobytes()
    for i in range(files):
        (directory / f"f{i:05}.npy").write_bytes(content)


def write_json(path: Path, count: int) -> None:
    """One array of numbers of 17 significant digits."""
    generator = random.Random(2)
    with path.open("w", encoding="ascii") as file:
        file.write("[" + f"{generator.gauss(0, 1):.17g}")
        for _ in range(count - 1):
            file.write(f", {generator.gauss(0, 1):.17g}")
        file.write("]")
