#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checkpoints that mlx-lm has quantized, restored, and those that quant writes for it.

    mlx_checkpoints.py [SEED]

Random checkpoints in the layout of MLX, in one file or several shards, with scales and biases in any of
them and modules that have parameters of their own. `quant dequant` of the directory gives what NumPy
restores, q * scale + bias in float32, in each float type; where this python3 has the package mlx, also
what its mx.dequantize gives. What quant does not know it refuses, and names. `quantize --like mlx`
writes the same layout: integers and numbers are those of the same command with --layout plain and, with
the package, of mx.quantize; the config says how each module is quantized; and the file is restored by
its sidecar as without.
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
from reference.checkpoints import (INDEX, OUTPUTS, narrow, pack, read_all, refuse, spread,  # noqa: E402
                                   widen, write_index)
from sidecar_schema import problems  # noqa: E402

try:
    import mlx.core as mx
except ImportError:
    mx = None

CASES = 10 if IS_SANITIZED else 40


# ---- Weights ----

def check_with_mlx(tensors, parameters, x):
    size, bits = parameters
    words, scales, biases = (mx.array(a) for a in tensors)
    theirs = np.array(mx.dequantize(words, scales, biases, group_size=size, bits=bits))
    assert theirs.tobytes() == x.tobytes()


def weight(rng, module, shape, dtype, parameters):
    """({name: tensor}, float32 values)"""
    size, bits = parameters
    groups = (*shape[:-1], shape[-1] // size)
    count = int(np.prod(groups))
    scale_data = narrow(rng.uniform(1e-4, 0.3, count) * rng.choice([-1, 1], count), dtype)
    bias_data = narrow(rng.uniform(-3, 3, count), dtype)
    s, b = (widen(data, dtype).reshape(groups) for data in (scale_data, bias_data))
    q = rng.integers(0, 1 << bits, shape)
    x = q.astype("<f4") * np.repeat(s, size, axis=-1) + np.repeat(b, size, axis=-1)
    words = pack(q, bits)
    if mx:
        check_with_mlx((words, s, b), parameters, x)
    return {module + ".weight": ("U32", words.shape, words.tobytes()),
            module + ".scales": (dtype, groups, scale_data),
            module + ".biases": (dtype, groups, bias_data)}, x


# ---- Checkpoints ----

def config_of(pick, usual, own):
    """As mlx-lm writes it, now or some time ago."""
    entry = {"group_size": usual[0], "bits": usual[1]}
    if pick.random() < 0.5:
        entry["mode"] = "affine"
    for module, parameters in own.items():
        entry[module] = parameters and {"group_size": parameters[0], "bits": parameters[1]}
    keys = pick.choice([["quantization"], ["quantization", "quantization_config"],
                        ["quantization_config"]])
    return {"model_type": "a", **{key: entry for key in keys}, "vocab_size": 5}


def make(directory, rng, pick):
    """Writes one: ({name: float32 values}, {name: copied tensor})"""
    directory.mkdir()
    usual = (pick.choice([32, 64, 128]), pick.choice([4, 8]))
    dtype = pick.choice(["F32", "F16", "BF16"])
    own, restored, stored = {"model.kept": False}, {}, {}
    for i in range(pick.choice([1, 3, 6])):
        module = f"model.layers.{i}.proj"
        parameters = usual
        if pick.random() < 0.3:
            parameters = own[module] = (pick.choice([32, 64, 128]), pick.choice([4, 8]))
        shape = (*pick.choice([(1,), (3,), (70,), (2, 5)]), 128 * pick.choice([1, 2, 5]))
        tensors, restored[module + ".weight"] = weight(rng, module, shape, dtype, parameters)
        stored.update(tensors)
    copied = {"model.kept.weight": ("BF16", (2, 5), bytes(range(20))),
              "model.layers.0.proj.bias": ("F32", (3,), rng.bytes(12)),
              "lone.scales": ("F32", (2, 1), bytes(8))}  # of no weight
    stored.update(copied)
    (directory / "config.json").write_text(json.dumps(config_of(pick, usual, own), indent=4))
    parts = spread(stored, pick)
    copied.update({"pad." + shard: tensors["pad." + shard] for shard, tensors in parts.items()})
    for shard, tensors in parts.items():
        safetensors_file.write(directory / shard, tensors, {"format": "mlx"})
    write_index(directory, parts, {})
    return restored, copied


def check(directory, output, dtype, made):
    restored, copied = made
    found = read_all(output)
    assert {path.name for path in output.iterdir()} == {path.name for path in directory.iterdir()}
    assert set(found) == set(restored) | set(copied), sorted(found)
    for name, tensor in copied.items():
        assert found[name] == tensor, name
    for name, x in restored.items():
        assert found[name] == (OUTPUTS[dtype], x.shape, narrow(x, OUTPUTS[dtype])), name
    config = json.loads((directory / "config.json").read_text())
    config.pop("quantization_config", None)
    config.pop("quantization", None)
    assert json.loads((output / "config.json").read_text()) == config
    if (directory / INDEX).exists():
        index = json.loads((output / INDEX).read_text())
        assert set(index["weight_map"]) == set(found)


def test_random(tmp, seed):
    for case in range(CASES):
        rng, pick = np.random.default_rng([seed, case]), random.Random(f"{seed} {case}")
        directory, output = tmp / f"in{case}", tmp / f"out{case}"
        made = make(directory, rng, pick)
        dtype = pick.choice(list(OUTPUTS))
        try:
            run("dequant", "-q", directory, "--output-dir", output, "--dtype", dtype, cwd=tmp)
            check(directory, output, dtype, made)
            _, complaint = run("quantize", directory, "--output-dir", tmp / "q", cwd=tmp, status=1)
            assert b"the checkpoint is quantized already" in complaint, complaint
        except Exception:
            print(f"case {case} of seed {seed}")
            raise
    print(f"{CASES} checkpoints are restored as NumPy restores them, "
          + ("and mx.dequantize" if mx else "(skipped: mx.dequantize, there is no package mlx)"))


# ---- Written ----

LAYERS = {"a": ((6, 256), "F32", (64, 4)), "b": ((70, 128), "BF16", (64, 4)), "c": ((3, 128), "F16", (32, 8))}
KEPT = {"model.embed_tokens.weight": ("F32", (2, 64), bytes(512)), "lm_head.weight": ("F16", (1, 64), bytes(128)),
        "a.bias": ("F32", (6,), bytes(24))}


def quantized_by_mlx(x, dtype, parameters):
    kinds = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}
    found = mx.quantize(mx.array(x).astype(kinds[dtype]), group_size=parameters[0], bits=parameters[1])
    words, *numbers = (np.array(a if a.dtype == mx.uint32 else a.astype(mx.float32)) for a in found)
    return [words.tobytes(), *(narrow(a, dtype) for a in numbers)]


def check_written(output, plain, x):
    """The tensors of each layer, from a file in the layout of MLX and one in that of quant."""
    ours, theirs = safetensors_file.read(output)[0], safetensors_file.read(plain)[0]
    names = {f"{layer}.{end}" for layer in LAYERS for end in ("weight", "scales", "biases")}
    assert set(ours) == names | set(KEPT), sorted(ours)
    for layer, (shape, dtype, (size, bits)) in LAYERS.items():
        groups = (shape[0], shape[1] // size)
        stored = [ours[f"{layer}.{end}"] for end in ("weight", "scales", "biases")]
        assert [part[:2] for part in stored] == [("U32", (shape[0], shape[1] * bits // 32)),
                                                 (dtype, groups), (dtype, groups)], stored
        expected = [theirs[layer + ".weight" + end][2] for end in ("", "_scale", "_bias")]
        assert [part[2] for part in stored] == expected, layer
        if mx:
            assert expected == quantized_by_mlx(x[layer], dtype, (size, bits)), layer
    for name, tensor in KEPT.items():
        assert ours[name] == tensor, name


def test_written(tmp, seed):
    rng, x, tensors = np.random.default_rng(seed), {}, dict(KEPT)
    for layer, (shape, dtype, _) in LAYERS.items():
        data = narrow(rng.standard_normal(shape) * 0.1, dtype)
        x[layer] = widen(data, dtype).reshape(shape)
        tensors[layer + ".weight"] = (dtype, shape, data)
    (tmp / "in").mkdir()
    safetensors_file.write(tmp / "in" / "model.safetensors", tensors, {"format": "pt"})
    (tmp / "in" / "config.json").write_text('{\n  "model_type": "a"\n}\n')
    options = ["--like", "mlx", "-t", "uint4", "--block-size", "64"]
    own = ["--for", "c.*", "-t", "uint8", "--block-size", "32"]
    run("quantize", "-q", *options, "in", "--output-dir", "q", *own, cwd=tmp)
    run("quantize", "-q", *options, "--layout", "plain", "in", "--output-dir", "p", "--exclude",
        "*embed*", "--exclude", "lm_head*", *own, cwd=tmp)
    check_written(tmp / "q" / "model.safetensors", tmp / "p" / "model.safetensors", x)
    entry = {"group_size": 64, "bits": 4, "c": {"group_size": 32, "bits": 8}}
    assert json.loads((tmp / "q" / "config.json").read_text()) == {
        "model_type": "a", "quantization": entry, "quantization_config": entry}
    for name in "qp":
        found = problems(json.loads((tmp / name / "model.safetensors.json").read_text()))
        assert not found, found
    run("verify", "-q", "q", "--against", "in", cwd=tmp)
    run("dequant", "-q", "q", "--output-dir", "f", cwd=tmp)
    (tmp / "q" / "model.safetensors.json").unlink()
    run("dequant", "-q", "q", "--output-dir", "g", cwd=tmp)
    run("dequant", "-q", "p", "--output-dir", "h", cwd=tmp)
    restored = [(tmp / name / "model.safetensors").read_bytes() for name in "fgh"]
    assert restored[0] == restored[1] == restored[2]
    for name in "fgh":
        assert (tmp / name / "config.json").read_text() == '{\n  "model_type": "a"\n}\n', name


# ---- What is refused ----

def tensors_with(**changes):
    tensors = {"l.weight": ("U32", (2, 8), bytes(64)), "l.scales": ("F16", (2, 1), b"\0<\0<"),
               "l.biases": ("F16", (2, 1), bytes(4))}
    for key, tensor in changes.items():
        tensors["l." + key] = tensor
    return {name: tensor for name, tensor in tensors.items() if tensor}


def test_refused(tmp):
    usual = {"group_size": 64, "bits": 4}
    config, tensor = "'config.json': its quantization", "'m.safetensors': tensor "
    for entry, changes, expected in [
            ({**usual, "bits": 3}, {}, config + " has bits other than 4 and 8"),
            ({**usual, "group_size": 16}, {}, config + " has a group_size other than 32, 64 and 128"),
            ({**usual, "mode": "mxfp4"}, {}, config + " has another mode than affine"),
            ({**usual, "k": {"bits": 4}}, {}, config + " of k has no number as its bits or group_size"),
            ({**usual, "k": {**usual, "bits": 2}}, {}, config + " of k has bits other than 4 and 8"),
            (usual, {"scales": None}, tensor + "'l.weight' has no scales beside it"),
            (usual, {"biases": None}, tensor + "'l.weight' has no biases beside it"),
            ({**usual, "group_size": 128}, {}, tensor + "'l.weight' has rows of 64 elements, not whole "
                                                        "groups of 128"),
            ({**usual, "group_size": 32}, {}, tensor + "'l.scales' does not have a number for each group "
                                                       "of 32"),
            (usual, {"biases": ("F32", (2, 1), bytes(8))}, tensor + "'l.biases' does not have a bias in "
                                                                    "F16 for each scale"),
            (usual, {"scales": ("F16", (1, 2), bytes(4))}, tensor + "'l.scales' does not have a number "
                                                                    "for each group of 64"),
            (usual, {"weight": ("U32", (16,), bytes(64))}, tensor + "'l.weight' has 1 dimensions"),
            (usual, {"biases": ("F16", (2, 1), b"\0|\0\0")},
             "'m.safetensors: l.scales': group 0 needs a finite scale and a finite bias")]:
        refuse(tmp, tensors_with(**changes), {"quantization": entry}, expected)


def main():
    seed = seed_from(sys.argv)
    with tempfile.TemporaryDirectory() as name:
        test_random(Path(name), seed)
    with tempfile.TemporaryDirectory() as name:
        test_refused(Path(name))
    with tempfile.TemporaryDirectory() as name:
        test_written(Path(name), seed)


main()
