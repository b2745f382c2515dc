# SPDX-License-Identifier: MIT
"""What quant makes of a matrix by the rules of an engine, as bytes: integers, scales, zero points,
biases, restored numbers. In plain Python."""
import struct
import subprocess

from reference import QUANT, read_sidecar

from . import gguf_file

EXTENSIONS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


class Difference(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Difference(what)


def quant(*arguments, cwd):
    done = subprocess.run([QUANT, *map(str, arguments)], cwd=cwd, capture_output=True, timeout=120,
                          check=False)
    check(done.returncode == 0, f"quant {' '.join(map(str, arguments))}: {done.stderr.decode().strip()}")


def is_known(profile):
    done = subprocess.run([QUANT, "types", "--like", profile], capture_output=True, check=False)
    return done.returncode == 0


def floats(values):
    """The bytes of float32 numbers that JSON holds."""
    values = values if isinstance(values, list) else [values]
    return struct.pack(f"<{len(values)}f", *values)


def integers(values):
    values = values if isinstance(values, list) else [values]
    return struct.pack(f"<{len(values)}i", *values)


def widened(data, dtype):
    """The bytes of float32 numbers, from those of a shorter type."""
    halves = struct.unpack(f"<{len(data) // 2}H", data)
    if dtype == "bfloat16":
        return struct.pack(f"<{len(halves)}I", *(half << 16 for half in halves))
    return struct.pack(f"<{len(halves)}f", *struct.unpack(f"<{len(halves)}e", data))


def restore(folder, name, dtype):
    short = [] if dtype == "float32" else ["--dtype", dtype]
    output = f"r.{EXTENSIONS[dtype]}"
    quant("dequant", "-q", "--force", *short, "-o", output, name, cwd=folder)
    data = (folder / output).read_bytes()
    return data if dtype == "float32" else widened(data, dtype)


def raw_parts(folder, profile, options, dtype, one):
    name = f"x.{EXTENSIONS[one.dtype]}"
    (folder / name).write_bytes(one.data())
    quant("quantize", "-q", "--force", "--like", profile, *options, "--shape",
          f"{one.rows},{one.columns}", "-o", "o.bin", name, cwd=folder)
    sidecar = read_sidecar(folder / "o.bin.json")
    return {"q": (folder / "o.bin").read_bytes(), "scale": floats(sidecar["scale"]),
            "zero_point": integers(sidecar["zero_point"]), "bias": floats(sidecar.get("bias", 0)),
            "restored": restore(folder, "o.bin", dtype)}


def gguf_parts(folder, profile, options, one):
    (folder / "x.gguf").write_bytes(gguf_file.of_matrix("x.weight", one))
    quant("quantize", "-q", "--force", "--like", profile, *options, "-o", "o.gguf", "x.gguf", cwd=folder)
    quant("dequant", "-q", "--force", "-o", "r.gguf", "o.gguf", cwd=folder)
    return {"q": gguf_file.data_of((folder / "o.gguf").read_bytes()),
            "restored": gguf_file.data_of((folder / "r.gguf").read_bytes())}


def parts_of(folder, profile, options, restored_dtype, one):
    """By key, for an Input; a profile of whole blocks has no scales beside its integers."""
    if profile == "ggml":
        return gguf_parts(folder, profile, options, one)
    return raw_parts(folder, profile, options, restored_dtype, one)
