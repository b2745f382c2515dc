# SPDX-License-Identifier: MIT
"""The rows of the table: what is compared with what, and the targets.

A group is a function that takes a Bench and adds rows to it; GROUPS is the table of them.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import data
import within
from measure import (Command, Ratio, Times, kernel_times, parse_times, peak_mebibytes,
                     peers_runner, product_times, ratio, time_commands)

MIB = 1 << 20
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Target:
    at_least: bool
    value: float

    def met(self, value: float) -> bool:
        return value >= self.value if self.at_least else value <= self.value


@dataclass
class Row:
    group: str
    work: str
    against: str
    ratio: Ratio
    unit: str  # after the ratio: "x its speed", "x its time", "ms", "MiB"
    target: Target | None = None
    ours: str = ""
    theirs: str = ""
    short: bool = False  # one of the README's


@dataclass
class Bench:
    """Programs and files, sizes, and results."""

    quant: Path
    kernels_program: Path
    peers_program: Path
    floor_program: Path
    numpy_python: str | None
    peers_python: Path | None
    directory: Path  # for the data
    nbytes: int  # of the large file
    repetitions: int
    quick: bool
    large: bool
    threads: int = len(os.sched_getaffinity(0))
    group: str = ""
    rows: list[Row] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)  # the cells of a table
    flat: list[list[str]] = field(default_factory=list)
    functions: list[list[str]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contenders = peers_runner(self.peers_program, self.repetitions)
        done = subprocess.run([str(self.peers_program)], stdout=subprocess.PIPE, text=True,
                              check=True)
        self.isas = done.stdout.split()

    @property
    def elements(self) -> int:
        return self.nbytes // 4

    @property
    def size(self) -> str:
        return f"{self.nbytes // MIB} MiB" if self.nbytes < 1 << 30 else f"{self.nbytes >> 30} GiB"

    def add(self, work: str, against: str, compared: Ratio, unit: str,
            target: Target | None = None, **cells: object) -> None:
        self.rows.append(Row(self.group, work, against, compared, unit, target, **cells))

    def faster(self, work: str, against: str, ours: Times, theirs: Times,
               at_least: float | None = None, short: bool = False) -> None:
        self.add(work, against, ratio(theirs, ours), "x its speed",
                 None if at_least is None else Target(True, at_least),
                 ours=duration(ours.median), theirs=duration(theirs.median), short=short)

    def shorter(self, work: str, against: str, ours: Times, theirs: Times,
                at_most: float | None = None, short: bool = False) -> None:
        self.add(work, against, ratio(ours, theirs), "x its time",
                 None if at_most is None else Target(False, at_most),
                 ours=duration(ours.median), theirs=duration(theirs.median), short=short)

    def kernels(self, functions: list[str], elements: int) -> dict[str, Times]:
        """The times of kernel functions in the fastest row, without its name."""
        times = kernel_times(self.kernels_program, self.repetitions, functions, elements)
        end = f"@{self.isas[0]}"
        return {name.removesuffix(end): taken for name, taken in times.items()
                if name.endswith(end)}

    def peers_of(self, elements: int) -> dict[str, Times]:
        if not self.peers_python:
            return {}
        done = subprocess.run(
            [str(self.peers_python), str(ROOT / "bench/python_peers.py"), str(elements),
             str(self.repetitions)],
            stdout=subprocess.PIPE, text=True, check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"})
        return parse_times(done.stdout)


def duration(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


# ---- Kernels ------------------------------------------------------------------------------------

PEERS = {"onednn": "oneDNN reorder", "numpy": "NumPy", "onnxruntime": "ONNX Runtime QuantizeLinear",
         "torch": "PyTorch quantize_per_tensor"}


KERNEL_ELEMENTS = 4096  # of each array: they fit the first-level cache


def in_cache(bench: Bench) -> None:
    work = "quantize f32 to int8, 32 Ki elements in cache, 1 thread"
    for isa in bench.isas:
        narrower = isa == "avx2" and isa != bench.isas[0]
        ours = f"quantize@{isa}"
        times = bench.contenders([ours, "xnnpack"], isa="avx2" if narrower else "")
        if "xnnpack" in times:
            peer = "XNNPACK f32 to qs8" + (", AVX2 too" if narrower else "")
            bench.faster(f"{work}, {isa}", peer, times[ours], times["xnnpack"],
                         1.0 if isa != "scalar" else None, isa == bench.isas[0])
        else:
            bench.missing.add("XNNPACK" + (", limited to AVX2" if narrower else ""))


def functions(bench: Bench) -> None:
    """Every kernel function in every row of the table."""
    times = kernel_times(bench.kernels_program, bench.repetitions, [], KERNEL_ELEMENTS)
    for name in (name.removesuffix("@scalar") for name in times if name.endswith("@scalar")):
        scalar = times[f"{name}@scalar"]
        ratios = (f"{ratio(scalar, times[key]).median:.3g}" if (key := f"{name}@{isa}") in times
                  else "-" for isa in bench.isas if isa != "scalar")
        bench.functions.append([name, *ratios,
                                f"{1e9 * scalar.median / KERNEL_ELEMENTS:.3f} ns"])


def peers(bench: Bench) -> None:
    for elements, where in ((32 << 10, "32 Ki elements in cache"), (bench.elements, bench.size)):
        times = bench.contenders(["quantize", "onednn", "xnnpack"], elements)
        others = times | bench.peers_of(elements)
        for name, peer in (PEERS | {"xnnpack": "XNNPACK f32 to qs8"}).items():
            if name not in others:
                bench.missing.add(peer)
            elif name != "xnnpack" or elements != 32 << 10:
                bench.faster(f"quantize f32 to int8, {where}, 1 thread", peer, times["quantize"],
                             others[name])


def in_memory(bench: Bench) -> None:
    contenders = ["observe", "read-loop", "quantize", "read4-write1-loop"]
    threads = min(2, bench.threads)
    times = bench.contenders(contenders, bench.elements // threads, threads)
    where = f"{bench.size} in memory, {threads} threads"
    bench.faster(f"min/max, {where}", "a loop that only reads it", times["observe"],
                 times["read-loop"], 0.95, short=True)
    bench.faster(f"quantize, {where}", "a loop that only reads 4 bytes and writes 1",
                 times["quantize"], times["read4-write1-loop"], 0.95, short=True)


PRODUCTS = {1: "matrix times vector", 64: "matrix times matrix of 64 columns"}


def compute(bench: Bench) -> None:
    """What a network gains that multiplies int8: time, and memory with a scale for each row."""
    program = bench.peers_program.with_name("bench_compute")
    if not program.exists():
        bench.missing.add("oneDNN, for products of int8")
        return
    in_memory_size = math.isqrt(bench.elements)
    for size, where in ((512, "in cache"), (in_memory_size, "in memory")):
        shape = f"{size} x {size} {where}"
        for columns, product in PRODUCTS.items():
            times = product_times(program, columns, size, bench.repetitions)
            bench.faster(f"{product}, int8, {shape}, 1 thread, oneDNN", "the same in float32",
                         times["int8"], times["f32"])
        floats, integers = 4 * size * size, size * size + 4 * size
        saved = integers / floats
        bench.add(f"weights in int8 with a scale for each row, {shape}", "float32",
                  Ratio(saved, saved, saved), "x its memory", ours=f"{integers >> 10} KiB",
                  theirs=f"{floats >> 10} KiB")


def threads(bench: Bench) -> None:
    if bench.threads < 2:
        bench.skipped.append("1 thread to 2 threads: there is one processor")
        return
    contenders = ["quantize", "observe", "dequantize", "measure"]
    works = {"measure": "report: measure"}
    one: dict[str, list[float]] = {name: [] for name in contenders}
    two: dict[str, list[float]] = {name: [] for name in contenders}
    runner = peers_runner(bench.peers_program, 1)
    for _ in range(bench.repetitions):
        for count, into in ((1, one), (2, two)):
            for name, times in runner(contenders, threads=count, min_seconds=0.1).items():
                into[name] += times.wall
    for name in contenders:
        # In this time, two threads do twice the work of one.
        pairs = sorted(2 * a / b for a, b in zip(one[name], two[name]))
        work = works.get(name, name)
        bench.add(f"{work}, 32 Ki elements in cache, 2 threads", "1 thread",
                  Ratio(Times(pairs).median, pairs[0], pairs[-1]), "x its speed", Target(True, 1.8),
                  ours=duration(Times(two[name]).median / 2),
                  theirs=duration(Times(one[name]).median))


# ---- Commands -----------------------------------------------------------------------------------

def add_command(bench: Bench, name: str, times: Times, peak: float | None) -> None:
    bench.commands.append([
        name, duration(times.median), f"{duration(min(times.wall))} .. {duration(max(times.wall))}",
        f"{times.user:.3f} s", f"{times.system:.3f} s", "-" if peak is None else f"{peak:.1f} MiB"])


def files(bench: Bench) -> None:
    directory = bench.directory
    floats, integers = directory / "w.npy", directory / "w.int8.npy"
    restored = directory / "w.f32.npy"
    data.write_floats(floats, bench.elements)
    nbytes = floats.stat().st_size
    sidecar = directory / "w.int8.npy.json"
    copy, bare, other = directory / "copy.npy", directory / "bare", directory / "numpy.npy"

    def floor(scans: int, size: int, *inputs: Path) -> Command:
        output = bare if size else "-"
        return Command([bench.floor_program, str(bench.threads), str(scans), output, str(size),
                        *inputs], [bare])

    commands = {
        "cp": Command(["cp", floats, copy], [copy]),
        "quantize": Command([bench.quant, "quantize", floats, "-o", integers],
                            [integers, sidecar]),
        "dequant": Command([bench.quant, "dequant", integers, "-o", restored], [restored]),
        "report": Command([bench.quant, "dequant", "--report", integers]),
        "floor of quantize": floor(1, nbytes // 4, floats),
        "floor of dequant": floor(0, nbytes, integers),
        "floor of report": floor(0, 0, floats, integers),
        "one read": floor(0, 0, floats),
        "a quarter written": floor(0, nbytes // 4),
        "all written": floor(0, nbytes),
    }
    if bench.numpy_python:
        commands["numpy"] = Command(
            [bench.numpy_python, ROOT / "bench/numpy_quantize.py", floats, other], [other])
    times = time_commands(commands, bench.repetitions)
    names = {
        "cp": "cp w.npy copy.npy",
        "quantize": "quant quantize w.npy",
        "dequant": "quant dequant w.int8.npy",
        "report": "quant dequant --report w.int8.npy",
        "floor of quantize": "only reading w.npy twice and writing a quarter",
        "floor of dequant": "only reading w.int8.npy and writing four times as much",
        "floor of report": "only reading w.npy and w.int8.npy",
        "one read": "only reading w.npy once",
        "a quarter written": "only writing a quarter of it",
        "all written": "only writing as much",
        "numpy": "the NumPy script",
    }
    of_the_size = f", {bench.size}"
    bench.shorter(names["quantize"] + of_the_size, "cp w.npy", times["quantize"], times["cp"], 0.30,
                  True)
    if "numpy" in times:
        bench.faster(names["quantize"] + of_the_size, "NumPy: load, abs max, divide, rint, clip, "
                     "save", times["quantize"], times["numpy"], 20, True)
    else:
        bench.missing.add("NumPy")
    bench.shorter(f"quant dequant, to {bench.size}", "cp w.npy", times["dequant"], times["cp"], 0.9,
                  True)
    bench.shorter(f"quant dequant --report{of_the_size} original", "cp w.npy", times["report"],
                  times["cp"], 0.3, True)
    for work in ("quantize", "dequant", "report"):
        bench.shorter(f"the same reads and writes as {work}, no work", "cp w.npy",
                      times[f"floor of {work}"], times["cp"])
        bench.shorter(names[work], "the same reads and writes, no work", times[work],
                      times[f"floor of {work}"])
    for name in ("one read", "a quarter written", "all written"):
        bench.shorter(f"{names[name]}, {bench.threads} threads", "cp w.npy", times[name],
                      times["cp"])
    for name, one in times.items():
        peak = peak_mebibytes(commands[name])
        add_command(bench, names[name], one, peak)
        if name in ("quantize", "dequant", "report"):
            add_peak(bench, f"{names[name]}{of_the_size}", peak)
    for command in commands.values():
        command.clean()
    floats.unlink()


def add_peak(bench: Bench, work: str, peak: float | None) -> None:
    if peak is None:
        bench.missing.add("the program `time`, for the peak memory")
    else:
        bench.add(f"peak memory of {work}", "-", Ratio(peak, peak, peak), "MiB",
                  Target(False, 64))


def peak_of_larger(bench: Bench) -> None:
    if not bench.large:
        bench.skipped.append("peak memory at 8 times the size: only with --large")
        return
    floats, integers = bench.directory / "big.f32", bench.directory / "big.i8"
    restored = bench.directory / "big.back"
    data.write_floats(floats, 8 * bench.elements, header=False)
    sidecar = bench.directory / "big.i8.json"
    options = ["-f", "raw", "-T", "raw", "-o"]
    for work, command in {
        "quantize": Command([bench.quant, "quantize", floats, *options, integers]),
        "dequant": Command([bench.quant, "dequant", integers, "-o", restored, "-T", "raw"]),
        "dequant --report": Command([bench.quant, "dequant", "--report", integers]),
    }.items():
        add_peak(bench, f"quant {work}, {8 * bench.nbytes >> 20} MiB", peak_mebibytes(command))
        restored.unlink(missing_ok=True)
    for path in (floats, integers, sidecar):
        path.unlink()


def start(bench: Bench) -> None:
    numbers = bench.directory / "seven.json"
    numbers.write_text("[5.47, 3.08, -7.59, 0, -1.95, -4.57, 10.8]\n", encoding="ascii")
    outputs = [bench.directory / "seven.int8.json", bench.directory / "seven.int8.json.json"]
    times = time_commands({
        "quant": Command([bench.quant, "quantize", numbers], outputs),
        "true": Command(["/bin/true"]),
    }, 40 * bench.repetitions)
    more = sorted(1000 * (a - b) for a, b in zip(times["quant"].wall, times["true"].wall))
    bench.add("7 numbers, the whole process", "/bin/true, which is taken off",
              Ratio(Times(more).median, more[0], more[-1]), "ms more", Target(False, 3), short=True,
              ours=duration(times["quant"].median), theirs=duration(times["true"].median))


def many_files(bench: Bench, measure: Callable[[Bench, Path, int, str, float | None], None]) -> None:
    """Calls measure with a directory that has many small files in its directory `in`, their number,
    where it is, and how many times as long as cp it may take: on the disk, and in tmpfs if there is
    room.

    Each run needs an output directory of its own, and nothing is removed before the last run: for
    minutes ext4 searches past every inode that was just freed, so a second run of this script
    within five minutes takes both sides several times as long. In tmpfs it makes no difference."""
    count = 500 if bench.quick else 10_000
    memory = Path("/dev/shm")
    places: list[tuple[Path, str, float | None]] = [(bench.directory, "", 2)]
    if memory.is_dir() and shutil.disk_usage(memory).free >= 2000 * MIB:
        places.append((memory, ", in tmpfs", None))
    else:
        bench.skipped.append("many files in tmpfs: there is no room in /dev/shm")
    for parent, where, at_most in places:
        with tempfile.TemporaryDirectory(prefix="quant-bench-", dir=parent) as name:
            data.write_directory(Path(name) / "in", count, 4096)
            measure(bench, Path(name), count, where, at_most)


def many(bench: Bench) -> None:
    many_files(bench, many_in)


def many_in(bench: Bench, area: Path, count: int, where: str, at_most: float | None) -> None:
    directory = area / "in"
    names = [path.name for path in sorted(directory.iterdir())]
    commands = {
        "cp": Command(["cp", "-r", directory, area / "copy{run}"]),
        "quant": Command([bench.quant, "quantize", "-q", "--output-dir", area / "out{run}", *names],
                         directory=directory),
    }
    times = time_commands(commands, bench.repetitions)
    bench.shorter(f"{count} files of 4 KiB, one call{where}", "cp -r of that directory",
                  times["quant"], times["cp"], at_most, at_most is not None)
    add_command(bench, f"cp -r of {count} files{where}", times["cp"], None)
    add_command(bench, f"quant quantize --output-dir, {count} files{where}", times["quant"],
                 peak_mebibytes(commands["quant"]))


def json(bench: Bench) -> None:
    count = 100_000 if bench.quick else 4_000_000
    text = bench.directory / "x.json"
    data.write_json(text, count)
    numbers = f"{count / 1e6:g} M numbers of 17 digits"
    times = bench.contenders(["json", "simdjson"], path=text)
    if "simdjson" in times:
        bench.faster(f"JSON reader, {numbers}", "simdjson on-demand, sum of doubles", times["json"],
                     times["simdjson"], 0.5, True)
    else:
        bench.missing.add("simdjson")
    output, other = bench.directory / "x.int8.npy", bench.directory / "numpy.npy"
    commands = {"quant": Command([bench.quant, "quantize", text, "--to", "npy", "-o", output],
                                 [output, bench.directory / "x.int8.npy.json"])}
    if bench.numpy_python:
        commands["numpy"] = Command(
            [bench.numpy_python, ROOT / "bench/numpy_quantize.py", text, other], [other])
    whole = time_commands(commands, bench.repetitions)
    if "numpy" in whole:
        bench.faster(f"quant quantize x.json --to npy, {numbers}", "Python's json and NumPy",
                     whole["quant"], whole["numpy"], 5, True)
    for name, one in whole.items():
        add_command(bench, {"quant": "quant quantize x.json --to npy",
                             "numpy": "json and NumPy"}[name], one, peak_mebibytes(commands[name]))
    for command in commands.values():
        command.clean()
    text.unlink()


def flat(bench: Bench) -> None:
    powers = range(5, 8 if bench.quick else 10 if bench.large else 9)
    seven = bench.directory / "seven.npy"
    data.write_floats(seven, 7)
    output = bench.directory / "out.npy"
    outputs = [output, bench.directory / "out.npy.json"]
    begin = Command([bench.quant, "quantize", seven, "-o", output], outputs)
    per_element = {}
    for power in powers:
        count = 10**power
        path = bench.directory / "flat.npy"
        data.write_floats(path, count)
        times = time_commands(
            {"begin": begin,
             "whole": Command([bench.quant, "quantize", path, "-o", output], outputs)},
            bench.repetitions * (10 if power < 7 else 1))
        path.unlink()
        in_memory_time = bench.contenders(["quantize"], count)["quantize"].median
        per_element[power] = [1e9 * (a - b) / count
                              for a, b in zip(times["whole"].wall, times["begin"].wall)]
        bench.flat.append([
            f"10^{power}", f"{Times(per_element[power]).median:.3f} ns",
            f"{1e9 * times['whole'].median / count:.3f} ns",
            f"{1e9 * in_memory_time / count:.3f} ns"])
    for path in [seven, *outputs]:
        path.unlink(missing_ok=True)
    last = powers[-1]
    pairs = list(zip(per_element[last], per_element[last - 1]))
    bench.add(f"quant quantize: time of an element, of 10^{last}", f"of 10^{last - 1}",
              ratio(Times([a for a, _ in pairs]), Times([b for _, b in pairs])), "x its time",
              Target(False, 1.25), ours=duration(Times(per_element[last]).median * 1e-9),
              theirs=duration(Times(per_element[last - 1]).median * 1e-9))


GROUPS: dict[str, Callable[[Bench], None]] = {
    "kernels": functions, "cache": in_cache, "memory": in_memory, "threads": threads,
    "files": files, "peak": peak_of_larger, "start": start, "json": json, "flat": flat,
    "peers": peers, "compute": compute,
    "types": within.types, "groups": within.groups, "granularity": within.granularity,
    "calibration": within.calibration, "sets": within.sets,
    "many": many,  # last: what it removes slows down whoever makes files after it, see there
}
