# SPDX-License-Identifier: MIT
"""What people write to quantize a checkpoint: absmax to int8, a scale for each row of a matrix.
NumPy and PyTorch find the same bytes as quant. compressed-tensors divides the range by 127.5, and
ONNX Runtime takes columns, which are the channels of its MatMul.

    checkpoint_peers.py PEER CHECKPOINT OUTPUT    a directory of .safetensors to another
    checkpoint_peers.py onnxruntime MODEL OUTPUT  a model of ONNX to another
    checkpoint_peers.py model CHECKPOINT MODEL    writes the model: a MatMul of each matrix
    checkpoint_peers.py version PEER

Exits with 77 if a package is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def tensors_of(source: Path, framework: str) -> Iterator[tuple[str, Iterator[tuple[str, Any]]]]:
    """The name of each shard, with the names and tensors in it."""
    from safetensors import safe_open

    for shard in sorted(source.glob("*.safetensors")):
        with safe_open(shard, framework=framework) as file:
            yield shard.name, ((name, file.get_tensor(name)) for name in file.keys())


def each_matrix(source: Path, target: Path, framework: str, save_file: Callable[..., Any],
                quantize: Callable[[Any], tuple[Any, Any]]) -> None:
    """Writes shards with the integers and scales of matrices; vectors are copied."""
    for shard, tensors in tensors_of(source, framework):
        output = {}
        for name, x in tensors:
            if x.ndim < 2:
                output[name] = x
            else:
                output[name], output[f"{name}_scale"] = quantize(x)
        save_file(output, target / shard)


def numpy_loop(source: Path, target: Path, in_place: bool = True) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    def quantize(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scale = np.abs(x).max(axis=1, keepdims=True) / np.float32(127)
        if not in_place:
            return np.clip(np.rint(x / scale), -127, 127).astype(np.int8), scale
        np.divide(x, scale, out=x)
        np.rint(x, out=x)
        np.clip(x, -127, 127, out=x)
        return x.astype(np.int8), scale

    each_matrix(source, target, "np", save_file, quantize)


def numpy_expression_loop(source: Path, target: Path) -> None:
    numpy_loop(source, target, in_place=False)


def torch_loop(source: Path, target: Path) -> None:
    import torch
    from safetensors.torch import save_file

    def quantize(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scale = x.abs().amax(dim=1, keepdim=True) / 127
        return (x / scale).round_().clamp_(-127, 127).to(torch.int8), scale

    each_matrix(source, target, "pt", save_file, quantize)


def compressed_tensors_loop(source: Path, target: Path) -> None:
    import torch
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import quantize
    from compressed_tensors.quantization.utils import calculate_qparams
    from safetensors.torch import save_file

    arguments = QuantizationArgs(num_bits=8, symmetric=True, strategy="channel")

    def quantize_matrix(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = torch.aminmax(x, dim=1, keepdim=True)
        scale, zero_point = calculate_qparams(low, high, arguments)
        return quantize(x, scale, zero_point, arguments, dtype=torch.int8), scale

    each_matrix(source, target, "pt", save_file, quantize_matrix)


def onnxruntime_tool(source: Path, target: Path) -> None:
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # about preprocessing, once
    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)


def write_model(source: Path, target: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    nodes, weights, inputs, outputs = [], [], {}, []
    for _, tensors in tensors_of(source, "np"):
        for name, x in tensors:
            if x.ndim < 2:
                continue
            rows, columns = x.shape
            inputs[f"x{rows}"] = helper.make_tensor_value_info(f"x{rows}", TensorProto.FLOAT,
                                                               [1, rows])
            outputs.append(helper.make_tensor_value_info(f"{name}.y", TensorProto.FLOAT,
                                                         [1, columns]))
            weights.append(helper.make_tensor(name, TensorProto.FLOAT, x.shape, x.tobytes(), True))
            nodes.append(helper.make_node("MatMul", [f"x{rows}", name], [f"{name}.y"], name))
    graph = helper.make_graph(nodes, "checkpoint", list(inputs.values()), outputs, weights)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), target)


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "numpy": numpy_loop,
    "numpy_plain": numpy_expression_loop,
    "torch": torch_loop,
    "compressed_tensors": compressed_tensors_loop,
    "onnxruntime": onnxruntime_tool,
}


def main() -> None:
    name, *paths = sys.argv[1:]
    try:
        if name == "version":
            from importlib.metadata import version

            __import__(paths[0])
            print(version(paths[0]))
        elif name == "model":
            write_model(Path(paths[0]), Path(paths[1]))
        else:
            source, target = map(Path, paths)
            if source.is_dir():
                target.mkdir()
            PEERS[name](source, target)
    except ImportError as error:
        print(f"missing: {error}", file=sys.stderr)
        sys.exit(77)


if __name__ == "__main__":
    main()
