# SPDX-License-Identifier: MIT
"""Checkpoint directories of .safetensors files, and the bytes of their weights. Needs NumPy."""
import json

import numpy as np

from reference import run, safetensors_file

OUTPUTS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
INDEX = "model.safetensors.index.json"


# ---- Elements ----

def narrow(x, dtype):
    """The bytes of float32 values in a type, to nearest, ties to even. quant narrows -0.0 as 0.0."""
    x = np.asarray(x, "<f4")
    if dtype == "F32":
        return x.tobytes()
    x = x + np.float32(0)
    if dtype == "F16":
        return np.clip(x, -65504, 65504).astype("<f2").tobytes()
    bits = x.view("<u4").astype("<u8")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def widen(data, dtype):
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(data, {"F32": "<f4", "F16": "<f2"}[dtype]).astype("<f4")


def pack(q, bits, offset=0):
    """Rows of 32-bit words, the first element in the lowest bits, each as q + offset; the last word of
    a row is padded with zeros."""
    each = 32 // bits
    columns = q.shape[-1]
    padded = np.zeros((*q.shape[:-1], -(-columns // each) * each), "<u4")
    padded[..., :columns] = q.astype(np.int64) + offset
    shifts = np.arange(each, dtype="<u4") * np.uint32(bits)
    return np.bitwise_or.reduce(padded.reshape(*q.shape[:-1], -1, each) << shifts, axis=-1).astype("<u4")


# ---- Directories ----

def spread(tensors, pick, first=()):
    """Over some shards, each with a tensor of its own: {shard: {name: tensor}}. Those of `first` are in
    the first one."""
    n = pick.choice([1, 2, 4])
    shards = [f"model-{i + 1:05}-of-{n:05}.safetensors" for i in range(n)]
    parts = {shard: {"pad." + shard: ("U8", (1,), b"x")} for shard in shards}
    for name, tensor in tensors.items():
        parts[shards[0] if name in first else pick.choice(shards)][name] = tensor
    return parts


def write_index(directory, parts, metadata):
    """The index of several shards; one has none."""
    if len(parts) > 1:
        weight_map = {name: shard for shard, tensors in parts.items() for name in tensors}
        text = {"metadata": metadata, "weight_map": dict(sorted(weight_map.items()))}
        (directory / INDEX).write_text(json.dumps(text, indent=2) + "\n")


def read_all(directory):
    return {name: tensor for path in sorted(directory.glob("*.safetensors"))
            for name, tensor in safetensors_file.read(path)[0].items()}


def times(directory):
    """When each shard was last written."""
    return {path.name: path.stat().st_mtime_ns for path in directory.glob("*.safetensors")}


def refuse(tmp, tensors, config, expected):
    """The file with these tensors is not restored, for this reason; nothing is written."""
    safetensors_file.write(tmp / "m.safetensors", tensors)
    (tmp / "config.json").write_text(json.dumps(config))
    _, complaint = run("dequant", "m.safetensors", "-o", "r.safetensors", cwd=tmp, status=1)
    assert complaint.decode() == f"quant: cannot read {expected}\n", complaint.decode()
    assert not (tmp / "r.safetensors").exists()
