# SPDX-License-Identifier: MIT
"""QUANTIZE of LiteRT by its reference kernels, with a given scale and zero point."""
from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from .engine import Result, given_cases, version_of

PROFILE, SOURCE, DTYPES = "tflite-reference", "engine", ("float32",)
TYPES = {"int8": schema.TensorType.INT8, "uint8": schema.TensorType.UINT8,
         "int16": schema.TensorType.INT16}
CASES = None  # by the matrix: cases_of


def version():
    return version_of("ai-edge-litert")


def cases_of(x):
    # 16 bits have no zero point there.
    made = given_cases(x, TYPES)
    return [case._replace(given=(case.given[0], 0)) if case.dtype == "int16" else case for case in made]


def tensor(name, shape, kind, given=None):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name.encode(), list(shape), kind, 0
    if given:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [given[0]], [given[1]]
    return made


def operator(opcode, source, target):
    made = schema.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = opcode, [source], [target]
    return made


def model_of(shape, case):
    """x, then QUANTIZE to q, then DEQUANTIZE to r."""
    import flatbuffers
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version = 3
    model.operatorCodes = []
    for builtin in (schema.BuiltinOperator.QUANTIZE, schema.BuiltinOperator.DEQUANTIZE):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 2
        model.operatorCodes.append(code)
    model.buffers = [schema.BufferT()]
    graph.tensors = [tensor("x", shape, schema.TensorType.FLOAT32),
                     tensor("q", shape, TYPES[case.dtype], case.given),
                     tensor("r", shape, schema.TensorType.FLOAT32)]
    graph.inputs, graph.outputs = [0], [1, 2]
    graph.operators = [operator(0, 0, 1), operator(1, 1, 2)]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def quantize(x, case):
    return mapped(x, case, OpResolverType.BUILTIN_REF)


def mapped(x, case, resolver):
    """By the kernels of a resolver."""
    runner = Interpreter(model_content=model_of(x.shape, case), experimental_op_resolver_type=resolver)
    runner.allocate_tensors()
    runner.set_tensor(0, np.ascontiguousarray(x, np.float32))
    runner.invoke()
    scale, zero_point = case.given
    return Result(runner.get_tensor(1).copy(), np.array([scale], np.float32), np.array([zero_point]),
                  None, runner.get_tensor(2).copy())
