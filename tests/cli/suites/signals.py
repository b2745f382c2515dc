# SPDX-License-Identifier: MIT
"""A signal ends the program by that signal, at whatever moment, with no partial file and the old
output intact; ignored signals stay ignored; a broken pipe is quiet.

A signal is sent when the program is known to be where the test wants it: it has taken all of a pipe
and sleeps, or its output is begun (a temporary file, or one without a name among its open files), or
the pipe that it writes to is full and it sleeps.
"""
import array
import fcntl
import os
import re
import shutil
import signal
import tempfile
import termios
from pathlib import Path

from harness import (Skip, Test, check, check_equal, finish, fresh_folder, listing, process_state,
                     run, started, wait_for)

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
FREE = shutil.disk_usage(tempfile.gettempdir()).free
BIG = min(64 << 30, FREE >> 20 << 20)  # bytes of a file of holes that no machine is done with before
                                       # it is interrupted; what it is quantized to fits the disk
TEMPORARY = re.compile(r"\.quant-.*\.tmp")


def bytes_waiting(fd):
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def sleeps(process):
    return process_state(process.pid) == "S"


def begun(folder, process):
    """The outputs that are being written: temporary files, and those that have no name yet, of which
    several descriptors may be open."""
    found = {name for name in listing(folder) if TEMPORARY.fullmatch(name)}
    descriptors = Path(f"/proc/{process.pid}/fd")
    for descriptor in descriptors.iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:  # closed in the meantime
            continue
        if target.startswith(f"{folder.resolve()}/#"):
            found.add(target)
    return found


def wait_until_drained(process, fd, fed):
    wait_for(lambda: bytes_waiting(fd) == 0 and sleeps(process), f"all {fed} bytes were read",
             process)


def wait_until_blocked(process, fd):
    """The pipe is full, and the program sleeps until somebody reads it."""
    def is_blocked():
        size = fcntl.fcntl(fd, 1032)  # F_GETPIPE_SZ
        return bytes_waiting(fd) > size - 4096 and sleeps(process)
    wait_for(is_blocked, "the pipe was full", process)


def old_pair(folder):
    """An output of before, which --force may replace."""
    (folder / "out.npy").write_bytes(b"old data")
    (folder / "out.npy.json").write_bytes(b"old sidecar")


def check_old_pair(folder, names):
    check_equal(listing(folder), names, "files in the folder")
    check_equal((folder / "out.npy").read_bytes(), b"old data", "the old output")
    check_equal((folder / "out.npy.json").read_bytes(), b"old sidecar", "the old sidecar")


def check_ended_by(result, number):
    check_equal(result.status, -number, f"exit status (stderr {result.err!r})")
    check_equal(result.err, b"", "standard error")


def sparse(folder, nbytes=BIG):
    with (folder / "big.bin").open("wb") as file:
        try:
            file.truncate(nbytes)
        except OSError as error:
            raise Skip(f"no file of {nbytes} bytes with holes here: {error}") from None


# ---- Reading ----

def while_reading(number, options, beginning):
    with fresh_folder() as folder:
        old_pair(folder)
        before = listing(folder)
        reading, writing = os.pipe()
        try:
            command = ["quant", "quantize", "--force", *options, "-", "-o", "out.npy"]
            with started(command, cwd=folder, stdin=reading) as process:
                os.write(writing, beginning)
                wait_until_drained(process, reading, len(beginning))
                process.send_signal(number)
                check_ended_by(finish(process), number)
        finally:
            os.close(reading)
            os.close(writing)
        check_old_pair(folder, before)


def while_opening_fifo(number):
    with fresh_folder() as folder:
        os.mkfifo(folder / "fifo")
        with started(["quant", "quantize", "fifo", "-o", "out.npy"], cwd=folder) as process:
            caught = Path(f"/proc/{process.pid}/status")

            def waits():
                mask = int(re.search(r"SigCgt:\s*(\w+)", caught.read_text()).group(1), 16)
                return mask >> (number - 1) & 1 and sleeps(process)
            wait_for(waits, "it waits for the writer", process)
            process.send_signal(number)
            check_ended_by(finish(process), number)
        check_equal(listing(folder), ["fifo"], "files in the folder")


# ---- Working ----

def while_working(number, options):
    with fresh_folder() as folder:
        old_pair(folder)
        sparse(folder)
        before = listing(folder)
        command = ["quant", "quantize", "--force", *options, "big.bin", "-o", "out.npy"]
        with started(command, cwd=folder) as process:
            wait_for(lambda: len(begun(folder, process)) == 2, "both outputs were begun", process)
            process.send_signal(number)
            check_ended_by(finish(process), number)
        check_old_pair(folder, before)


def while_dequantizing(number):
    with fresh_folder() as folder:
        made = run(["sh", "-c", "head -c 40000000 /dev/zero > x.bin && quant quantize x.bin"],
                   folder)
        check_equal(made, (0, b"", b""), "making the input")
        sidecar = folder / "x.int8.bin.json"
        nelems = BIG >> 3  # the floats fit the disk
        sidecar.write_text(sidecar.read_text().replace("10000000", str(nelems)))
        os.truncate(folder / "x.int8.bin", nelems)
        before = listing(folder)
        with started(["quant", "dequant", "x.int8.bin"], cwd=folder) as process:
            wait_for(lambda: begun(folder, process), "the output was begun", process)
            process.send_signal(number)
            check_ended_by(finish(process), number)
        check_equal(listing(folder), before, "files in the folder")


def several_inputs():
    """The inputs that had not begun are not begun."""
    with fresh_folder() as folder:
        sparse(folder)
        (folder / "small.bin").write_bytes(bytes(8))
        with started(["quant", "quantize", "-j", "1", "big.bin", "small.bin"], cwd=folder) as process:
            wait_for(lambda: begun(folder, process), "the first output was begun", process)
            process.send_signal(signal.SIGTERM)
            check_ended_by(finish(process), signal.SIGTERM)
        check_equal(listing(folder), ["big.bin", "small.bin"], "files in the folder")


def batch_on_terminal_line(threads):
    """A signal ends a batch: no summary line, no outputs of files that had not begun, and the progress
    line is gone."""
    with fresh_folder() as folder:
        sparse(folder)
        for i in range(50):
            (folder / f"s{i:02}.bin").write_bytes(bytes(4000))
        names = sorted(name for name in listing(folder))
        command = ["quant", "quantize", "--progress", "always", "-j", threads, *names]
        with started(command, cwd=folder) as process:
            wait_for(lambda: begun(folder, process), "the first output was begun", process)
            process.send_signal(signal.SIGINT)
            result = finish(process)
        check_equal(result.status, -signal.SIGINT, "exit status")
        check(b"files quantized" not in result.err, f"standard error: {result.err!r}")
        check(result.err == b"" or result.err.endswith(b"\r"), f"the line is left: {result.err!r}")
        check("big.int8.bin" not in listing(folder), "the large file has an output")
        check_equal([n for n in listing(folder) if TEMPORARY.fullmatch(n)], [], "temporary files")


def reports_unread(command):
    """Whose only product is standard output ends once nobody reads it, though SIGPIPE is ignored."""
    with fresh_folder(examples=True) as folder:
        check_equal(run("quant quantize -q x.npy y.npy", folder)[0], 0, "making the inputs")
        made = run("for i in 1 2 3 4 5 6 7 8; do cp x.npy $i.npy; cp x.int8.npy $i.int8.npy;"
                   " cp x.int8.npy.json $i.int8.npy.json; done", folder)
        check_equal(made, (0, b"", b""), "making the inputs")
        reading, writing = os.pipe()
        os.close(reading)
        with started(f"trap '' PIPE; exec {command}", cwd=folder, stdout=writing) as process:
            os.close(writing)
            result = finish(process)
        check_equal((result.status, result.err), (1, b""), "status and standard error")


def killed():
    """No program sees SIGKILL: that nothing stays is the system's doing, for files without a name."""
    with fresh_folder() as folder:
        sparse(folder)
        with started(["quant", "quantize", "big.bin"], cwd=folder) as process:
            wait_for(lambda: len(begun(folder, process)) == 2, "both outputs were begun", process)
            if listing(folder) != ["big.bin"]:
                raise Skip("the file system has no files without a name")
            process.send_signal(signal.SIGKILL)
            check_ended_by(finish(process), signal.SIGKILL)
        check_equal(listing(folder), ["big.bin"], "files in the folder")


# ---- Writing ----

def while_writing(number, options):
    with fresh_folder() as folder:
        sparse(folder)
        reading, writing = os.pipe()
        try:
            command = ["quant", "quantize", *options, "big.bin", "-o", "-", "--sidecar", "s.json"]
            with started(command, cwd=folder, stdout=writing) as process:
                wait_until_blocked(process, reading)
                process.send_signal(number)
                check_ended_by(finish(process), number)
        finally:
            os.close(reading)
            os.close(writing)
        check_equal(listing(folder), ["big.bin"], "files in the folder")


def broken_pipe(prefix, status):
    """The reader goes away while the pipe is full."""
    with fresh_folder() as folder:
        sparse(folder)
        reading, writing = os.pipe()
        command = prefix + "exec quant quantize --scale 1 big.bin -o - --sidecar s.json"
        with started(command, cwd=folder, stdout=writing) as process:
            os.close(writing)
            wait_until_blocked(process, reading)
            os.close(reading)
            result = finish(process)
        check_equal(result.status, status, "exit status")
        check_equal(result.err, b"", "standard error")
        check_equal(listing(folder), ["big.bin"], "files in the folder")


def broken_pipe_of_shell():
    with fresh_folder() as folder:
        sparse(folder)
        done = run("(quant quantize --scale 1 big.bin -o - --sidecar s.json; echo $? >&2) |"
                   " head -c 1 | od -An -td1", folder)
        check_equal(done, (0, b"    0\n", b"141\n"), "result")
        check_equal(listing(folder), ["big.bin"], "files in the folder")


# ---- Ignored ----

def ignored(number):
    """trap '' is what nohup does: the signal comes and nothing happens."""
    with fresh_folder() as folder:
        reading, writing = os.pipe()
        data = bytes(4000)
        command = f"trap '' {number.name[3:]}; exec quant quantize - -o out.bin"
        with started(command, cwd=folder, stdin=reading) as process:
            os.close(reading)
            os.write(writing, data)
            feed = os.dup(writing)
            os.close(writing)
            wait_for(lambda: bytes_waiting(feed) == 0 and sleeps(process), "it read", process)
            process.send_signal(number)
            os.write(feed, data)
            wait_for(lambda: bytes_waiting(feed) == 0 and sleeps(process), "it read on", process)
            os.close(feed)
            check_equal(finish(process), (0, b"", b""), "result")
        check_equal((folder / "out.bin").stat().st_size, 2000, "bytes of the output")


# ---- Two at once ----

def shared_folder():
    """Who made a folder and put nothing into it does not remove it while another is at work in it,
    whose outputs may not show."""
    with fresh_folder() as folder:
        for name in ("bad", "good"):
            os.mkfifo(folder / name)
        command = ["quant", "quantize", "--output-dir", "made", "-f", "raw"]
        with started([*command, "bad"], cwd=folder) as maker:
            wait_for((folder / "made").is_dir, "the folder was made", maker)
            with started([*command, "good"], cwd=folder) as other:
                made = folder / "made"
                wait_for(lambda: len(begun(made, other)) == 2, "both outputs were begun", other)
                (folder / "bad").write_bytes(bytes(3))
                check_equal(finish(maker).status, 1, "exit status of the one that made the folder")
                (folder / "good").write_bytes(bytes(8))
                check_equal(finish(other), (0, b"", b""), "result of the other one")
        check_equal(listing(folder / "made"), ["good.int8", "good.int8.json"], "files in the folder")


def removed_folder():
    """It goes where nothing came to be in it."""
    with fresh_folder() as folder:
        result = run(["quant", "quantize", "--output-dir", "made", "none.npy"], folder)
        check_equal(result[0], 1, "exit status")
        check_equal(listing(folder), [], "files in the folder")


# ---- Limits, and files that change ----

def file_size_limit(prefix, status, told):
    """RLIMIT_FSIZE of 4 KiB: SIGXFSZ, or an error where that is ignored."""
    with fresh_folder() as folder:
        old_pair(folder)
        sparse(folder, 1 << 20)
        before = listing(folder)
        done = run(f"ulimit -c 0; ulimit -f 8; {prefix} exec quant quantize --force big.bin"
                   " -o out.npy", folder)
        check_equal(done, (status, b"", told), "result")
        check_old_pair(folder, before)


def shrinking_input(options, size, told):
    with fresh_folder() as folder:
        old_pair(folder)
        sparse(folder)
        before = listing(folder)
        command = ["quant", "quantize", "--force", *options, "big.bin", "-o", "out.npy"]
        with started(command, cwd=folder) as process:
            wait_for(lambda: begun(folder, process), "the output was begun", process)
            os.truncate(folder / "big.bin", size)
            result = finish(process)
        check_equal(result.status, 1, "exit status")
        check(re.fullmatch(told, result.err), f"standard error: {result.err!r}")
        check_old_pair(folder, before)


def tests():
    npy = b"\x93NUMPY\1\0\x76\0" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999,), }" \
        .ljust(117) + b"\n" + bytes(100)
    ways = {"raw": ([], bytes(4000)), "raw_one_pass": (["--scale", "1"], bytes(4000)),
            "npy": ([], npy), "npy_one_pass": (["--scale", "1"], npy), "json": ([], b"[1, 2, 3,")}
    for number in ENDING:
        name = number.name[3:].lower()
        for way, (options, beginning) in ways.items():
            yield Test(f"signals/{name}_reading_{way}", "it ends while it waits for a pipe",
                       lambda n=number, o=options, b=beginning: while_reading(n, o, b))
        yield Test(f"signals/{name}_fifo", "it ends while a FIFO has no writer yet",
                   lambda n=number: while_opening_fifo(n))
        yield Test(f"signals/{name}_scanning", "it ends within the first pass",
                   lambda n=number: while_working(n, []))
        yield Test(f"signals/{name}_applying", "it ends within the only pass",
                   lambda n=number: while_working(n, ["--scale", "1", "--report"]))
        yield Test(f"signals/{name}_dequantizing", "it ends within dequant",
                   lambda n=number: while_dequantizing(n))
        yield Test(f"signals/{name}_writing", "it ends while it writes to a full pipe",
                   lambda n=number: while_writing(n, ["--scale", "1"]))
        yield Test(f"signals/{name}_ignored", "an ignored signal stays ignored",
                   lambda n=number: ignored(n))
    yield Test("signals/several_inputs", "the remaining inputs are not begun", several_inputs)
    for threads in ("1", "2"):
        yield Test(f"signals/batch_{threads}", "a batch that is interrupted has no summary",
                   lambda t=threads: batch_on_terminal_line(t))
    for name, command in (("compare", "quant compare [1-8].npy"),
                          ("measure", "quant dequant -j 1 --report [1-8].int8.npy")):
        yield Test(f"signals/unread_{name}", "reports that nobody reads are not made",
                   lambda c=command: reports_unread(c))
    yield Test("signals/killed", "SIGKILL leaves nothing of a new output", killed)
    yield Test("signals/broken_pipe", "SIGPIPE ends it quietly",
               lambda: broken_pipe("", -signal.SIGPIPE))
    yield Test("signals/broken_pipe_ignored", "with SIGPIPE ignored it is status 1, quietly",
               lambda: broken_pipe("trap '' PIPE; ", 1))
    yield Test("signals/broken_pipe_shell", "quant ... | head -c 1 is quiet", broken_pipe_of_shell)
    yield Test("signals/shared_folder", "an output folder that another run is at work in stays",
               shared_folder)
    yield Test("signals/removed_folder", "an output folder that is made and stays empty goes",
               removed_folder)
    yield Test("signals/file_size_limit", "SIGXFSZ ends it, and the old output stays",
               lambda: file_size_limit("", -signal.SIGXFSZ, b""))
    yield Test("signals/file_size_limit_ignored", "with SIGXFSZ ignored it is an error",
               lambda: file_size_limit("trap '' XFSZ;", 1,
                                       b"quant: cannot write 'out.npy': File too large\n"))
    shrank = rb"quant: cannot read 'big\.bin': it shrank while it was read: from %d bytes to %s\n"
    yield Test("signals/input_emptied", "an input that is emptied while it is read is an error",
               lambda: shrinking_input([], 0, shrank % (BIG, rb"\d+")))
    yield Test("signals/input_cut", "an input that is cut while it is read is an error",
               lambda: shrinking_input(["--scale", "1"], 256 << 20, shrank % (BIG, rb"\d+")))
