# SPDX-License-Identifier: MIT
"""Two that replace the same files, a reader beside them, and kills: what is read is always one whole
pair, and two that both succeed leave the pair of one of them. The moments come from a seed.
"""
import array
import os
import random
import signal
import subprocess
import time

from harness import QUANT, Test, check, check_equal, environment, fresh_folder, listing, run

SEED = 20261128
ROUNDS = 60
KILLS = 40

# Their outputs have the same names, and other bytes.
OPTIONS = (["-s", "absmax", "--block-size", "1"], ["-s", "zero-point"])


def command(options):
    return ["quant", "quantize", "-q", "--force", *options, "w.bin"]


def start(arguments, folder):
    return subprocess.Popen([QUANT, *arguments[1:]], cwd=folder, env=environment(),
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def write_input(folder, random_):
    floats = array.array("f", [random_.gauss(0, 1) for _ in range(70_000)])
    (folder / "w.bin").write_bytes(floats.tobytes())


def restored(folder):
    result = run(["quant", "dequant", "-q", "-o", "-", "w.int8.bin"], folder)
    check_equal((result.status, result.err), (0, b""), "dequant beside those that replace its input")
    return result.out


def expected(folder):
    """What each of the two restores to."""
    results = []
    for options in OPTIONS:
        check_equal(run(command(options), folder), (0, b"", b""), "a run alone")
        results.append(restored(folder))
    check(results[0] != results[1], "both restore to the same")
    return results


def check_listing(folder, what):
    rest = set(listing(folder)) - {"w.bin", "w.int8.bin", "w.int8.bin.json", "w.int8.bin.scales"}
    check_equal(rest, set(), f"what else lies there after {what}")


def beside_each_other():
    with fresh_folder() as folder:
        write_input(folder, random.Random(SEED))
        whole = expected(folder)
        for _ in range(ROUNDS):
            writers = [start(command(options), folder) for options in OPTIONS]
            while any(writer.poll() is None for writer in writers):
                check(restored(folder) in whole, "a reader saw a pair of nobody")
            for writer in writers:
                check_equal((writer.communicate()[1], writer.returncode), (b"", 0), "a writer")
            check(restored(folder) in whole, "two writers left a pair of nobody")
        check_listing(folder, "two writers")


def killed():
    with fresh_folder() as folder:
        random_ = random.Random(SEED)
        write_input(folder, random_)
        whole = expected(folder)
        began = time.monotonic()
        run(command(OPTIONS[0]), folder)
        seconds = time.monotonic() - began
        for i in range(KILLS):
            writer = start(command(OPTIONS[i % 2]), folder)
            time.sleep(seconds * (0.3 + 0.9 * random_.random()))
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            check(restored(folder) in whole, "after a kill, the pair is of nobody")
        check_equal(run(command(OPTIONS[0]), folder), (0, b"", b""), "a run after kills")
        check_equal(restored(folder) == whole[0], True, "its pair is its own")
        check(not any(name.endswith(".pending") for name in listing(folder)),
              "a pending file is left")


def tests():
    yield Test("replacing/beside_each_other", "two writers and a reader", beside_each_other)
    yield Test("replacing/killed", "killed while replacing", killed)
