# SPDX-License-Identifier: MIT
"""Engines that quantize, side by side; engine.py says what each module has."""
NAMES = ("onnx", "onnx_tools", "pytorch", "torchao", "compressed_tensors", "comfyui", "tflite",
         "tflite_reference", "tensorrt", "ncnn", "nncf", "bitsandbytes", "quanto", "mlx", "ggml")
