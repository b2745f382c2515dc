# SPDX-License-Identifier: MIT
"""The commands that faults are moved through: each on each format, with new outputs and over old ones.

A case has a folder with inputs, and with old outputs where the command has --force.
"""
import json
import os
import random
import struct
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "data"), str(ROOT / "tests" / "interop" / "reference")]

import gguf_files as gguf  # noqa: E402
import safetensors_file  # noqa: E402
from archives import DEFLATED, Member, archive, npy  # noqa: E402

# options: how it is told apart. is_short: part of --short. old: commands whose outputs are there
# before, with other bytes. is_named: without O_TMPFILE.
Case = namedtuple("Case", "command format options arguments prepare old is_short is_named status")


def floats(count, seed=1):
    random_ = random.Random(seed)
    return struct.pack(f"<{count}f", *(random_.gauss(0, 1) for _ in range(count)))


def write_raw(folder, name="w.bin", rows=8, seed=1):
    (folder / name).write_bytes(floats(rows * 16, seed))


def write_npy(folder, name="w.npy", seed=1):
    (folder / name).write_bytes(npy(shape="(8, 16)", data=floats(128, seed)))


def write_json(folder):
    numbers = struct.unpack("<128f", floats(128))
    (folder / "w.json").write_text(json.dumps([numbers[i:i + 16] for i in range(0, 128, 16)]))


def write_npz(folder):
    (folder / "w.npz").write_bytes(archive(
        Member(b"a.npy", npy(shape="(8, 16)", data=floats(128))),
        Member(b"b.npy", npy(shape="(4, 8)", data=floats(32, 2)), method=DEFLATED),
        Member(b"c.npy", npy(shape="(5,)", data=floats(5, 3)))))


def write_safetensors(path, seed=1):
    safetensors_file.write(path, {
        f"layer.{seed}.weight": ("F32", [8, 16], floats(128, seed)),
        f"layer.{seed}.half": ("BF16", [4, 8], floats(16, seed + 1)[:64]),
        f"layer.{seed}.bias": ("F32", [8], floats(8, seed + 2))})


def write_one_safetensors(folder):
    write_safetensors(folder / "w.safetensors")


def write_gguf(folder):
    (folder / "w.gguf").write_bytes(gguf.file(
        [gguf.pair("general.architecture", gguf.STRING, "llama")],
        [("blk.0.ffn_up.weight", [32, 4], gguf.F32, floats(128)),
         ("output_norm.weight", [32], gguf.F32, floats(32, 2))]))


def write_checkpoint(folder):
    directory = folder / "model"
    directory.mkdir()
    weight_map = {}
    for number in (1, 2):
        name = f"model-0000{number}-of-00002.safetensors"
        write_safetensors(directory / name, number)
        for part in ("weight", "half", "bias"):
            weight_map[f"layer.{number}.{part}"] = name
    (directory / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1216}, "weight_map": weight_map}))
    (directory / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (directory / "tokenizer.json").write_text("{}")


def write_layers(folder):
    for number in (1, 2):
        (folder / f"l{number}.npy").write_bytes(npy(shape="(16, 16)", data=floats(256, number)))


FORMATS = {"raw": (write_raw, "w.bin"), "npy": (write_npy, "w.npy"), "json": (write_json, "w.json"),
           "npz": (write_npz, "w.npz"), "safetensors": (write_one_safetensors, "w.safetensors"),
           "gguf": (write_gguf, "w.gguf"), "checkpoint": (write_checkpoint, "model")}
QUANTIZED = {"raw": "q.bin", "npy": "q.npy", "json": "q.json", "npz": "q.npz",
             "safetensors": "q.safetensors", "gguf": "q.safetensors", "checkpoint": "q"}
RESTORED = {name: file.replace("q", "r", 1) for name, file in QUANTIZED.items()}
SHORT = ("npy", "safetensors")


def to(name, output):
    return ["--output-dir" if name == "checkpoint" else "-o", output]


def quantize(name, *options):
    to_gguf = ["--to", "safetensors"] if name == "gguf" else []
    return ["quantize", *options, *to_gguf, *to(name, QUANTIZED[name]), FORMATS[name][1]]


def dequant(name, *options):
    return ["dequant", *options, *to(name, RESTORED[name]), QUANTIZED[name]]


def write_many_groups(folder):
    """More than 65,536 scales go to a file of their own."""
    (folder / "w.bin").write_bytes(floats(66_000))


def case(command, name, options, arguments, prepare, old=(), is_short=False, is_named=False, status=0):
    return Case(command, name, options, arguments, prepare, list(old), is_short, is_named, status)


def quantizing(name):
    prepare = FORMATS[name][0]
    is_short = name in SHORT
    # Old outputs are of zero-point where the new ones are of absmax.
    old = [quantize(name, "-q", "-s", "zero-point")]
    yield case("quantize", name, "", quantize(name), prepare, is_short=is_short)
    yield case("quantize", name, "--force", quantize(name, "--force"), prepare, old, is_short)
    yield case("quantize", name, "--sync --force", quantize(name, "--sync", "--force"), prepare, old)
    yield case("quantize", name, "--resume", quantize(name, "--resume"), prepare, old)
    yield case("quantize", name, "--resume anew", quantize(name, "--resume"), prepare)
    yield case("quantize", name, "--report=json", quantize(
        name, "--report=json", "--report-file", "report", "-m", "mse"), prepare)
    yield case("quantize", name, "--dry-run", quantize(name, "--dry-run"), prepare)


def dequantizing(name):
    make = quantize(name, "-q")
    prepare = FORMATS[name][0]
    options = ["--sidecar", "q.json.json"] if name == "json" else []
    yield case("dequant", name, "", dequant(name, *options), prepare, [make], name in SHORT)
    yield case("dequant", name, "--resume anew", dequant(name, "--resume", *options), prepare, [make])
    yield case("dequant", name, "--force", dequant(name, "--force", *options), prepare,
               [["quantize", "-q", "-s", "zero-point", *make[2:]],
                dequant(name, "-q", *options), ["quantize", "-q", "--force", *make[2:]]], name in SHORT)
    if name != "checkpoint":
        yield case("dequant", name, "--report", ["dequant", "--report", *options, QUANTIZED[name]],
                   prepare, [make])


def reading(name):
    prepare, source = FORMATS[name]
    make = quantize(name, "-q")
    recursive = ["-r"] if name == "checkpoint" else []
    yield case("calibrate", name, "", ["calibrate", *recursive, "-o", "range", source], prepare,
               is_short=name == "npy")
    yield case("calibrate", name, "--force", ["calibrate", *recursive, "--force", "-m", "percentile", "-o",
                                              "range", source],
               prepare, [["calibrate", *recursive, "-o", "range", source]])
    yield case("compare", name, "", ["compare", *recursive, "-t", "int8", "-t", "int4", source], prepare,
               is_short=name == "npy")
    yield case("inspect", name, "", ["inspect", *recursive, "--stats", source], prepare,
               is_short=name == "npy")
    yield case("inspect", name, "quantized", ["inspect", *recursive, QUANTIZED[name]], prepare, [make])
    yield case("verify", name, "", ["verify", *recursive, QUANTIZED[name]], prepare, [make],
               is_short=name == "npy")
    yield case("verify", name, "--against", ["verify", *recursive, "--against", source, QUANTIZED[name]],
               prepare, [make])


def others():
    groups = ["quantize", "--block-size", "1", "-o", "q.bin", "w.bin"]
    yield case("quantize", "raw", "scales", groups, write_many_groups)
    yield case("quantize", "raw", "scales --force", ["quantize", "--force", *groups[1:]],
               write_many_groups, [[*groups[:1], "-q", "-s", "zero-point", *groups[1:]]])
    yield case("quantize", "raw", "scales to none", ["quantize", "--force", "-o", "q.bin", "w.bin"],
               write_many_groups, [[*groups[:1], "-q", *groups[1:]]])
    yield case("quantize", "raw", "standard output", ["quantize", "-o", "-", "--sidecar", "s.json", "w.bin"],
               write_raw)
    yield case("quantize", "npy", "-j 2 of three", ["quantize", "-j", "2", "a.npy", "b.npy", "w.npy"],
               lambda folder: [write_npy(folder, name, seed)
                               for seed, name in enumerate(("a.npy", "b.npy", "w.npy"))])
    yield case("quantize", "npy", "--onnx", ["quantize", "--force", "-o", "q.npy", "--onnx", "m.onnx", "w.npy"],
               write_npy, [["quantize", "-q", "-s", "zero-point", "-o", "q.npy", "--onnx", "m.onnx", "w.npy"]])
    yield case("quantize", "gguf", "--like ggml", ["quantize", "--like", "ggml", "-t", "q8_0", "-o", "q.gguf",
                                                   "w.gguf"], write_gguf)
    for name in ("npy", "checkpoint"):
        prepare = FORMATS[name][0]
        yield case("quantize", name, "named", quantize(name), prepare, is_named=True)
        yield case("quantize", name, "named --force", quantize(name, "--force"), prepare,
                   [quantize(name, "-q", "-s", "zero-point")], is_named=True)
    yield case("dequant", "npy", "named --force", dequant("npy", "--force"), write_npy,
               [quantize("npy", "-q", "-s", "zero-point"), dequant("npy", "-q"),
                quantize("npy", "-q", "--force")], is_named=True)
    yield case("calibrate", "npy", "--merge", ["calibrate", "--merge", "-o", "range", "p1", "p2"],
               lambda folder: [write_npy(folder, f"{i}.npy", i) for i in (1, 2)],
               [["calibrate", "-q", f"--partial={i}", "-o", f"p{i}", f"{i}.npy"] for i in (1, 2)])
    yield case("drift", "npy", "", ["drift", "--samples", "4", "l1.npy", "l2.npy"], write_layers,
               is_short=True)
    for words in (["types"], ["types", "--like", "onnx"], ["help"], ["quantize", "--help"], ["version"]):
        yield case(words[0] if words[0] != "quantize" else "help", "-", " ".join(words[1:]), words,
                   lambda folder: None, is_short=words == ["types"])


def all_cases():
    for name in FORMATS:
        yield from quantizing(name)
        yield from dequantizing(name)
        yield from reading(name)
    yield from others()
