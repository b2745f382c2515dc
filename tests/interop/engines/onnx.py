# SPDX-License-Identifier: MIT
"""QuantizeLinear of ONNX Runtime, with a given scale and zero point."""
from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from .engine import Result, given_cases, version_of

PROFILE, SOURCE, DTYPES = "onnx", "engine", ("float32",)
TYPES = ("int8", "uint8", "int16", "uint16", "int4", "uint4")
CASES = None  # by the matrix: cases_of


def version():
    return version_of("onnxruntime", "ONNX Runtime")


def cases_of(x):
    return given_cases(x, TYPES)


def quantize(x, case):
    scale, zero_point = case.given
    kind = getattr(TensorProto, case.dtype.upper())
    constants = [helper.make_tensor("s", TensorProto.FLOAT, [], [np.float32(scale)]),
                 helper.make_tensor("z", kind, [], [zero_point])]
    # The runtime gives out no 4-bit array: those are widened.
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "s", "z"], ["r"]),
             helper.make_node("Cast", ["q"], ["i"], to=TensorProto.INT32)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("i", TensorProto.INT32, x.shape),
         helper.make_tensor_value_info("r", TensorProto.FLOAT, x.shape)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    q, restored = session.run(None, {"x": np.ascontiguousarray(x, np.float32)})
    return Result(q, np.array([scale], np.float32), np.array([zero_point]), None, restored)
