# SPDX-License-Identifier: MIT
"""Times quantizing float32 arrays in Python libraries, with one thread, by turns.

    python_peers.py ELEMENTS REPETITIONS

Prints a line for each library, as bench_peers does: its name, a tab, seconds of a call, or
"missing".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

SCALE = 5 / 127


def numpy_call(elements: int) -> Callable[[], object]:
    import numpy as np

    x = np.resize(np.random.default_rng(1).standard_normal(1 << 20, np.float32), elements)
    scale = np.float32(SCALE)
    return lambda: np.clip(np.rint(x / scale), -128, 127).astype(np.int8)


def onnxruntime_call(elements: int) -> Callable[[], object]:
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper

    node = helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"])
    graph = helper.make_graph(
        [node], "quantize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [elements])],
        [helper.make_tensor_value_info("q", TensorProto.INT8, [elements])],
        [helper.make_tensor("scale", TensorProto.FLOAT, [], [SCALE]),
         helper.make_tensor("zero", TensorProto.INT8, [], [0])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = np.resize(np.random.default_rng(1).standard_normal(1 << 20, np.float32), elements)
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    q = np.empty(elements, np.int8)
    binding.bind_output("q", "cpu", 0, np.int8, q.shape, q.ctypes.data)
    return lambda: session.run_with_iobinding(binding) or q


def torch_call(elements: int) -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    x = torch.randn(1 << 20).repeat((elements >> 20) + 1)[:elements].contiguous()
    return lambda: torch.quantize_per_tensor(x, SCALE, 0, torch.qint8)


PEERS = {"numpy": numpy_call, "onnxruntime": onnxruntime_call, "torch": torch_call}


def measure(call: Callable[[], object], repetitions: int) -> list[float]:
    start = time.perf_counter()
    call()
    calls = int(0.05 / (time.perf_counter() - start)) + 1
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        seconds.append((time.perf_counter() - start) / calls)
    return seconds


def main() -> None:
    elements, repetitions = (int(argument) for argument in sys.argv[1:])
    for name, peer in PEERS.items():
        try:
            call = peer(elements)
        except ImportError:
            print(f"{name}\tmissing")
            continue
        print(f"{name}\t", *(f"{seconds:.9g}" for seconds in measure(call, repetitions)))


if __name__ == "__main__":
    main()
