# SPDX-License-Identifier: MIT
"""Times commands, the contenders of bench_peers and the kernels by turns, and compares them."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Command:
    """A command, and the outputs to remove before it runs again. {run} in an argument is replaced
    by a number that differs from run to run."""

    argv: Sequence[str | Path]
    outputs: Sequence[Path] = ()
    directory: Path | None = None  # to run it in
    runs: int = 0

    def next_argv(self) -> list[str]:
        self.runs += 1
        return [str(argument).replace("{run}", str(self.runs)) for argument in self.argv]

    def clean(self) -> None:
        for path in self.outputs:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@dataclass
class Times:
    """Seconds of each repetition."""

    wall: list[float]
    user: float = 0.0  # medians
    system: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.wall)


@dataclass
class Ratio:
    median: float
    min: float
    max: float


def ratio(over: Times, under: Times) -> Ratio:
    """The ratios of pairs that were measured one after the other."""
    pairs = [a / b for a, b in zip(over.wall, under.wall)]
    return Ratio(statistics.median(pairs), min(pairs), max(pairs))


NULL = os.open(os.devnull, os.O_RDWR)
FILE_ACTIONS = [(os.POSIX_SPAWN_DUP2, NULL, 0), (os.POSIX_SPAWN_DUP2, NULL, 1)]


def run_once(command: Command, environment: dict[str, str]) -> tuple[float, float, float]:
    """Wall, user and system seconds of the command; its outputs remain."""
    command.clean()
    argv = command.next_argv()
    program = shutil.which(argv[0])
    assert program, argv[0]
    here = os.getcwd()
    os.chdir(command.directory or here)
    try:
        start = time.perf_counter()
        pid = os.posix_spawn(program, argv, environment, file_actions=FILE_ACTIONS)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
    finally:
        os.chdir(here)
    if status != 0:
        raise RuntimeError(f"status {status}: {' '.join(argv[:8])}")
    return wall, usage.ru_utime, usage.ru_stime


def time_commands(commands: dict[str, Command], repetitions: int,
                  environment: dict[str, str] | None = None,
                  clean_after: bool = False, warm_up: bool = True) -> dict[str, Times]:
    """Runs all commands once to warm up, then by turns. The outputs of the last runs remain;
    with clean_after, those of each run are removed before the next command starts, so that it
    does not run while they are written to the disk."""
    variables = environment or dict(os.environ)
    for command in commands.values() if warm_up else ():
        run_once(command, variables)
        if clean_after:
            command.clean()
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            runs[name].append(run_once(command, variables))
            if clean_after:
                command.clean()
    return {name: Times([run[0] for run in of_one],
                        statistics.median(run[1] for run in of_one),
                        statistics.median(run[2] for run in of_one))
            for name, of_one in runs.items()}


def peak_mebibytes(command: Command) -> float | None:
    """The maximum resident memory of the command; None if there is no program `time`.

    Not from wait4: what a process was before exec counts there too, and that is this interpreter.
    """
    program = shutil.which("time")
    if not program:
        return None
    command.clean()
    done = subprocess.run([program, "-f", "%M", *command.next_argv()], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          cwd=command.directory, check=True)
    return int(done.stderr.split()[-1]) / 1024


def parse_times(text: str) -> dict[str, Times]:
    """The times that the benchmark programs print, without the missing ones."""
    lines = (line.split("\t") for line in text.splitlines())
    return {name: Times([float(word) for word in seconds.split()])
            for name, seconds in lines if seconds != "missing"}


def kernel_times(program: Path, repetitions: int, functions: Sequence[str],
                 elements: int) -> dict[str, Times]:
    """Seconds of a call of kernel functions, KIND or KIND:TYPE, in every row of the kernel table:
    by KIND[/VARIANT][:TYPE]@ROW."""
    done = subprocess.run([str(program), "--bench", "-t", "-n", str(elements),
                           "-r", str(repetitions), "-s", "0.02", *functions],
                          stdout=subprocess.PIPE, text=True, check=True)
    return parse_times(done.stdout)


def peers_runner(program: Path, repetitions: int) -> Callable[..., dict[str, Times]]:
    """A function that times contenders: seconds per call on `elements` elements for each thread."""

    def run(contenders: Sequence[str], elements: int = 32 << 10, threads: int = 1,
            isa: str = "", path: Path | None = None, min_seconds: float = 0.05) -> dict[str, Times]:
        options = ["-n", str(elements), "-t", str(threads), "-r", str(repetitions),
                   "-s", str(min_seconds)]
        if isa:
            options += ["-i", isa]
        if path:
            options += ["-f", str(path)]
        # A peer that creates threads uses one for each of ours.
        done = subprocess.run([str(program), *options, *contenders], stdout=subprocess.PIPE,
                              text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        return parse_times(done.stdout)

    return run


def product_times(program: Path, rows: int, size: int, repetitions: int) -> dict[str, Times]:
    """Seconds of a product of `rows` vectors and size x size weights, on one thread, of "f32" and
    of "int8"."""
    done = subprocess.run([str(program), str(rows), str(size), str(repetitions), "0.1"],
                          stdout=subprocess.PIPE, text=True, check=True,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})
    return parse_times(done.stdout)
