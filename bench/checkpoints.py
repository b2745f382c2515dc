# SPDX-License-Identifier: MIT
"""The rows of `script/bench --checkpoints`: whole checkpoints against `cp` and against the tools
that people use for them, directories, and how bad archives are refused.

Everything is in the page cache. What a command writes is removed before the next one starts.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import data
from measure import Command, Ratio, Times, peak_mebibytes, time_commands
from rows import MIB, ROOT, Bench, Target, add_command, many_files

SHARDS = 4
ONNX_BYTES = 1 << 30  # a model of ONNX in one file has at most 2 GiB
MAX_PEAK = 64  # MiB, plus the headers


def layers_of(nbytes: int) -> int:
    return max(SHARDS, nbytes // data.LAYER_BYTES)


def add_peaks(bench: Bench, commands: dict[str, Command], where: str,
              headers: int) -> dict[str, float | None]:
    """Rows of the peak memory of the commands of quant. Returns all peaks, in MiB."""
    if not shutil.which("time"):
        bench.missing.add("the program `time`, for the peak memory")
        return {}
    peaks: dict[str, float | None] = {}
    most = Target(False, round(MAX_PEAK + headers / MIB, 1))
    for name, command in commands.items():
        peaks[name] = peak = peak_mebibytes(command)
        command.clean()
        if command.argv[0] == bench.quant:
            bench.add(f"peak memory of {name}{where}", f"{headers / MIB:.1f} MiB of headers",
                      Ratio(peak, peak, peak), "MiB", most)
    return peaks


def add_commands(bench: Bench, times: dict[str, Times], peaks: dict[str, float | None],
                 where: str) -> None:
    for name, one in times.items():
        add_command(bench, name + where, one, peaks.get(name))


def add_milliseconds(bench: Bench, work: str, times: Times, at_most: float) -> None:
    more = sorted(1000 * seconds for seconds in times.wall)
    bench.add(work, "the whole process", Ratio(1000 * times.median, more[0], more[-1]), "ms",
              Target(False, at_most))


# ---- One checkpoint -----------------------------------------------------------------------------

def checkpoint(bench: Bench) -> None:
    model, copy, output = (bench.directory / name for name in ("model", "copy", "output"))
    quantized = bench.directory / "model-int8"
    layers = layers_of(bench.nbytes)
    headers = data.write_checkpoint(model, layers, SHARDS)
    where = f", {bench.size} in {layers * len(data.LAYER) + 1} tensors over {SHARDS} shards"

    def quantize(directory: Path, *options: str) -> Command:
        return Command([bench.quant, "quantize", "-q", *options, model, "--output-dir", directory],
                       [directory])

    subprocess.run(quantize(quantized, "--axis", "0").argv, check=True)
    bare = bench.directory / "bare"
    commands = {
        "cp -r": Command(["cp", "-r", model, copy], [copy]),
        "only reading it and writing a quarter": Command(
            [bench.floor_program, str(bench.threads), "0", bare,
             str(layers * data.LAYER_BYTES // 4), *sorted(model.glob("*.safetensors"))], [bare]),
        "quant quantize --axis 0": quantize(output, "--axis", "0"),
        "quant quantize": quantize(output),
        "quant verify": Command([bench.quant, "verify", "-q", quantized]),
        "quant dequant": Command(
            [bench.quant, "dequant", "-q", quantized, "--output-dir", output], [output]),
    }
    times = time_commands(commands, bench.repetitions, clean_after=True)
    targets = {"quant quantize --axis 0": 0.35, "quant quantize": 0.35, "quant verify": 0.30}
    for name in commands:
        if name != "cp -r":
            bench.shorter(name + where, "cp -r of it", times[name], times["cp -r"],
                          targets.get(name), short=name in targets)
    commands["quant inspect"] = inspect = Command([bench.quant, "inspect", "-q", model])
    times |= time_commands({"quant inspect": inspect}, 4 * bench.repetitions)
    add_milliseconds(bench, "quant inspect" + where, times["quant inspect"], 50)
    peaks = add_peaks(bench, commands, where, headers)
    add_commands(bench, times, peaks, where)
    for directory in (model, quantized):
        shutil.rmtree(directory)


def small_tensors(bench: Bench) -> None:
    count = 1000 if bench.quick else 31_337
    model, copy = bench.directory / "small.safetensors", bench.directory / "copy.safetensors"
    output = bench.directory / "small.int8.safetensors"
    sidecar = bench.directory / "small.int8.safetensors.json"
    names = [(f"model.layers.{i}.weight", (64, 64)) for i in range(count)]
    headers = data.write_safetensors(model, names)
    commands = {
        "cp": Command(["cp", model, copy], [copy]),
        "quant quantize --axis 0": Command(
            [bench.quant, "quantize", "-q", "--axis", "0", model, "-o", output], [output, sidecar]),
        "quant quantize": Command([bench.quant, "quantize", "-q", model, "-o", output],
                                  [output, sidecar]),
    }
    where = f", {count} tensors of 16 KiB in a file"
    times = time_commands(commands, bench.repetitions, clean_after=True)
    for name in commands:
        if name != "cp":
            bench.shorter(name + where, "cp of it", times[name], times["cp"], 1.2, short=True)
    add_commands(bench, times, add_peaks(bench, commands, where, headers), where)
    model.unlink()


def directory(bench: Bench) -> None:
    many_files(bench, directory_in)


def directory_in(bench: Bench, area: Path, count: int, where: str, at_most: float | None) -> None:
    commands = {
        "cp -r": Command(["cp", "-r", area / "in", area / "copy{run}"]),
        "quant quantize": Command(
            [bench.quant, "quantize", "-q", area / "in", "--output-dir", area / "out{run}"]),
        # Integers and sidecars: twice the number of files.
        "cp -r of what quantize writes": Command(
            ["cp", "-r", area / "out1", area / "copy_of_out{run}"]),
    }
    where = f", a directory of {count} .npy of 4 KiB{where}"
    times = time_commands(commands, bench.repetitions)
    bench.shorter("quant quantize" + where, "cp -r of it", times["quant quantize"], times["cp -r"],
                  at_most, short=at_most is not None)
    bench.shorter("cp -r of what quantize writes" + where, "cp -r of it",
                  times["cp -r of what quantize writes"], times["cp -r"])
    add_commands(bench, times, add_peaks(bench, commands, where, 0), where)


# ---- Beside other tools -------------------------------------------------------------------------

PEERS = {
    "numpy": ("NumPy and safetensors, in place", "numpy"),
    "numpy_plain": ("NumPy and safetensors, one expression", "numpy"),
    "torch": ("PyTorch", "torch"),
    "compressed_tensors": ("compressed-tensors", "compressed_tensors"),
    "onnxruntime": ("ONNX Runtime quantize_dynamic", "onnxruntime"),
}


def peer_command(bench: Bench, *arguments: str | Path) -> list[str | Path]:
    return [bench.peers_python, ROOT / "bench/checkpoint_peers.py", *arguments]


def version_of(bench: Bench, package: str) -> str | None:
    """The version of a package; None if it cannot be imported."""
    if not bench.peers_python:
        return None
    done = subprocess.run(peer_command(bench, "version", package), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def compare(bench: Bench, ours: Command, theirs: dict[str, Command], where: str) -> None:
    commands = {"quant": ours} | theirs
    peaks = {}
    for name, command in commands.items():  # the run before the first that is timed
        peaks[name] = peak_mebibytes(command)
        command.clean()
    times = time_commands(commands, min(3, bench.repetitions), clean_after=True, warm_up=False)
    for name in theirs:
        bench.faster("quant quantize --axis 0" + where, name, times["quant"], times[name], 10,
                     short=True)
        if peaks["quant"] and peaks[name]:
            part = peaks["quant"] / peaks[name]
            bench.add("its peak memory" + where, name, Ratio(part, part, part), "x its memory",
                      Target(False, 0.05), ours=f"{peaks['quant']:.1f} MiB",
                      theirs=f"{peaks[name]:.0f} MiB")
    add_commands(bench, times, peaks, where)


def tools(bench: Bench) -> None:
    """The loops on the whole checkpoint; ONNX Runtime on a smaller one."""
    versions = {name: version_of(bench, package) for name, (_, package) in PEERS.items()}
    safetensors = version_of(bench, "safetensors")
    if not safetensors:
        bench.missing.add("the package safetensors, which every tool here reads with")
        return
    bench.missing |= {text for name, (text, _) in PEERS.items() if not versions[name]}
    for nbytes, is_onnx in ((bench.nbytes, False), (min(bench.nbytes, ONNX_BYTES), True)):
        names = [name for name in PEERS
                 if versions[name] and (name == "onnxruntime") == is_onnx]
        if not names:
            continue
        source = model = bench.directory / "model"
        layers = layers_of(nbytes)
        data.write_checkpoint(model, layers, SHARDS)
        if is_onnx:
            source = bench.directory / "model.onnx"
            subprocess.run(peer_command(bench, "model", model, source), check=True)
        ours, output = bench.directory / "ours", bench.directory / "theirs"
        compare(bench,
                Command([bench.quant, "quantize", "-q", "--axis", "0", model, "--output-dir", ours],
                        [ours]),
                {f"{PEERS[name][0]}, {versions[name]} (safetensors {safetensors})":
                 Command(peer_command(bench, name, source, output), [output]) for name in names},
                f", {nbytes / (1 << 30):.3g} GiB in {layers * len(data.LAYER) + 1} tensors")
        shutil.rmtree(model)
        (bench.directory / "model.onnx").unlink(missing_ok=True)
    starts = {f"only importing {package}": Command(peer_command(bench, "version", package))
              for name, (_, package) in PEERS.items() if versions[name]}
    add_commands(bench, time_commands(starts, 2), {}, "")


# ---- Bad archives -------------------------------------------------------------------------------

def refuse(bench: Bench, path: Path, output: Path) -> tuple[float, float]:
    """Seconds and MiB until a bad file is refused."""
    start = time.perf_counter()
    done = subprocess.run(["time", "-f", "%M", bench.quant, "quantize", path, "-o", output],
                          stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 1 or output.exists():
        raise RuntimeError(f"'{path}' is not refused: status {done.returncode}")
    return seconds, int(done.stderr.split()[-1]) / 1024


def refusals(bench: Bench) -> None:
    if not shutil.which("time"):
        bench.missing.add("the program `time`, for bad archives")
        return
    for suffix in ("safetensors", "npz"):
        paths = sorted((ROOT / "data/bad").glob(f"*.{suffix}"))
        found = {path.name: refuse(bench, path, bench.directory / f"out.{suffix}")
                 for path in paths}
        what = f"refusing {len(paths)} bad .{suffix}, the worst"
        slowest = max(found, key=lambda name: found[name][0])
        seconds = sorted(1000 * taken for taken, _ in found.values())
        bench.add(what, slowest, Ratio(seconds[-1], seconds[0], seconds[-1]), "ms",
                  Target(False, 1000))
        largest = max(found, key=lambda name: found[name][1])
        peaks = sorted(peak for _, peak in found.values())
        bench.add(f"peak memory of {what}", largest, Ratio(peaks[-1], peaks[0], peaks[-1]), "MiB",
                  Target(False, MAX_PEAK))


GROUPS: dict[str, Callable[[Bench], None]] = {
    "checkpoint": checkpoint, "tensors": small_tensors, "tools": tools, "refusals": refusals,
    "directory": directory,  # last, as rows.many
}
