# SPDX-License-Identifier: MIT
"""Rows of quant against itself: what its other types, its calibration methods and parameters that
change along the elements cost. There are no targets for them."""

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


RUNS = {
    "quantize-runs-32": "quantize, a scale for each 32 elements",
    "quantize-runs-32-zero-points": "quantize, a scale and a zero point for each 32 elements",
    "quantize-runs-128": "quantize, a scale for each 128 elements",
    "quantize-each": "quantize, a scale for each of 1024 channels",
    "observe-runs-32": "min/max of each 32 elements",
    "observe-each": "min/max of each of 1024 channels",
}


def groups(bench: Bench) -> None:
    threads = min(2, bench.threads)
    for elements, count, where in (
            (32 << 10, 1, "32 Ki elements in cache, 1 thread"),
            (bench.elements // threads, threads, f"{bench.size} in memory, {threads} threads")):
        times = bench.kernels(["quantize", "observe", *RUNS], elements, count)
        for name, work in RUNS.items():
            whole, told = (("observe", "min/max of all") if name.startswith("observe")
                           else ("quantize", "quantize with one scale"))
            if name in times:
                bench.faster(f"{work}, {where}", told, times[name], times[whole])


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
