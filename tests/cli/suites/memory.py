# SPDX-License-Identifier: MIT
"""64 MiB of memory are enough for an input of any size: here 256 MiB, from a file and from a pipe,
spooled and in one pass, in every format, with --report, and back.

The peak is the kernel's: ru_maxrss of the finished process. Files have holes where zeros will do.
"""
import os
import subprocess

from harness import (SANITIZED, Skip, Test, check, check_equal, environment, fresh_folder)

LIMIT = 64 << 20
SIZE = 256 << 20
JSON_SIZE = 64 << 20


def write_raw(path):
    with path.open("wb") as file:
        file.truncate(SIZE)


def write_npy(path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 1024), }" % (SIZE >> 12)
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\1\0\x76\0" + header.ljust(117) + b"\n")
        file.truncate(128 + SIZE)


def write_json(path):
    """Rows of a hundred numbers each."""
    row = "[" + ",".join("%.7g" % ((i * 37 % 101 - 50) / 7) for i in range(100)) + "]"
    block = (",\n".join([row] * 100)).encode()
    with path.open("wb") as file:
        file.write(b"[" + block)
        while file.tell() < JSON_SIZE:
            file.write(b",\n" + block)
        file.write(b"]")


def write_one_row(path):
    """No row ends before the end of the file."""
    block = b",".join([b"-12.5,0.001"] * 50000)
    with path.open("wb") as file:
        file.write(b"[" + block)
        while file.tell() < JSON_SIZE:
            file.write(b"," + block)
        file.write(b"]")


FORMATS = {"raw": write_raw, "npy": write_npy, "json": write_json, "json_one_row": write_one_row}


def peak(command, folder, source=None):
    """Runs it, from a pipe where a source is given; returns bytes."""
    feeder = subprocess.Popen(["cat", source], cwd=folder, stdout=subprocess.PIPE) if source else None
    process = subprocess.Popen(command, cwd=folder, env=environment(TMPDIR=str(folder)),
                               stdin=feeder.stdout if feeder else subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if feeder:
        feeder.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if feeder:
        feeder.wait()
    check_equal((process.returncode, err), (0, b""), f"result of {' '.join(command)}")
    return usage.ru_maxrss << 10


def check_peak(command, folder, source=None):
    found = peak(command, folder, source)
    check(found <= LIMIT, f"{found >> 20} MiB for {' '.join(command)}" +
          (" from a pipe" if source else ""))


def format_stays_small(name):
    if SANITIZED:
        raise Skip("the sanitizers' own memory hides what is measured here")
    with fresh_folder() as folder:
        FORMATS[name](folder / "x")
        quantize = ["quant", "quantize", "--force", "-o", "q"]
        check_peak([*quantize, "x"], folder)
        check_peak([*quantize, "--report", "--scale", "0.25", "x"], folder)
        check_peak([*quantize, "-"], folder, source="x")
        check_peak([*quantize, "--report=json", "--scale", "0.25", "-"], folder, source="x")
        check_peak([*quantize, "--to", "raw" if "json" in name else "json", "x"], folder)
        check_peak([*quantize, "-s", "zero-point", "x"], folder)
        check_peak(["quant", "dequant", "-o", "-", "q"], folder)
        check_peak(["quant", "dequant", "--report", "q"], folder)
        check_peak(["quant", "dequant", "--report", "--against", "-", "q"], folder, source="x")
        check_peak(["quant", "dequant", "--sidecar", "q.json", "-o", "f", "-"], folder, source="q")


def tests():
    for name in FORMATS:
        yield Test(f"memory/{name}", "64 MiB of memory are enough, from a file and from a pipe",
                   lambda name=name: format_stays_small(name))
