# SPDX-License-Identifier: MIT
"""TFLite: weights as ai-edge-quantizer makes them, by its uniform quantization of minimum and maximum;
with a given scale, QUANTIZE of LiteRT by the kernels that it takes by default."""
import numpy as np
from ai_edge_litert.interpreter import OpResolverType
from ai_edge_quantizer import qtyping
from ai_edge_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor

from . import tflite_reference
from .engine import Result, bits_of, cases, grouped, version_of

PROFILE, SOURCE, DTYPES = "tflite", "engine", ("float32",)
CASES = None  # by the matrix: cases_of


def version():
    return f"{version_of('ai-edge-quantizer')}, {version_of('ai-edge-litert')}"


def cases_of(x):
    return cases(("int8", "int4"), ("absmax",), ("row", "tensor", 32)) + tflite_reference.cases_of(x)


def quantize(x, case):
    if case.scheme == "given":
        return tflite_reference.mapped(x, case, OpResolverType.AUTO)
    kind = qtyping.QuantGranularity
    granularity = {"row": kind.CHANNELWISE, "tensor": kind.TENSORWISE}.get(case.group,
                                                                          kind.BLOCKWISE_32)
    x = np.ascontiguousarray(x, np.float32)
    groups = grouped(x, case)
    zero_points, scales = uniform_quantize_tensor.tensor_zp_scale_from_min_max(
        groups.min(1, keepdims=True), groups.max(1, keepdims=True), bits_of(case),
        case.scheme == "absmax", granularity)
    params = qtyping.UniformQuantParams(
        num_bits=bits_of(case), quantized_dimension=0, scale=scales, zero_point=zero_points,
        symmetric=case.scheme == "absmax")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = uniform_quantize_tensor.uniform_quantize(groups, params)
        restored = uniform_quantize_tensor.uniform_dequantize(q.astype(np.int32), params)
    return Result(q.reshape(x.shape), np.asarray(scales, np.float32).reshape(-1),
                  zero_points.astype(np.int32).reshape(-1), None,
                  restored.astype(np.float32).reshape(x.shape))
