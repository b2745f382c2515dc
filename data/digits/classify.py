#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts how many of the 500 test digits the network of this folder gets right.

    classify.py LABEL [FOLDER]

Without FOLDER it uses the float32 weights as they are. With it, the two weight matrices are those
that `quant dequant` wrote there: fc1_weight.int8.f32.npy and fc2_weight.int8.f32.npy. The biases
stay float32. It prints one line, which begins with LABEL. It needs NumPy and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def load(name: str) -> np.ndarray:
    return np.load(HERE / f"{name}.npy")


def load_weight(name: str, folder: Path | None) -> np.ndarray:
    if folder is None:
        return load(name)
    return np.load(folder / f"{name}.int8.f32.npy")


def count_right(folder: Path | None) -> tuple[int, int]:
    images, labels = load("test_images"), load("test_labels")
    hidden = np.maximum(images @ load_weight("fc1_weight", folder).T + load("fc1_bias"), 0)
    logits = hidden @ load_weight("fc2_weight", folder).T + load("fc2_bias")
    return int((logits.argmax(axis=1) == labels).sum()), len(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description="Classifies the test digits and prints one line.")
    parser.add_argument("label", metavar="LABEL", help="what the line begins with")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path,
                        help="where the dequantized weights are [the float32 weights]")
    args = parser.parse_args()
    try:
        right, total = count_right(args.folder)
    except (OSError, ValueError) as error:
        sys.exit(f"classify.py: {error}")
    print(f"{args.label:<23} {right} of {total} test digits right ({100 * right / total:.1f} %)")


if __name__ == "__main__":
    main()
