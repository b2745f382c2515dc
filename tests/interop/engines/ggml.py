# SPDX-License-Identifier: MIT
"""ggml's blocks, by its own C code, which script/engines compiles from the source package of
llama-cpp-python; without it by NumPy in the package gguf, which is held against that code there."""
import ctypes
from pathlib import Path

import numpy as np

from .engine import Case, Result, version_of

PROFILE, SOURCE, DTYPES = "ggml", "engine", ("float32",)
SIZES = {"q8_0": 34, "q4_0": 18, "q4_1": 20, "q5_0": 22, "q5_1": 24}  # bytes of 32 elements
CASES = [Case(dtype, "blocks", 32) for dtype in SIZES]

LIBRARY = Path(__file__).resolve().parents[3] / "build-engines" / "libggml_quants.so"
C = ctypes.CDLL(str(LIBRARY), mode=1) if LIBRARY.exists() else None  # lazily bound


def version():
    if C is not None:
        return f"ggml of {LIBRARY.with_suffix('.txt').read_text().strip()}"
    return version_of("gguf")


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def by_gguf(x, case):
    import gguf
    kind = gguf.GGMLQuantizationType[case.dtype.upper()]
    blocks = gguf.quantize(x, kind)
    return blocks, gguf.dequantize(blocks, kind)


def quantize(x, case):
    x = np.ascontiguousarray(x, np.float32)
    if C is None:
        blocks, restored = by_gguf(x, case)
    else:
        blocks, restored = np.zeros(x.size // 32 * SIZES[case.dtype], np.uint8), np.empty_like(x)
        getattr(C, f"quantize_row_{case.dtype}_ref")(pointer(x), pointer(blocks), ctypes.c_int64(x.size))
        getattr(C, f"dequantize_row_{case.dtype}")(pointer(blocks), pointer(restored),
                                                   ctypes.c_int64(x.size))
    return Result(blocks.reshape(x.shape[0], -1), np.empty(0, np.float32), None, None, restored)
