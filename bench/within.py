# SPDX-License-Identifier: MIT
"""Rows of quant against itself: what its other types and its calibration methods cost. There are
no targets for them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import data
from measure import Command, time_commands

if TYPE_CHECKING:
    from rows import Bench

TYPES = ("int4", "int16", "float16", "bfloat16", "float8_e4m3fn")


def types(bench: Bench) -> None:
    for work in ("quantize", "dequantize"):
        times = bench.kernels([f"{work}:{name}" for name in ("int8", *TYPES)])
        for name in TYPES:
            bench.faster(f"{work} {name}, 32 Ki elements in cache, 1 thread", f"{work} int8",
                         times[f"{work}:{name}"], times[f"{work}:int8"])


def methods(bench: Bench) -> list[str]:
    """As the help lists them."""
    text = subprocess.run([str(bench.quant), "quantize", "--help"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    listed = text.partition("Calibration methods:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w+)", listed, re.MULTILINE)


def calibration(bench: Bench) -> None:
    floats, integers = bench.folder / "w.npy", bench.folder / "w.int8.npy"
    nbytes = min(bench.nbytes, 64 << 20)
    data.write_floats(floats, nbytes // 4)
    commands = {
        method: Command([bench.quant, "quantize", "-m", method, floats, "-o", integers],
                        [integers, bench.folder / "w.int8.npy.json"])
        for method in methods(bench)}
    times = time_commands(commands, bench.repetitions)
    for method in commands:
        if method != "minmax":
            bench.shorter(f"quant quantize -m {method}, {nbytes >> 20} MiB", "-m minmax",
                          times[method], times["minmax"])
    commands["minmax"].clean()
    floats.unlink()
