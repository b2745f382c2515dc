# SPDX-License-Identifier: MIT
"""Files to measure with, from a fixed seed."""

from __future__ import annotations

import array
import json
import math
import random
from collections.abc import Iterator, Sequence
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


# ---- Checkpoints --------------------------------------------------------------------------------

Tensors = Sequence[tuple[str, tuple[int, ...]]]  # names and shapes

# One layer of a transformer: seven matrices, which quant maps, and two vectors, which it copies.
LAYER = (("input_layernorm", (896,)), ("mlp.down_proj", (896, 2400)),
         ("mlp.gate_proj", (2400, 896)), ("mlp.up_proj", (2400, 896)),
         ("post_attention_layernorm", (896,)),
         ("self_attn.k_proj", (896, 896)), ("self_attn.o_proj", (896, 896)),
         ("self_attn.q_proj", (896, 896)), ("self_attn.v_proj", (896, 896)))
LAYER_BYTES = sum(4 * math.prod(shape) for _, shape in LAYER)


def layer_tensors(layers: range) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"model.layers.{i}.{name}.weight", shape) for i in layers for name, shape in LAYER]


def safetensors_header(tensors: Tensors) -> bytes:
    entries, at = {}, 0
    for name, shape in tensors:
        end = at + 4 * math.prod(shape)
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_safetensors(path: Path, tensors: Tensors) -> int:
    """A file of float32 tensors, in the order of their names, as the package safetensors writes it:
    the same normals over and over, at the scale of weights. Returns the size of its header."""
    tensors = sorted(tensors)
    block = array.array("f", (x / 50 for x in normals(BLOCK))).tobytes()
    header = safetensors_header(tensors)
    with path.open("wb") as file:
        file.write(header)
        left = sum(4 * math.prod(shape) for _, shape in tensors)
        while left > 0:
            left -= file.write(block[:left])
    return len(header)


def split(count: int, parts: int) -> Iterator[range]:
    for i in range(parts):
        yield range(count * i // parts, count * (i + 1) // parts)


def write_checkpoint(directory: Path, layers: int, shards: int) -> int:
    """Shards, their index and a config.json; the last shard has one more vector. Returns the size
    of the headers."""
    directory.mkdir()
    weight_map, size = {}, 0
    for i, part in enumerate(split(layers, shards)):
        name = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        tensors = layer_tensors(part) + [("model.norm.weight", (896,))] * (i + 1 == shards)
        size += write_safetensors(directory / name, tensors)
        weight_map |= {tensor: name for tensor, _ in tensors}
    index = {"metadata": {"total_size": layers * LAYER_BYTES + 4 * 896}, "weight_map": weight_map}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n",
                                                            encoding="ascii")
    (directory / "config.json").write_text('{\n  "model_type": "llama"\n}\n', encoding="ascii")
    return size
