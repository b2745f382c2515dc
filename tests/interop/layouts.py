#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checkpoints that other programs have quantized, restored.

    layouts.py [SEED]

Random checkpoints in the layouts of compressed-tensors and ComfyUI, written here as those programs
write them, in one file or several shards, weights and scales in any of them. `quant dequant` of the
directory gives the tensors that NumPy restores, in each float type, under the names of the original;
other tensors, the index, the config and the other files are as they should be. What it does not know
it refuses, and names.
"""
import json
import random
import sys
import tempfile
from pathlib import Path

from reference import IS_SANITIZED, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import safetensors_file  # noqa: E402
from reference.checkpoints import (INDEX, OUTPUTS, narrow, pack, refuse, spread, times,  # noqa: E402
                                   widen, write_index)

CASES = 12 if IS_SANITIZED else 60


# ---- Floats ----

def e4m3(byte):
    sign, exponent, fraction = byte >> 7, byte >> 3 & 15, byte & 7
    size = fraction / 512 if exponent == 0 else (1 + fraction / 8) * 2.0 ** (exponent - 7)
    return -size if sign else size


def e5m2(byte):
    sign, exponent, fraction = byte >> 7, byte >> 2 & 31, byte & 3
    size = fraction / 65536 if exponent == 0 else (1 + fraction / 4) * 2.0 ** (exponent - 15)
    return -size if sign else size


FLOAT8 = {"F8_E4M3": np.array([e4m3(i) for i in range(256)], "<f4"),
          "F8_E5M2": np.array([e5m2(i) for i in range(256)], "<f4")}
FINITE = {"F8_E4M3": [i for i in range(256) if i & 127 != 127],
          "F8_E5M2": [i for i in range(256) if i & 127 < 124]}


# ---- What a layout makes of a weight: tensors, and the float32 values they stand for ----

def random_scales(rng, count, dtype):
    data = narrow(rng.uniform(1e-4, 0.3, count), dtype)
    return data, widen(data, dtype)


def each_scale(s, shape, strategy, size):
    """A scale for each element."""
    rows, columns = shape
    if strategy == "tensor":
        return np.full(shape, s[0], "<f4")
    if strategy == "channel":
        return np.repeat(s.reshape(rows, 1), columns, axis=1)
    if strategy == "group":
        return np.repeat(s.reshape(rows, -1), size, axis=1)[:, :columns]
    high, wide = size
    blocks = s.reshape(-(-rows // high), -1)
    return np.repeat(np.repeat(blocks, high, axis=0), wide, axis=1)[:rows, :columns]


def scale_shape(shape, strategy, size):
    rows, columns = shape
    if strategy == "tensor":
        return (1,)
    if strategy == "channel":
        return (rows, 1)
    if strategy == "group":
        return (rows, -(-columns // size))
    return (-(-rows // size[0]), -(-columns // size[1]))


def compressed_weight(rng, name, shape, scheme):
    bits, size = scheme["bits"], scheme["size"]
    dims = scale_shape(shape, scheme["strategy"], size)
    count = int(np.prod(dims))
    data, s = random_scales(rng, count, scheme["scale"])
    s = each_scale(s, shape, scheme["strategy"], size)
    tensors = {name + "_scale": (scheme["scale"], dims, data)}
    if scheme["format"] == "float-quantized":
        codes = rng.choice(FINITE["F8_E4M3"], shape).astype("u1")
        tensors[name] = ("F8_E4M3", shape, codes.tobytes())
        return tensors, FLOAT8["F8_E4M3"][codes] * s
    q = rng.integers(-(1 << bits - 1), 1 << bits - 1, shape)
    if scheme["format"] == "pack-quantized":
        words = pack(q, bits, 1 << bits - 1)
        tensors[name + "_packed"] = ("I32", words.shape, words.tobytes())
        tensors[name + "_shape"] = ("I64", (2,), np.array(shape, "<i8").tobytes())
        return tensors, q.astype("<f4") * s
    tensors[name] = ("I8", shape, q.astype("i1").tobytes())
    z = np.zeros(shape, "<f4")
    if not scheme["symmetric"]:
        points = rng.integers(-(1 << bits - 1), 1 << bits - 1, count)
        tensors[name + "_zero_point"] = ("I8", dims, points.astype("i1").tobytes())
        z = each_scale(points.astype("<f4"), shape, scheme["strategy"], size)
    return tensors, (q.astype("<f4") - z) * s


def random_scheme(pick):
    form = pick.choice(["pack-quantized", "pack-quantized", "naive-quantized", "int-quantized",
                        "float-quantized"])
    strategy = pick.choice(["tensor", "channel", "group", "block"])
    size = {"group": pick.choice([8, 32]), "block": (pick.choice([2, 4]), 16)}.get(strategy)
    return {"format": form, "strategy": strategy, "size": size,
            "bits": 8 if form == "float-quantized" else pick.choice([4, 8]),
            "scale": pick.choice(["F32", "F16", "BF16"]),
            "symmetric": form in ("pack-quantized", "float-quantized") or pick.random() < 0.5}


def group_of(scheme):
    weights = {"num_bits": scheme["bits"], "symmetric": scheme["symmetric"],
               "type": "float" if scheme["format"] == "float-quantized" else "int",
               "strategy": scheme["strategy"], "group_size": None, "block_structure": None,
               "observer": "minmax", "dynamic": False, "actorder": None}
    if scheme["strategy"] == "group":
        weights["group_size"] = scheme["size"]
    if scheme["strategy"] == "block":
        weights["block_structure"] = list(scheme["size"])
    return {"targets": ["Linear"], "weights": weights, "input_activations": None,
            "output_activations": None, "format": scheme["format"]}


def comfy_weight(rng, name, shape):
    """name ends with .weight"""
    form = rng.choice(["int8_tensorwise", "float8_e4m3fn", "float8_e5m2"])
    by_row = form == "int8_tensorwise" and rng.random() < 0.5
    dims = (shape[0], 1) if by_row else rng.choice([0, 1]) * (1,)
    data, s = random_scales(rng, shape[0] if by_row else 1, "F32")
    mark = {"format": str(form), "orig_dtype": "torch.bfloat16"}
    if form == "int8_tensorwise":
        mark["per_row"] = bool(by_row)
        q = rng.integers(-128, 128, shape).astype("i1")
        stored, x = ("I8", shape, q.tobytes()), q.astype("<f4")
    else:
        kind = {"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}[str(form)]
        codes = rng.choice(FINITE[kind], shape).astype("u1")
        stored, x = (kind, shape, codes.tobytes()), FLOAT8[kind][codes]
    text = json.dumps(mark).encode()
    stem = name[:-len(".weight")]
    tensors = {name: stored, name + "_scale": ("F32", dims, data),
               stem + ".comfy_quant": ("U8", (len(text),), text)}
    if rng.random() < 0.5:
        tensors[stem + ".input_scale"] = ("F32", (), np.float32(0.5).tobytes())
    return tensors, x * each_scale(s, shape, "channel" if by_row else "tensor", None)


# ---- Checkpoints ----

def make(directory, rng, pick):
    """Writes one. ({name: float32 values}, {name: copied tensor}, {shard: tensors})"""
    directory.mkdir()
    is_comfy = pick.random() < 0.3
    restored, copied, stored = {}, {}, {}
    schemes = [random_scheme(pick)]
    for i in range(pick.choice([1, 3, 6])):
        name = f"model.layers.{i}.proj.weight"
        shape = (pick.choice([1, 3, 8, 70]), pick.choice([1, 2, 7, 32, 33, 100, 600]))
        tensors, restored[name] = (comfy_weight(rng, name, shape) if is_comfy
                                   else compressed_weight(rng, name, shape, schemes[0]))
        stored.update(tensors)
        copied[f"model.layers.{i}.proj.bias"] = ("F32", (3,), rng.bytes(12))
    copied["model.embed.weight"] = ("BF16", (2, 5), bytes(range(20)))
    copied["steps"] = ("I64", (), bytes(8))
    copied["logit_scale"] = ("F32", (), np.float32(4.6).tobytes())  # the scale of no weight
    stored.update(copied)
    config = {"architectures": ["A"], "model_type": "a"}
    if not is_comfy:
        config["quantization_config"] = {
            "quant_method": "compressed-tensors", "format": schemes[0]["format"], "ignore": [],
            "quantization_status": "compressed", "version": "0.12.0", "kv_cache_scheme": None,
            "config_groups": {"group_0": group_of(schemes[0])}}
    (directory / "config.json").write_text(json.dumps(config, indent=2))
    (directory / "tokenizer.json").write_text("{}")
    parts = spread(stored, pick)
    copied.update({"pad." + shard: tensors["pad." + shard] for shard, tensors in parts.items()})
    for shard, tensors in parts.items():
        items = list(tensors.items())
        pick.shuffle(items)
        safetensors_file.write(directory / shard, dict(items),
                               {"format": "pt", "_quantization_metadata": "{}"}
                               if is_comfy else {"format": "pt"})
    write_index(directory, parts, {"total_size": 1})
    return restored, copied, parts


def shard_of(name, parts):
    return next(shard for shard, tensors in parts.items()
                if name in tensors or name + "_packed" in tensors)


def check(directory, output, dtype, made):
    restored, copied, parts = made
    found, where = {}, {}
    for shard in parts:
        tensors, metadata = safetensors_file.read(output / shard)
        assert metadata == {"format": "pt"}, metadata
        assert not set(tensors) & set(found)
        found.update(tensors)
        where.update({name: shard for name in tensors})
    assert set(found) == set(restored) | set(copied), sorted(found)
    for name, tensor in copied.items():
        assert found[name] == tensor, name
    for name, x in restored.items():
        assert found[name][:2] == (OUTPUTS[dtype], x.shape), (name, found[name][:2])
        assert found[name][2] == narrow(x, OUTPUTS[dtype]), name
    for name, shard in where.items():
        assert shard == shard_of(name, parts), name
    config = json.loads((directory / "config.json").read_text())
    config.pop("quantization_config", None)
    assert json.loads((output / "config.json").read_text()) == config
    assert (output / "tokenizer.json").read_text() == "{}"
    if len(parts) > 1:
        index = json.loads((output / INDEX).read_text())
        assert index["weight_map"] == where
        assert index["metadata"]["total_size"] == sum(len(data) for _, _, data in found.values())
    names = {path.name for path in output.iterdir()}
    assert names == {path.name for path in directory.iterdir()}, names


def test_random(tmp, seed):
    for case in range(CASES):
        rng, pick = np.random.default_rng([seed, case]), random.Random(f"{seed} {case}")
        directory, output = tmp / f"in{case}", tmp / f"out{case}"
        made = make(directory, rng, pick)
        dtype = pick.choice(list(OUTPUTS))
        arguments = ["dequant", "-q", directory, "--output-dir", output, "--dtype", dtype, "-j",
                     pick.choice(["1", "3"])]
        try:
            run(*arguments, cwd=tmp)
            check(directory, output, dtype, made)
            before = times(output)
            run(*arguments, "--resume", cwd=tmp)
            check(directory, output, dtype, made)
            assert before == times(output), "--resume restores again"
        except Exception:
            print(f"case {case} of seed {seed}")
            raise
    print(f"{CASES} checkpoints are restored as NumPy restores them")


# ---- What is refused ----

def packed(**changes):
    """A weight of 2x9 in 4 bits, by channel."""
    tensors = {"l.weight_packed": ("I32", (2, 2), bytes(16)),
               "l.weight_scale": ("F32", (2, 1), np.float32([1, 2]).tobytes()),
               "l.weight_shape": ("I64", (2,), np.array([2, 9], "<i8").tobytes())}
    for key, tensor in changes.items():
        tensors["l.weight_" + key] = tensor
    return {name: tensor for name, tensor in tensors.items() if tensor}


def test_refused_packed(tmp):
    scheme = {"format": "pack-quantized", "bits": 4, "strategy": "channel", "size": None,
              "symmetric": True}
    config = {"quantization_config": {"quant_method": "compressed-tensors",
                                      "config_groups": {"g": group_of(scheme)}}}
    shape = ("I64", (2,), np.array([2, 17], "<i8").tobytes())
    huge = ("I64", (2,), np.array([2, -9], "<i8").tobytes())
    half = ("F16", (2,), bytes(4))
    ones = np.float32([1, 1]).tobytes()
    word = ("I32", (1, 1), bytes(4))
    for change, expected in [
            ({"scale": None}, "tensor 'l.weight_packed' has no scale 'l.weight_scale'"),
            ({"shape": None}, "tensor 'l.weight_packed' has no shape 'l.weight_shape'"),
            ({"shape": shape}, "tensor 'l.weight_packed' does not agree with the 'num_bits' of the "
                               "config"),
            ({"shape": huge}, "tensor 'l.weight_shape' is not a shape: 18446744073709551607 is out "
                              "of range"),
            ({"shape": half}, "tensor 'l.weight_shape' is not a shape: two integers are expected"),
            ({"scale": ("F32", (1, 2), ones)}, "tensor 'l.weight_packed' does not agree with the "
                                               "'strategy' of the config"),
            ({"scale": ("I32", (2, 1), bytes(8))}, "tensor 'l.weight_scale' has the dtype I32, "
                                                   "which is not one of scales"),
            ({"zero_point": word}, "tensor 'l.weight_zero_point' has packed zero points "
                                   "(asymmetric), which cannot be restored"),
            ({"g_idx": ("I32", (9,), bytes(36))}, "tensor 'l.weight_g_idx' reorders columns "
                                                  "(actorder), which cannot be restored")]:
        refuse(tmp, packed(**change), config, "'m.safetensors': " + expected)
    twice = {**packed(), "l.weight": ("F32", (1,), bytes(4))}
    refuse(tmp, twice, config, "'m.safetensors': two tensors are called 'l.weight'")
    zeros = packed(scale=("F32", (2, 1), bytes(8)))
    refuse(tmp, zeros, config, "'m.safetensors: l.weight_scale': group 0 needs a finite scale "
                               "above 0, and a zero point within 32 bits")


def marked(mark, **changes):
    text = mark if isinstance(mark, bytes) else json.dumps(mark).encode()
    tensors = {"l.comfy_quant": ("U8", (len(text),), text),
               "l.weight": ("I8", (2, 3), bytes(6)),
               "l.weight_scale": ("F32", (2, 1), np.float32([1, 2]).tobytes())}
    for key, tensor in changes.items():
        tensors["l." + key] = tensor
    return {name: tensor for name, tensor in tensors.items() if tensor}


def test_refused_marked(tmp):
    row = {"format": "int8_tensorwise", "per_row": True}
    for tensors, expected in [
            (marked({"format": "nvfp4"}), "tensor 'l.comfy_quant' has the format 'nvfp4'; expected "
                                          "int8_tensorwise, float8_e4m3fn or float8_e5m2"),
            (marked({**row, "convrot": True}), "tensor 'l.comfy_quant' has 'convrot', which cannot "
                                               "be restored"),
            (marked({}), "tensor 'l.comfy_quant' is not a JSON object with a 'format'"),
            (marked(b"{"), "tensor 'l.comfy_quant' is not a JSON object with a 'format'"),
            (marked(row, weight=None), "tensor 'l.comfy_quant' has no weight beside it"),
            (marked(row, weight_scale=None), "tensor 'l.weight' has no scale 'l.weight_scale'"),
            (marked({**row, "per_row": False}), "tensor 'l.weight_scale' has 2 scales, not 1"),
            (marked({"format": "float8_e5m2"}), "tensor 'l.weight' has the dtype I8, not that of "
                                                "its format float8_e5m2")]:
        refuse(tmp, tensors, {}, "'m.safetensors': " + expected)


def test_selection(tmp):
    """Names are those of the restored tensors."""
    scheme = {"format": "pack-quantized", "bits": 4, "strategy": "channel", "size": None,
              "symmetric": True}
    safetensors_file.write(tmp / "m.safetensors", {**packed(), "b": ("F32", (1,), bytes(4))})
    (tmp / "config.json").write_text(json.dumps(
        {"quantization_config": {"quant_method": "compressed-tensors",
                                 "config_groups": {"g": group_of(scheme)}}}))
    run("dequant", "m.safetensors", "-o", "r.safetensors", "--include", "*.weight", cwd=tmp)
    found, _ = safetensors_file.read(tmp / "r.safetensors")
    x = np.repeat(np.float32([[-8], [-16]]), 9, axis=1)
    assert found == {"l.weight": ("F32", (2, 9), x.tobytes())}, found


def main():
    seed = seed_from(sys.argv)
    with tempfile.TemporaryDirectory() as name:
        test_random(Path(name), seed)
    with tempfile.TemporaryDirectory() as name:
        test_selection(Path(name))
    with tempfile.TemporaryDirectory() as name:
        test_refused_packed(Path(name))
        test_refused_marked(Path(name))


main()
