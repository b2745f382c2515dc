# SPDX-License-Identifier: MIT
"""What is different on a terminal: colour and progress are there, binary data is refused."""
import fcntl
import functools
import os
import pty
import re
import struct
import termios
from random import Random

from harness import Test, check, check_equal, finish, fresh_folder, listing, run, started


def on_terminal(command, folder, streams=("stdout",), columns=80, **env):
    """(exit status, what the terminal got, what went elsewhere)"""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        named = {stream: theirs for stream in streams}
        with started(command, cwd=folder, env={"TERM": "xterm", **env}, **named) as process:
            os.close(theirs)
            theirs = -1
            text = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # EIO: nobody has the other end any more
                    break
                if not piece:
                    break
                text += piece
            result = finish(process)
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    return result.status, text.replace(b"\r\n", b"\n"), (result.out or b"") + (result.err or b"")


def colour(env, wanted, command=("quant", "quantize", "--force", "--report", "--clip", "-1,1",
                                 "x.npy")):
    with fresh_folder(examples=True) as folder:
        status, text, rest = on_terminal(list(command), folder, **env)
    check_equal((status, rest), (0, b""), "status and standard error")
    check((b"\x1b[" in text) == wanted, f"the terminal got {text!r}")


def binary(command, status, told):
    with fresh_folder(examples=True) as folder:
        run(["quant", "quantize", "x.npy"], folder)
        before = listing(folder)
        found, text, rest = on_terminal(command, folder)
        check_equal((found, rest), (status, told), "status and standard error")
        if status:
            check_equal((text, listing(folder)), (b"", before), "the terminal, and the files")
        else:
            check(text, "the terminal got nothing")


REFUSED = b"quant: binary data is not sent to a terminal; redirect it, or give '--to json' or " \
          b"'--force'\nTry 'quant %s --help'.\n"


def progress(options, wanted):
    with fresh_folder(examples=True) as folder:
        status, text, rest = on_terminal(["quant", "quantize", *options, "x.npy"], folder,
                                         streams=("stderr",))
    check_equal((status, rest), (0, b""), "status and standard output")
    check((b"x.npy" in text) == wanted, f"the terminal got {text!r}")
    if wanted:
        check_gone(text)


# ---- The progress line ----

def check_gone(text):
    """What is on the last line of the terminal, once all was written: nothing."""
    line = ""
    for piece in text.decode().split("\n")[-1].split("\r"):
        line = piece + line[len(piece):]
    check_equal(line.strip(), "", f"the last line, of {text!r}")


def drawn(text):
    """[a line that was drawn], without the messages between them"""
    lines = [piece.rstrip() for row in text.decode().split("\n") for piece in row.split("\r")]
    return [line for line in lines if re.match(r" *\d+ %|\d+ elements", line)]


def check_rises(numbers, what):
    for before, after in zip(numbers, numbers[1:]):
        check(before <= after, f"{what} falls from {before} to {after}: {numbers}")


def percents(lines):
    return [int(re.match(r" *(\d+) %", line).group(1)) for line in lines if "%" in line]


@functools.lru_cache(maxsize=None)
def block_of_floats(seed):
    """4096 normal-looking numbers, without NumPy."""
    random = Random(seed)
    return struct.pack("<4096f", *(random.gauss(0, 1) for _ in range(4096)))


def write_floats(path, n, seed=1):
    path.write_bytes((block_of_floats(seed) * (n // 4096 + 1))[:4 * n])


def progress_of_batch(columns, threads):
    """A line that stays while files are done, between messages, in the terminal's width."""
    n = 300
    with fresh_folder() as folder:
        for i in range(n):
            write_floats(folder / f"f{i:03}.bin", 5000 * (1 + i % 7))
        (folder / "f007.bin").write_bytes(bytes(3))  # it fails
        names = [f"f{i:03}.bin" for i in range(n)]
        status, text, _ = on_terminal(
            ["quant", "quantize", "-m", "percentile", "--progress", "always", "-j", threads, *names],
            folder, streams=("stderr",), columns=columns)
    check_equal(status, 1, "exit status")
    check_gone(text)
    lines = drawn(text)
    check(lines, f"the line was never drawn: {text!r}")
    for line in lines:
        check(len(line) < columns, f"more than {columns - 1} columns: {line!r}")
    check_rises(percents(lines), "the share")
    if columns < 20:
        return
    files = [re.search(r"(\d+)( of |/)(\d+)", line) for line in lines]
    check(all(files), f"no number of files: {lines}")
    check_rises([int(found.group(1)) for found in files], "the number of files")
    check_equal({found.group(3) for found in files}, {str(n)}, "the number of all files")
    if columns >= 80 and len(lines) > 1:  # a fast machine draws one, at the very beginning
        check(re.search(r"^ *\d+ %  \d+ of 300 files  [\d.]+ [kMG]?B/s  \d+:\d\d left  1 failed  "
                        r"f\d+\.bin$", lines[-1]), f"the last line: {lines[-1]!r}")
    check(len(re.findall(rb"\r +\r", text)) <= 3, f"it was removed between files: {text!r}")
    rows = [row.split("\r")[-1] for row in text.decode().split("\n")]
    check(any(row.startswith("quant: cannot read 'f007.bin': ") for row in rows),
          f"the message does not begin a line: {text!r}")
    check(any(row.startswith("299 of 300 files quantized to int8 (1 failed), ") for row in rows),
          f"no summary: {text!r}")


def progress_of_passes(options, name="big.bin"):
    """However many passes there are, the share never falls."""
    with fresh_folder() as folder:
        write_floats(folder / "big.bin", 3000000)
        write_floats(folder / "more.bin", 700000, seed=5)
        status, text, _ = on_terminal(
            ["quant", *options, "--progress", "always", "big.bin"], folder, streams=("stderr",))
    check_equal(status, 0, "exit status")
    check_gone(text)
    lines = drawn(text)
    check(lines and name in lines[0], f"the lines are {lines}")
    check_rises(percents(lines), "the share")


def messages_whole():
    """Standard output and standard error are one terminal: reports and the line do not mix."""
    with fresh_folder(examples=True) as folder:
        names = [f"d{i}.npy" for i in range(20)]
        for name in names:
            os.symlink("x.npy", folder / name)
        status, text, _ = on_terminal(
            ["quant", "quantize", "--report", "--progress", "always", *names], folder,
            streams=("stdout", "stderr"), NO_COLOR="1")
    check_equal(status, 0, "exit status")
    for row in text.decode().split("\n"):
        shown = [piece for piece in row.split("\r") if piece.strip()]
        if shown and "mean squared error" in shown[-1]:
            check(re.match(r"^ *r?mse ", shown[-1]), f"a line of the report: {row!r}")
    check_equal(len(re.findall(r"(?:^|\r)d\d+\.npy", text.decode(), re.M)), 20, "reports")


def waits_for_input(options, wanted, stdin_is_terminal=True):
    """'-' on a terminal says so; the input itself is typed, and Ctrl-D ends it."""
    command = ["quant", "quantize", "-", "-o", "-", "--sidecar", "s.json", *options]
    ours, theirs = pty.openpty()
    try:
        with fresh_folder() as folder:
            if stdin_is_terminal:
                os.write(ours, b"[1,2]\n\x04")
                with started(command, cwd=folder, stdin=theirs) as process:
                    result = finish(process)
            else:
                result = run(command, folder, stdin=b"[1,2]")
    finally:
        os.close(ours)
        os.close(theirs)
    told = b"quant: reading standard input, which is a terminal; Ctrl-D ends it\n" if wanted else b""
    check_equal((result.status, result.out, result.err), (0, b"[64,127]\n", told), "the run")


def masked_name():
    with fresh_folder(examples=True) as folder:
        name = "a\n\x1b[31mb\x07.npy"
        os.rename(folder / "x.npy", folder / name)
        for options in (["--report"], ["--progress", "always", "--force"]):
            _, text, _ = on_terminal(["quant", "quantize", *options, name], folder,
                                     streams=("stdout", "stderr"), NO_COLOR="1")
            check(b"a??[31mb?.npy" in text, f"the terminal got {text!r}")
            check(b"\x1b" not in text and b"\x07" not in text, f"the terminal got {text!r}")


def tests():
    for name, env, wanted in (("colour", {}, True), ("no_color", {"NO_COLOR": "1"}, False),
                              ("no_color_empty", {"NO_COLOR": ""}, True),
                              ("dumb", {"TERM": "dumb"}, False)):
        yield Test(f"terminal/{name}", "colour only on a terminal, and never with NO_COLOR",
                   lambda e=env, w=wanted: colour(e, w))
    yield Test("terminal/json_report", "the JSON report has no colour", lambda: colour(
        {}, False, ("quant", "quantize", "--report=json", "x.npy")))
    quantize = ["quant", "quantize", "x.npy", "-o", "-", "--sidecar", "s.json"]
    yield Test("terminal/waits", "'-' on a terminal says that it waits for input",
               lambda: waits_for_input([], True))
    yield Test("terminal/waits_quietly", "but not with -q", lambda: waits_for_input(["-q"], False))
    yield Test("terminal/waits_pipe", "nor in a pipe", lambda: waits_for_input([], False, False))
    yield Test("terminal/binary", "binary data does not go to a terminal",
               lambda: binary(quantize, 2, REFUSED % b"quantize"))
    yield Test("terminal/binary_force", "with --force it does",
               lambda: binary([*quantize, "--force"], 0, b""))
    yield Test("terminal/binary_json", "JSON is text",
               lambda: binary([*quantize, "--to", "json"], 0, b""))
    yield Test("terminal/json_kept", "JSON that stays JSON is text too", lambda: binary(
        ["quant", "quantize", "x.json", "-o", "-", "--sidecar", "s.json"], 0, b""))
    yield Test("terminal/binary_dequant", "dequant writes none to a terminal either", lambda: binary(
        ["quant", "dequant", "x.int8.npy", "-o", "-"], 2, REFUSED % b"dequant"))
    for name, options, wanted in (("always", ["--progress", "always"], True),
                                  ("quiet", ["--progress", "always", "-q"], False),
                                  ("auto", [], False), ("never", ["--progress", "never"], False)):
        yield Test(f"terminal/progress_{name}", "the progress line: there where it is wanted",
                   lambda o=options, w=wanted: progress(o, w))
    for columns in (200, 80, 40, 20, 9):
        yield Test(f"terminal/progress_{columns}", "one line for the whole batch, in the width there is",
                   lambda c=columns: progress_of_batch(c, "1" if c == 40 else "2"))
    for name, options in (("mse", ["quantize", "-m", "mse"]), ("auto_method", ["quantize", "-m", "auto"]),
                          ("axis", ["quantize", "-m", "percentile", "--shape", "3,1000000", "--axis", "0"]),
                          ("calibrate", ["calibrate", "-m", "mse", "more.bin"]),
                          ("ema", ["calibrate", "--ema", "0.5", "-m", "entropy", "more.bin"]),
                          ("compare", ["compare"])):
        yield Test(f"terminal/progress_{name}", "the share never falls, however many passes there are",
                   lambda o=options: progress_of_passes(o, "." if "more.bin" in o else "big.bin"))
    yield Test("terminal/report_and_progress", "reports and the line do not mix", messages_whole)
    yield Test("terminal/masked_name", "a file name sends nothing to the terminal", masked_name)
