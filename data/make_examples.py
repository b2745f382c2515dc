#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the arrays of the worked examples to examples/, each as float32 in three formats.

    /usr/bin/python3 data/make_examples.py

It needs NumPy (Debian's python3-numpy, 1.24) and writes the same bytes every time.
"""

from pathlib import Path

import numpy as np

EXAMPLES = {
    "x": [5.47, 3.08, -7.59, 0, -1.95, -4.57, 10.8],
    "y": [-0.59, -0.21, -0.07, 0.13, 0.28, 0.57, 256],
    "t": [350.5, 1.5, -350.5],
}


def write_example(folder: Path, name: str, values: list[float]) -> None:
    array = np.array(values, dtype="<f4")
    np.save(folder / f"{name}.npy", array)
    (folder / f"{name}.bin").write_bytes(array.tobytes())
    (folder / f"{name}.json").write_text(f"[{', '.join(map(str, values))}]\n", encoding="ascii")


def main() -> None:
    folder = Path(__file__).resolve().parent / "examples"
    folder.mkdir(exist_ok=True)
    for name, values in EXAMPLES.items():
        write_example(folder, name, values)


if __name__ == "__main__":
    main()
