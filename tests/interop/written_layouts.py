#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checkpoints that quant writes in the layouts of engines.

    written_layouts.py [SEED]

Random checkpoints, in one file or several shards, in the layouts of compressed-tensors and ComfyUI.
The integers and scales are those of the same command with --layout plain; NumPy packs them here as
the engines do. Which tensors stay floats, the config and the index are as they should be. `quant
dequant` restores from the sidecars, and without them from the config or the marks alone, what it
restores from the plain files; config and index are then those of the original, byte for byte.
"""
import json
import math
import random
import shutil
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

from reference import IS_SANITIZED, read_sidecar, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")
from reference import safetensors_file  # noqa: E402
from reference.checkpoints import INDEX, narrow, pack, read_all, spread, times, write_index  # noqa: E402
from sidecar_schema import problems  # noqa: E402

CASES = 10 if IS_SANITIZED else 60

TORCH = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}

# Which never are taken by default, and what they are called.
FLOATS = ["model.embed_tokens.weight", "lm_head.weight", "model.wte.weight", "shared.weight",
          "model.norm.weight", "model.pos", "model.conv.weight"]


# ---- Checkpoints ----

def floats(rng, shape, dtype):
    x = rng.standard_normal(shape).astype("<f4")
    if rng.random() < 0.3 and len(shape) == 2:
        x[rng.integers(shape[0])] = 0
    return narrow(x, dtype)


def make(directory, rng, pick, columns):
    """Writes one: {name: (type, shape, bytes)}, {name: shard}"""
    directory.mkdir()
    tensors = {}
    for i in range(pick.choice([1, 3, 5])):
        dtype = pick.choice(list(TORCH))
        shape = (pick.choice([1, 2, 3, 8, 70]), pick.choice(columns))
        tensors[f"model.layers.{i}.proj.weight"] = (dtype, shape, floats(rng, shape, dtype))
        tensors[f"model.layers.{i}.proj.bias"] = ("F32", (3,), rng.bytes(12))
    for name in pick.sample(FLOATS, 4):
        shape = {"model.norm.weight": (6,), "model.conv.weight": (2, 3, 4)}.get(name, (3, 32))
        tensors[name] = ("F32", shape, floats(rng, shape, "F32"))
    tensors["steps"] = ("I64", (), bytes(8))
    parts = spread(tensors, pick, [next(iter(tensors))])  # something to quantize
    for shard, part in parts.items():
        safetensors_file.write(directory / shard, part, {"format": "pt"})
    where = {name: shard for shard, part in parts.items() for name in part}
    write_index(directory, parts, {"total_size": sum(len(data) for part in parts.values()
                                                     for _, _, data in part.values())})
    config = json.dumps({"architectures": ["A"], "model_type": "a"}, indent=2) + "\n"
    (directory / "config.json").write_text(config)
    (directory / "tokenizer.json").write_text("{}")
    return {name: tensor for part in parts.values() for name, tensor in part.items()}, where


# ---- Options ----

def random_options(pick):
    """(options, what follows from them)"""
    if pick.random() < 0.3:
        return (["--like", "comfyui"] + pick.choice([[], ["--axis", "0"],
                                                     ["--exact", "-t", "float8_e4m3fn"]]),
                {"layout": "comfyui"})
    options = ["--like", "compressed-tensors"] + pick.choice([[], [], ["--exact"]])
    says = {"layout": "pack-quantized", "bits": 8, "symmetric": True, "strategy": "tensor"}
    if pick.random() < 0.3:
        options += ["-s", "zero-point", "--include-zero"]
        says.update(layout="naive-quantized", symmetric=False)
    elif pick.random() < 0.3:
        options += ["--layout", "naive-quantized"]
        says["layout"] = "naive-quantized"
    elif pick.random() < 0.5:
        options += ["-t", "int4"]
        says["bits"] = 4
    strategy = pick.choice(["tensor", "channel", "channel", "group"])
    says["strategy"] = strategy
    if strategy == "channel":
        options += ["--axis", "0"]
    if strategy == "group":
        says["size"] = pick.choice([8, 32])
        options += ["--block-size", str(says["size"])]
    return options, says


def takes(name, shape, asked):
    if len(shape) != 2 or not name.endswith(".weight"):
        return len(shape) == 2 and any(fnmatchcase(name, glob) for glob in asked)
    return name not in FLOATS or any(fnmatchcase(name, glob) for glob in asked)


# ---- What should be there ----

def nibbles(data, count):
    b = np.frombuffer(data, "u1")
    q = np.stack([b & 15, b >> 4], axis=1).ravel()[:count].astype("i1")
    return np.where(q > 7, q - 16, q).astype("i1")


def engine_tensors(name, original, plain, says):
    """The tensors of a weight in the layout, of those that quant writes without one."""
    kind, shape, data = plain[name]
    dtype, _, scales = plain[name + "_scale"]
    dims = plain[name + "_scale"][1]
    found = {name + "_scale": (dtype, dims, scales)}
    if says["layout"] == "comfyui":
        by_row = len(dims) == 2
        mark = (f'{{"format":"int8_tensorwise","orig_dtype":"torch.{TORCH[original[0]]}",'
                f'"per_row":{str(by_row).lower()}}}').encode()
        if kind != "I8":
            mark = (f'{{"format":"float8_e4m3fn","orig_dtype":"torch.{TORCH[original[0]]}"}}'
                    ).encode()
        found[name] = (kind, shape, data)
        found[name + "_scale"] = ("F32", dims if by_row else (), scales)
        found[name[:-len(".weight")] + ".comfy_quant"] = ("U8", (len(mark),), mark)
        return found
    if name + "_zero_point" in plain:
        z = np.frombuffer(plain[name + "_zero_point"][2], "<i4")
        assert (np.abs(z + 0.5) < 128).all()
        found[name + "_zero_point"] = ("I8", dims, z.astype("i1").tobytes())
    if says["layout"] == "naive-quantized":
        found[name] = ("I8", shape, data)
        return found
    rows, columns = original[1]
    q = np.frombuffer(data, "i1") if says["bits"] == 8 else nibbles(data, rows * columns)
    words = pack(q.reshape(rows, columns), says["bits"], 1 << says["bits"] - 1)
    found[name + "_packed"] = ("I32", words.shape, words.tobytes())
    found[name + "_shape"] = ("I64", (2,), np.array([rows, columns], "<i8").tobytes())
    return found


def config_of(tensors, where, quantized, says):
    names = [name for shard in sorted(set(where.values()))
             for name in sorted((name for name in where if where[name] == shard))]
    kept = [name[:-len(".weight")] for name in names
            if name.endswith(".weight") and name not in quantized and len(tensors[name][1]) == 2]
    weights = {"num_bits": says["bits"], "type": "int", "symmetric": says["symmetric"],
               "strategy": says["strategy"]}
    if "size" in says:
        weights["group_size"] = says["size"]
    heads = [] if "lm_head" in kept or "lm_head.weight" in quantized else ["lm_head"]
    return {"quant_method": "compressed-tensors", "format": says["layout"],
            "quantization_status": "compressed", "ignore": kept + heads,
            "config_groups": {"group_0": {"targets": ["Linear"], "format": says["layout"],
                                          "weights": weights, "input_activations": None,
                                          "output_activations": None}}}


def check_files(made, output, plain, says, asked):
    tensors, where = made
    quantized = [name for name, (_, shape, _) in tensors.items() if takes(name, shape, asked)]
    expected, places = {}, {}
    for name, tensor in tensors.items():
        found = (engine_tensors(name, tensor, plain, says) if name in quantized
                 else {name: tensor})
        expected.update(found)
        places.update({stored: where[name] for stored in found})
    found = read_all(output)
    assert sorted(found) == sorted(expected), (sorted(found), sorted(expected))
    for name, tensor in expected.items():
        assert found[name] == tensor, (name, found[name][:2], tensor[:2])
    for shard in set(where.values()):
        own, metadata = safetensors_file.read(output / shard)
        assert metadata == {"format": "pt"}, metadata
        assert set(own) == {name for name in places if places[name] == shard}
        sidecar = read_sidecar(output / (shard + ".json"))
        assert not problems(sidecar), problems(sidecar)
        assert sidecar["data"]["layout"] == says["layout"]
        for name, entry in sidecar["tensors"].items():
            assert ("stored" in entry) == (name in quantized), name
            stored = entry.get("stored", {"tensor": name, "dtype": entry.get("dtype"), "beside": []})
            assert own[stored["tensor"]][0] == stored["dtype"]
            assert set(stored["beside"]) <= set(own)
    if len(set(where.values())) > 1:
        index = json.loads((output / INDEX).read_text())
        assert index["weight_map"] == places
        assert index["metadata"]["total_size"] == sum(len(data) for _, _, data in found.values())
    config = json.loads((output / "config.json").read_text())
    entry = config.pop("quantization_config")
    assert config == {"architectures": ["A"], "model_type": "a"}
    if says["layout"] == "comfyui":
        assert entry["quant_method"] is None
    else:
        wanted = config_of(tensors, where, quantized, says)
        entry["ignore"].sort()
        wanted["ignore"].sort()
        assert entry == wanted, (entry, wanted)


def check_restored(tmp, directory, output, plain, pick):
    """By the sidecars and without them, as from the plain files, which are restored as ever."""
    arguments = ["--dtype", pick.choice(["float32", "float16", "bfloat16"]), "-q", "--output-dir"]
    for name in ["own", "bare", "plain"]:
        shutil.rmtree(tmp / name, ignore_errors=True)
    bare = tmp / "bare"
    shutil.copytree(output, bare)
    for path in bare.glob("*.safetensors.json"):
        path.unlink()
    run("dequant", output, *arguments, tmp / "own", cwd=tmp)
    run("dequant", plain, *arguments, tmp / "plain", cwd=tmp)
    run("dequant", bare, *arguments, bare / "floats", cwd=tmp)
    expected = read_all(tmp / "plain")
    for restored in [tmp / "own", bare / "floats"]:
        assert read_all(restored) == expected, restored
        for name in ["config.json", "tokenizer.json"]:
            assert (restored / name).read_bytes() == (directory / name).read_bytes(), name
    for path in directory.glob("*.index.json"):
        assert (json.loads((tmp / "own" / path.name).read_text())["weight_map"]
                == json.loads(path.read_text())["weight_map"])


def spoil(output, pick):
    """Changes a byte of a packed weight; the name of its shard."""
    path = pick.choice([path for path in sorted(output.glob("*.safetensors"))
                        if any("stored" in entry and math.prod(entry["shape"])
                               for entry in read_sidecar(f"{path}.json")["tensors"].values())])
    content = bytearray(path.read_bytes())
    header = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])
    entries = read_sidecar(f"{path}.json")["tensors"]
    stored = pick.choice([entry["stored"]["tensor"] for entry in entries.values()
                          if "stored" in entry and math.prod(entry["shape"])])
    at = 8 + int.from_bytes(content[:8], "little") + header[stored]["data_offsets"][0]
    content[at] ^= 1
    path.write_bytes(content)


def test_random(tmp, seed):
    for case in range(CASES):
        rng, pick = np.random.default_rng([seed, case]), random.Random(f"{seed} {case}")
        directory, output, plain = (tmp / f"{kind}{case}" for kind in ("in", "out", "plain"))
        options, says = random_options(pick)
        size = says.get("size")
        made = make(directory, rng, pick,
                    [size, 3 * size] if size else [1, 2, 7, 32, 33, 100, 601, 5000])
        asked = pick.choice([[], [], ["lm_head.weight"]])
        choosing = [word for glob in asked for word in ("--include", glob)]
        choosing += ["--include", "model.layers.*"] if asked else []
        if not set(asked) <= set(made[0]):
            asked, choosing = [], []
        arguments = ["quantize", "-q", *options, *choosing, directory, "-j", pick.choice("13")]
        try:
            run(*arguments, "--output-dir", output, cwd=tmp)
            keep = [word for name in FLOATS if name in made[0] and name not in asked
                    for word in ("--for", name, "-t", "copy")]
            run(*arguments, "--layout", "plain", "--output-dir", plain, *keep, cwd=tmp)
            check_files(made, output, read_all(plain), says, asked)
            check_restored(tmp, directory, output, plain, pick)
            run("verify", "-q", output, "--against", directory, cwd=tmp)
            before = times(output)
            run(*arguments, "--resume", "--output-dir", output, cwd=tmp)
            assert before == times(output), "--resume quantizes again"
            spoil(output, pick)
            run("verify", "-q", output, cwd=tmp, status=1)
            run(*arguments, "--resume", "--output-dir", output, cwd=tmp)
            check_files(made, output, read_all(plain), says, asked)
        except Exception:
            print(f"case {case} of seed {seed}: {' '.join(map(str, arguments))}")
            raise
    print(f"{CASES} checkpoints are written as NumPy packs them, and restored")


def main():
    with tempfile.TemporaryDirectory() as name:
        test_random(Path(name), seed_from(sys.argv))


main()
