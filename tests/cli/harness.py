# SPDX-License-Identifier: MIT
"""What every suite stands on: a fresh folder, a process with a time limit, and how to fail or skip.

A suite is a module in suites/ with `def tests()`, which yields Test objects. Nothing here sleeps for
luck: wait_for() polls for a condition and gives up after a time that only a hung program needs.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "data"
EXAMPLES = DATA / "examples"
PATIENCE = 120.0  # seconds; a sanitizer build on a busy machine is some twenty times slower

Test = namedtuple("Test", "name says run")
Result = namedtuple("Result", "status out err")


class Failure(Exception):
    """The test failed; the text says what was found."""


class Skip(Exception):
    """The test cannot run here; the text says why."""


def _find_quant():
    found = os.environ.get("QUANT") or ROOT / "build" / "quant"
    path = Path(found).resolve()
    if not os.access(path, os.X_OK):
        sys.exit(f"there is no program '{path}': build it, or name it with QUANT=...")
    return str(path)


QUANT = _find_quant()
SANITIZED = os.environ.get("QUANT_SANITIZED") == "1" or b"__asan_init" in Path(QUANT).read_bytes()

# `quant` in a command line is the one under test, whatever its build calls it.
BIN = tempfile.mkdtemp(prefix="quant-bin-")
os.symlink(QUANT, os.path.join(BIN, "quant"))


def environment(**more):
    """The same for everyone: nothing of the caller's but what finds programs and sanitizers."""
    env = {"DATA": str(DATA), "PATH": BIN + ":" + os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return env


@contextmanager
def fresh_folder(examples=False):
    folder = Path(tempfile.mkdtemp(prefix="quant-test-"))
    try:
        if examples:
            for file in EXAMPLES.iterdir():
                shutil.copyfile(file, folder / file.name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(found, expected, what):
    check(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def listing(folder):
    return sorted(os.listdir(folder))


def run(command, cwd, stdin=b"", timeout=PATIENCE, **env):
    """A list runs as it is, a text through sh; the streams are bytes."""
    done = subprocess.run(
        command if isinstance(command, list) else ["sh", "-c", command],
        cwd=cwd, env=environment(**env), input=stdin, capture_output=True, timeout=timeout)
    return Result(done.returncode, done.stdout, done.stderr)


def start(command, cwd, env=None, **streams):
    streams.setdefault("stdin", subprocess.DEVNULL)
    streams.setdefault("stdout", subprocess.PIPE)
    streams.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(
        command if isinstance(command, list) else ["sh", "-c", command],
        cwd=cwd, env=environment(**(env or {})), **streams)


@contextmanager
def started(*arguments, **named):
    process = start(*arguments, **named)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


def wait_for(condition, what, process=None):
    """Polls; a process that ends meanwhile is a failure, since nothing more will happen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None and not condition():
            err = process.stderr.read() if process.stderr else b""
            raise Failure(f"ended with {process.returncode} before {what}: {err!r}")
        if time.monotonic() > end:
            raise Failure(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.002)


def process_state(pid):
    """The letter of /proc: S where it sleeps in a system call."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    return re.sub(r".*\) ", "", text, flags=re.S)[0]


def finish(process):
    """Waits for a started process; its output is all read."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Failure(f"it still runs after {PATIENCE:.0f} s") from None
    return Result(process.returncode, out, err)


def forget_program():
    shutil.rmtree(BIN, ignore_errors=True)
