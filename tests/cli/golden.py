# SPDX-License-Identifier: MIT
"""Golden cases. A case is a file cases/GROUP/NAME.test, whose first line says what it shows:

    # A mistyped option gets the nearest one.
    $ quant quantize --shceme absmax x.npy
    ! quant: unrecognized option '--shceme'; did you mean '--scheme'?
    ! Try 'quant quantize --help'.
    = 2

    $   a command line, which sh runs in the case's own folder, with copies of data/examples
    >   its next line
    |   a line that it writes to standard output
    !   a line that it writes to standard error
    %   after one of these: that line has no newline at its end
    =   its exit status, where that is not 0; negative for a signal
    #   a comment

All is compared byte for byte, so silence is expected where nothing is said. Only the time at the end
of a summary line differs from run to run: there TIME stands for it ("..., 2.5 : 1, TIME"). At the end no temporary
file of quant's may be left in the folder.
"""
import os
import re
from pathlib import Path

from harness import Failure, Test, fresh_folder, run

CASES = Path(__file__).resolve().parent / "cases"
LEFTOVER = ".quant-"  # how the names of temporary files begin
SUMMARY_TIME = re.compile(rb"^((?:\d+ of \d+ (?:files|tensors)|1 file) .*, )\d+(\.\d+)? s$", re.M)


class Step:
    """One command and what is expected of it."""

    def __init__(self, command):
        self.command = command
        self.out = b""
        self.err = b""
        self.status = 0

    def expected(self):
        return self.out, self.err, self.status


def parse(text, path):
    """[comment line or Step], in the order of the file."""
    parts = []
    step = None
    last = None
    for number, line in enumerate(text.split(b"\n"), 1):
        mark, rest = line[:1], line[2:]
        if mark in (b"", b"#"):
            parts.append(line)
        elif mark == b"$":
            step = Step(rest)
            parts.append(step)
        elif step is None:
            raise Failure(f"{path}:{number}: there is no command before this line")
        elif mark == b">":
            step.command += b"\n" + rest
        elif mark == b"|":
            step.out += rest + b"\n"
            last = "out"
        elif mark == b"!":
            step.err += rest + b"\n"
            last = "err"
        elif mark == b"%" and last:
            setattr(step, last, getattr(step, last)[:-1])
        elif mark == b"=":
            step.status = int(rest)
        else:
            raise Failure(f"{path}:{number}: no such mark: {line!r}")
    while parts and parts[-1] == b"":
        parts.pop()
    return parts


def stream_lines(mark, data):
    if not data:
        return []
    lines = [mark + b" " + line if line else mark for line in data.split(b"\n")]
    if data.endswith(b"\n"):
        return lines[:-1]
    return lines + [b"%"]


def step_lines(command, out, err, status):
    first, *more = command.split(b"\n")
    lines = [b"$ " + first] + [b"> " + line for line in more]
    lines += stream_lines(b"|", out) + stream_lines(b"!", err)
    return lines + ([b"= %d" % status] if status else [])


def compare(step, found):
    if found == step.expected():
        return
    wanted = step_lines(step.command, *step.expected())
    got = step_lines(step.command, *found)
    shared = 0
    while shared < min(len(wanted), len(got)) and wanted[shared] == got[shared]:
        shared += 1
    text = [b"  " + line for line in wanted[:shared]]
    text += [b"- " + line for line in wanted[shared:]] + [b"+ " + line for line in got[shared:]]
    raise Failure("- expected, + found\n" + b"\n".join(text).decode(errors="backslashreplace"))


def find_leftovers(folder):
    return sorted(name for _, _, names in os.walk(folder) for name in names
                  if name.startswith(LEFTOVER))


def run_case(path, update):
    parts = parse(path.read_bytes(), path)
    written = []
    with fresh_folder(examples=True) as folder:
        for part in parts:
            if not isinstance(part, Step):
                written.append(part)
                continue
            found = run(part.command.decode(errors="surrogateescape"), folder)
            out, err = (SUMMARY_TIME.sub(rb"\1TIME", text) for text in (found.out, found.err))
            found = (out, err, found.status)
            if not update:
                compare(part, found)
            written += step_lines(part.command, *found)
        left = find_leftovers(folder)
    if update:
        path.write_bytes(b"\n".join(written) + b"\n")
    if left:
        raise Failure(f"temporary files are left behind: {' '.join(left)}")


def says(path):
    with path.open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    return first.lstrip("# ") if first.startswith("#") else ""


def run_checked(path, update):
    if not says(path):
        raise Failure(f"{path}: the first line must be a comment that says what the case shows")
    run_case(path, update)


def tests(update):
    for path in sorted(CASES.glob("*/*.test")):
        name = f"{path.parent.name}/{path.stem}"
        yield Test(name, says(path), lambda path=path: run_checked(path, update))
