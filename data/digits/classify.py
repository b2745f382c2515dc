#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts how many of the 500 test digits the network of this directory gets right.

    classify.py LABEL [FILE]

FILE is a .safetensors file with the weights, as `quant dequant` restores them in float32, float16 or
bfloat16; without it, model.safetensors beside this program. It prints one line, which begins with
LABEL. It needs NumPy and nothing else.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def widen(kind: str, data: bytes) -> np.ndarray:
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    kinds = {"F32": "<f4", "F16": "<f2"}
    if kind not in kinds:
        raise ValueError(f"its weights are {kind}: restore them with 'quant dequant'")
    return np.frombuffer(data, kinds[kind]).astype("<f4")


def load(path: Path) -> dict[str, np.ndarray]:
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name == "__metadata__":
            continue
        first, end = entry["data_offsets"]
        x = widen(entry["dtype"], content[start + first:start + end])
        tensors[name] = x.reshape(entry["shape"])
    return tensors


def count_right(weights: dict[str, np.ndarray]) -> tuple[int, int]:
    images, labels = np.load(HERE / "test_images.npy"), np.load(HERE / "test_labels.npy")
    hidden = np.maximum(images @ weights["fc1.weight"].T + weights["fc1.bias"], 0)
    logits = hidden @ weights["fc2.weight"].T + weights["fc2.bias"]
    return int((logits.argmax(axis=1) == labels).sum()), len(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description="Classifies the test digits and prints one line.")
    parser.add_argument("label", metavar="LABEL", help="what the line begins with")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path,
                        default=HERE / "model.safetensors",
                        help="the weights [the float32 weights]")
    args = parser.parse_args()
    try:
        right, total = count_right(load(args.file))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"classify.py: {args.file}: {error}")
    print(f"  {args.label:<26} {right} of {total} right ({100 * right / total:.1f} %)")


if __name__ == "__main__":
    main()
