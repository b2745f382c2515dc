# SPDX-License-Identifier: MIT
"""Rows that compare quant with itself: the cost of other types, of calibration methods, of
parameters that change along the elements, and of one range for many files. Only whole commands with
many scales have targets."""

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
        times = bench.kernels([f"{work}:{name}" for name in ("int8", *TYPES)], 32 << 10)
        for name in TYPES:
            bench.faster(f"{work} {name}, 32 Ki elements in cache, 1 thread", f"{work} int8",
                         times[f"{work}:{name}"], times[f"{work}:int8"])


GROUPS = {
    "quantize_runs/32:int8": "quantize, a scale for each 32 elements",
    "quantize_runs/32 with zero points:int8":
        "quantize, a scale and a zero point for each 32 elements",
    "quantize_runs/128:int8": "quantize, a scale for each 128 elements",
    "quantize_rows:int8": "quantize, a scale for each of 1024 channels",
    "quantize_each:int8": "quantize, a scale for each element",
    "dequantize_runs/32:int8": "dequantize, a scale for each 32 elements",
    "dequantize_runs/128:int8": "dequantize, a scale for each 128 elements",
    "dequantize_each:int8": "dequantize, a scale for each element",
    "observe_runs/32": "min/max of each 32 elements",
    "observe_each": "min/max of each element and those before it",
}


WHOLE = {"quantize": ("quantize:int8", "quantize with one scale"),
         "dequantize": ("dequantize:int8", "dequantize with one scale"),
         "observe": ("observe/both signs", "min/max of all")}


def groups(bench: Bench) -> None:
    wanted = sorted({re.sub("/[^:]*", "", name) for name in GROUPS})
    times = bench.kernels(["quantize:int8", "dequantize:int8", "observe", *wanted], 32 << 10)
    for name, work in GROUPS.items():
        whole, other = WHOLE[name.partition("_")[0]]
        if name in times:
            bench.faster(f"{work}, 32 Ki elements in cache, 1 thread", other, times[name],
                         times[whole])


# Options, and the minimum speed of quantizing with them, relative to one scale.
GRANULARITIES = {"--axis 0": 0.8, "--axis 1": 0.8, "--block-size 32": 0.5}
COLUMNS = 4096


def granularity(bench: Bench) -> None:
    """The commands on a matrix of the large size."""
    floats = bench.directory / "m.f32"
    data.write_floats(floats, bench.elements, header=False)
    shape = f"{bench.elements // COLUMNS},{COLUMNS}"
    quantize, dequant, report = {}, {}, {}
    for number, option in enumerate(("", *GRANULARITIES)):
        integers = bench.directory / f"m{number}.i8"
        restored = bench.directory / f"m{number}.back"
        outputs = [integers.with_name(integers.name + end) for end in ("", ".json", ".scales")]
        quantize[option] = Command([bench.quant, "quantize", "--shape", shape, *option.split(),
                                    "-T", "raw", floats, "-o", integers], outputs)
        dequant[option] = Command([bench.quant, "dequant", "-T", "raw", integers, "-o", restored],
                                  [restored])
        report[option] = Command([bench.quant, "dequant", "--report", integers])
    where = f"{bench.elements // COLUMNS} x {COLUMNS}, {bench.size}"
    for work, commands in (("quantize", quantize), ("dequant", dequant),
                           ("dequant --report", report)):
        times = time_commands(commands, bench.repetitions)
        for option, min_speed in GRANULARITIES.items():
            command = f"quantize {option}" if work == "quantize" else f"{work} after {option}"
            bench.faster(f"quant {command}, {where}", f"{work} of one scale", times[option],
                         times[""], min_speed if work == "quantize" else None)
    for command in (*quantize.values(), *dequant.values()):
        command.clean()
    floats.unlink()


def methods(bench: Bench) -> list[str]:
    """The methods, in the order of the help."""
    text = subprocess.run([str(bench.quant), "quantize", "--help"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    listed = text.partition("Calibration methods:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w+)", listed, re.MULTILINE)


def calibration(bench: Bench) -> None:
    floats, integers = bench.directory / "w.npy", bench.directory / "w.int8.npy"
    nbytes = min(bench.nbytes, 64 << 20)
    data.write_floats(floats, nbytes // 4)
    commands = {
        method: Command([bench.quant, "quantize", "-m", method, floats, "-o", integers],
                        [integers, bench.directory / "w.int8.npy.json"])
        for method in methods(bench)}
    times = time_commands(commands, bench.repetitions)
    for method in commands:
        if method != "minmax":
            bench.shorter(f"quant quantize -m {method}, {nbytes >> 20} MiB", "-m minmax",
                          times[method], times["minmax"])
    commands["minmax"].clean()
    floats.unlink()


PERCENTILE = """\
import sys
import numpy
whole = numpy.concatenate([numpy.load(path) for path in sys.argv[1:]])
print(numpy.percentile(numpy.abs(whole), 99.9))
"""


def sets(bench: Bench) -> None:
    """The same elements as one file and as many."""
    nbytes, count = min(bench.nbytes, 64 << 20), 64
    whole, directory = bench.directory / "w.npy", bench.directory / "set"
    output = bench.directory / "c.json"
    data.write_floats(whole, nbytes // 4)
    data.write_directory(directory, count, nbytes // count)
    names = sorted(directory.iterdir())
    files = f"{count} files of {nbytes // count >> 10} KiB"

    def calibrate(*arguments: str | Path) -> Command:
        return Command([bench.quant, "calibrate", "-o", output, *arguments], [output])

    for method in ("minmax", "percentile", "entropy"):
        times = time_commands({"many": calibrate("-m", method, *names),
                               "one": calibrate("-m", method, whole)}, bench.repetitions)
        bench.shorter(f"quant calibrate -m {method}, {files}", "one file of them all",
                      times["many"], times["one"])
    commands = {"quant": calibrate("-m", "percentile", *names)}
    if bench.numpy_python:
        commands["numpy"] = Command([bench.numpy_python, "-c", PERCENTILE, *names])
        times = time_commands(commands, bench.repetitions)
        bench.faster(f"quant calibrate -m percentile, {files}", "numpy.percentile of them",
                     times["quant"], times["numpy"])
    parts = [bench.directory / f"p{i}.json" for i in range(count)]
    merged = bench.directory / "m.json"
    for more in (["-o", parts[0], "-m", "percentile", "--partial", *names],
                 ["-o", merged, "--merge", parts[0]],
                 *(["-o", part, "--force", "--continue", merged, name]
                   for part, name in zip(parts, names))):
        subprocess.run([bench.quant, "calibrate", *more], check=True)
    times = time_commands({"merge": calibrate("--merge", *parts),
                           "whole": calibrate("-m", "percentile", *names)}, bench.repetitions)
    bench.shorter(f"quant calibrate --merge, {count} parts of the second round",
                  "quant calibrate of all files", times["merge"], times["whole"])
    for path in (whole, merged, output, *parts, *names):
        path.unlink(missing_ok=True)
    directory.rmdir()
