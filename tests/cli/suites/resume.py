# SPDX-License-Identifier: MIT
"""--resume after SIGKILL at any moment: the outputs are those of one undisturbed run, byte for byte,
and nothing else is left. The moments come from a seed, so that each run of the tests has the same.
"""
import array
import json
import os
import random
import signal
import struct
import subprocess
import time

from harness import QUANT, Test, check, check_equal, environment, fresh_folder, listing, run

SEED = 20261128
KILLS = 6  # of each run, before it is left to finish


def floats(random_, n):
    return array.array("f", [random_.gauss(0, 1) for _ in range(n)]).tobytes()


def write_container(path, random_, ntensors, nelems):
    header, offset = {}, 0
    for i in range(ntensors):
        header[f"layer.{i}.weight"] = {"dtype": "F32", "shape": [16, nelems // 16],
                                       "data_offsets": [offset, offset + 4 * nelems]}
        offset += 4 * nelems
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    block = floats(random_, nelems)
    path.write_bytes(struct.pack("<Q", len(text)) + text + block * ntensors)


def make_inputs(folder, random_):
    inputs = folder / "in"
    inputs.mkdir()
    block = floats(random_, 1 << 14)
    for i in range(40):
        (inputs / f"w{i:02}.bin").write_bytes(block[4 * i:] * (1 + i % 7))
    write_container(inputs / "a.safetensors", random_, 30, 1 << 14)
    write_container(inputs / "b.safetensors", random_, 5, 1 << 17)
    return [str(path.relative_to(folder)) for path in sorted(inputs.iterdir())]


def contents(folder):
    return {name: (folder / name).read_bytes() for name in sorted(os.listdir(folder))}


def time_of(command, folder):
    began = time.monotonic()
    check_equal(run(command, folder), (0, b"", b""), "an undisturbed run")
    return time.monotonic() - began


def killed(command, folder, seconds):
    process = subprocess.Popen([QUANT, *command[1:]], cwd=folder, env=environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def check_resumed(make, folder, random_, how):
    """make(directory, options) is the command for an output directory."""
    whole = time_of(make("whole", []), folder)
    for k in range(KILLS):
        killed(make("killed", [how]), folder, whole * random_.random())
    result = run(make("killed", [how]), folder)
    check_equal(result[:2], (0, b""), f"the last run (stderr {result[2]!r})")
    found, expected = contents(folder / "killed"), contents(folder / "whole")
    check_equal(sorted(found), sorted(expected), "files")
    for name, data in expected.items():
        check(found[name] == data, f"{name} differs from that of one run")


def killed_quantizing(how, options):
    random_ = random.Random(SEED)
    with fresh_folder() as folder:
        inputs = make_inputs(folder, random_)
        check_resumed(lambda directory, ways: ["quant", "quantize", "-q", "-j", "2", *ways, *options,
                                               "--output-dir", directory, *inputs],
                      folder, random_, how)


def killed_replacing():
    """Killed while outputs of other options are replaced: old files and temporary ones go."""
    random_ = random.Random(SEED + 1)
    with fresh_folder() as folder:
        inputs = make_inputs(folder, random_)

        def make(directory, ways, *options):
            return ["quant", "quantize", "-q", "-j", "2", *ways, *options, "--output-dir", directory,
                    *inputs]

        check_equal(run(make("killed", [], "-s", "zero-point"), folder), (0, b"", b""), "old run")
        check_resumed(make, folder, random_, "--resume")


def killed_dequantizing(how):
    random_ = random.Random(SEED + 2)
    with fresh_folder() as folder:
        inputs = make_inputs(folder, random_)
        check_equal(run(["quant", "quantize", "-q", "--output-dir", "q", *inputs], folder),
                    (0, b"", b""), "set-up")
        quantized = [f"q/{name}" for name in listing(folder / "q") if not name.endswith(".json")]
        check_resumed(lambda directory, ways: ["quant", "dequant", "-q", "-j", "2", *ways,
                                               "--output-dir", directory, *quantized],
                      folder, random_, how)


def tests():
    yield Test("resume/quantize", "killed while quantizing", lambda: killed_quantizing("--resume", []))
    yield Test("resume/quantize_fast", "the same, with blocks and checksums taken for granted",
               lambda: killed_quantizing("--resume=fast",
                                         ["-s", "zero-point", "--block-size", "32"]))
    yield Test("resume/replace", killed_replacing.__doc__.strip(), killed_replacing)
    yield Test("resume/dequant", "killed while dequantizing", lambda: killed_dequantizing("--resume"))
    yield Test("resume/dequant_fast", "the same, with sizes and times alone",
               lambda: killed_dequantizing("--resume=fast"))
