# SPDX-License-Identifier: MIT
"""Engines that quantize, side by side; engine.py says what each module has."""
import importlib.util

WITHOUT_TORCH = ("onnx", "onnx_tools", "tflite", "tflite_reference", "tensorrt", "ncnn", "nncf", "mlx",
                 "ggml")
WITH_TORCH = ("pytorch", "torchao", "compressed_tensors", "comfyui", "bitsandbytes", "quanto")


def names_here():
    """Of the modules for this environment: script/engines keeps PyTorch in one of its own."""
    return WITH_TORCH if importlib.util.find_spec("torch") else WITHOUT_TORCH
