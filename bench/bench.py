# SPDX-License-Identifier: MIT
"""Compares quant with what people would otherwise use. script/bench builds and calls this."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import checkpoints
from rows import GROUPS, KERNEL_ELEMENTS, MIB, ROOT, Bench, Row

RESULTS = ROOT / "bench/results.md"
CHECKPOINT_RESULTS = ROOT / "bench/checkpoints.md"
QUIET = 0.5  # the load of an idle machine, at most
BUSY = ("The load before the run is that of other processes, which distort the figures: times are "
        "longer, and vary more, than on an idle machine.")


def table(head: list[str], cells: list[list[str]]) -> str:
    """A Markdown table, padded to be readable as text."""
    widths = [max(len(row[i]) for row in [head, *cells]) for i in range(len(head))]

    def line(row: list[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |\n"

    return line(head) + line(["-" * width for width in widths]) + "".join(map(line, cells))


def number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def target_text(row: Row) -> str:
    return f"{'>=' if row.target.at_least else '<='} {row.target.value:g}" if row.target else ""


def verdict(row: Row) -> str:
    if not row.target:
        return ""
    return "met" if row.target.met(row.ratio.median) else "**NOT met**"


def rows_table(rows: list[Row]) -> str:
    return table(
        ["ratio", "", "target", "", "work", "against", "min .. max", "ours", "theirs"],
        [[number(row.ratio.median), row.unit, target_text(row), verdict(row), row.work, row.against,
          f"{number(row.ratio.min)} .. {number(row.ratio.max)}", row.ours, row.theirs]
         for row in rows])


def short_table(rows: list[Row]) -> str:
    return table(["work", "against", "ratio", "target"],
                 [[row.work, row.against, f"{number(row.ratio.median)} {row.unit}",
                   f"{target_text(row)}{'' if verdict(row) == 'met' else ', missed'}"]
                  for row in rows if row.short])


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.split("\n")[0].strip()


def content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"


def file_system(directory: Path) -> str:
    """The file system type of a directory."""
    best, kind = "", "unknown"
    for line in content("/proc/mounts").splitlines():
        words = line.split()
        inside = os.path.commonpath([directory, words[1]]) == words[1] if len(words) > 2 else False
        if inside and len(words[1]) >= len(best):
            best, kind = words[1], words[2]
    return kind


def machine(bench: Bench, build: Path, load: float) -> str:
    info = content("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$",
                         (build / "CMakeCache.txt").read_text(encoding="utf-8"), re.MULTILINE)
    ram = re.search(r"^MemTotal: *(\d+)", content("/proc/meminfo"), re.MULTILINE)
    huge = "/sys/kernel/mm/transparent_hugepage/enabled"
    governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    facts = {
        "date": datetime.date.today().isoformat(),
        "revision": first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "processor": f"{model.group(1) if model else platform.machine()}, "
                     f"{bench.threads} processors used",
        "kernel sets": f"{', '.join(bench.isas)}; {bench.isas[0]} where none is named",
        "memory": f"{int(ram.group(1)) >> 20} GiB" if ram else "unknown",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": file_system(bench.directory),
        "governor": content(governor),
        "transparent huge pages": content(huge),
        "compiler": first_line(compiler.group(1), "--version") if compiler else "unknown",
        "load before the run": f"{load:.2f}",
        "repetitions": f"{bench.repetitions}, by turns; medians",
    }
    text = "".join(f"- {name}: {fact}\n" for name, fact in facts.items())
    return text if load <= QUIET else f"{text}\n{BUSY}\n"


def numpy_python() -> str | None:
    for python in ("/usr/bin/python3", "python3"):
        if shutil.which(python) and subprocess.run(
                [python, "-c", "import numpy"], stderr=subprocess.DEVNULL, check=False
        ).returncode == 0:
            return python
    return None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Compares quant with what people would otherwise use. Data is "
        "written to a directory in TMPDIR, six times the size, and removed at the end. A complete "
        "run writes bench/results.md, or bench/checkpoints.md, if everything is committed: the "
        "page names the revision.")
    parser.add_argument("--checkpoints", action="store_true",
                        help="only whole checkpoints, directories and bad archives; these are not "
                        "measured without the option")
    parser.add_argument("--quick", action="store_true",
                        help="small sizes and 2 repetitions, only to check that it works")
    parser.add_argument("--rows", metavar="REGEX", default="",
                        help=f"only groups whose names match: {', '.join(GROUPS)}; with "
                        f"--checkpoints: {', '.join(checkpoints.GROUPS)}")
    parser.add_argument("--size", metavar="BYTES", type=int,
                        help="size of the large file [1 GiB], or of the checkpoint [4 GiB]")
    parser.add_argument("--repetitions", metavar="N", type=int, help="number of repetitions [5]")
    parser.add_argument("--large", action="store_true",
                        help="also peak memory at 8 times the size, and 10^9 elements")
    parser.add_argument("--torch", action="store_true", help="also PyTorch, a large download; with "
                        "--checkpoints also compressed-tensors")
    parser.add_argument("--markdown", action="store_true",
                        help="print the README's short table at the end")
    parser.add_argument("--no-write", action="store_true",
                        help="print the tables only; do not write bench/results.md")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def report(bench: Bench, facts: str, title: str, command: str) -> str:
    parts = [f"# {title}\n", f"Made by `{command}`: ratios first, measured in one run, on the same "
             "data, by turns.\n", facts, rows_table(bench.rows)]
    if bench.commands:
        parts += ["The commands, with files in the cache:\n", table(
            ["command", "time", "min .. max", "user", "system", "peak memory"], bench.commands)]
    if bench.functions:
        rows = [isa for isa in bench.isas if isa != "scalar"]
        parts += [f"The kernels, {KERNEL_ELEMENTS} elements in cache, as multiples of the speed of "
                  "the scalar row, and the time of an element in that:\n",
                  table(["function", *rows, "scalar"], bench.functions)]
    if bench.flat:
        parts += ["The time per element, by the number of elements:\n", table(
            ["elements", "quant quantize without its start", "the whole process",
             "quant_quantize, 1 thread"], bench.flat)]
    notes = [f"- not available: {name}\n" for name in sorted(bench.missing)]
    notes += [f"- skipped: {what}\n" for what in bench.skipped]
    if notes:
        parts.append("".join(notes))
    return "\n".join(parts)


def is_dirty() -> bool:
    """Whether a tracked file differs from the commit, or there is no commit."""
    command = ["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"]
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return found.returncode != 0 or bool(found.stdout.strip())


def main() -> None:
    arguments = parse_arguments()
    build = arguments.build or ROOT / "build-bench"
    if arguments.checkpoints:
        groups, results = checkpoints.GROUPS, CHECKPOINT_RESULTS
        nbytes = arguments.size or (160 * MIB if arguments.quick else 4 << 30)
        title, command = "How fast whole checkpoints are", "script/bench --checkpoints"
    else:
        groups, results = GROUPS, RESULTS
        nbytes = arguments.size or (16 * MIB if arguments.quick else 1 << 30)
        title, command = "How fast it is", "script/bench"
    if arguments.torch:
        command += " --torch"
    load = os.getloadavg()[0]
    if load > QUIET:
        print(f"bench: the load is {load:.2f}: other processes distort the figures",
              file=sys.stderr)
    peers_python = build / "venv/bin/python3"
    names = [name for name in groups if re.search(arguments.rows, name)]
    is_writing = len(names) == len(groups) and not arguments.quick and not arguments.no_write
    if is_writing and is_dirty():
        sys.exit("bench: there are uncommitted changes, so no revision describes what is measured; "
                 "commit them, or use --no-write")

    with tempfile.TemporaryDirectory(prefix="quant-bench-") as name:
        directory = Path(name).resolve()
        needed = nbytes * 6 + 600 * MIB
        if arguments.large:
            needed = max(needed, nbytes * 19)
        if shutil.disk_usage(directory).free < needed:
            sys.exit(f"bench: '{directory.parent}' has less than {needed // MIB} MiB free: set "
                     "TMPDIR to another directory, or use a smaller --size")
        bench = Bench(
            quant=(build / "quant").resolve(), kernels_program=build / "bench/bench_kernels",
            peers_program=build / "bench/bench_peers",
            floor_program=(build / "bench/bench_floor").resolve(), numpy_python=numpy_python(),
            peers_python=peers_python if peers_python.exists() else None, directory=directory,
            nbytes=nbytes, repetitions=arguments.repetitions or (2 if arguments.quick else 5),
            quick=arguments.quick, large=arguments.large)
        for name in names:
            print(f"bench: {name}", file=sys.stderr)
            bench.group = name
            groups[name](bench)
        text = report(bench, machine(bench, build, load), title, command)
    if not arguments.torch:
        for name in ("PyTorch", "compressed-tensors"):
            text = text.replace(f"not available: {name}", f"not requested (--torch): {name}")
    print(text)
    if arguments.markdown:
        print(short_table(bench.rows))
    if is_writing:
        results.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
