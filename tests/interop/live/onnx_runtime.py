#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ONNX Runtime, which reads the outputs of quant in place.

    onnx_runtime.py [SEED]

Random files are quantized with --onnx. The package `onnx` checks each model and loads what it points
to, and the outputs that ONNX Runtime computes are bit by bit what `quant dequant` restores. The files
and options are those of tests/interop/onnx_models.py. The packages that this needs are installed by
script/live.
"""
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from reference import seed_from, skip  # noqa: E402

try:
    import onnx
    import onnxruntime
except ImportError as missing:
    skip(f"{missing}: script/live installs what this needs")
from onnx_models import check_case, check_directory, check_shards  # noqa: E402

CASES = 200


def evaluate(path):
    onnx.checker.check_model(str(path), full_check=True)
    onnx.load(str(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {})))


def main():
    rng = random.Random(seed_from(sys.argv))
    for i in range(CASES):
        check_case(rng, i, evaluate)
    check_shards(evaluate)
    check_directory(evaluate)
    print(f"{CASES} models give in ONNX Runtime {onnxruntime.__version__} what 'quant dequant' restores")


if __name__ == "__main__":
    main()
