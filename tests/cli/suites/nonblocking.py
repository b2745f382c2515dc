# SPDX-License-Identifier: MIT
"""Where standard output and standard error do not block, everything still arrives: the program waits
until there is room, and those it shares the descriptor with keep it as it was."""
import fcntl
import json
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import tty

from harness import QUANT, Test, check, check_equal, environment, fresh_folder, wait_for

ROOM = 4096


def write_many(path):
    """400 tensors without elements: more text than any of the buffers holds."""
    entry = {"dtype": "F32", "shape": [0, 2], "data_offsets": [0, 0]}
    header = json.dumps({f"tensor.{i}": entry for i in range(400)}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def make_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, ROOM)
    return reader, writer


def make_socket():
    reader, writer = socket.socketpair()
    writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
    return reader.detach(), writer.detach()


def make_terminal():
    reader, writer = pty.openpty()
    tty.setraw(writer)
    return reader, writer


KINDS = {"pipe": make_pipe, "socket": make_socket, "terminal": make_terminal}
COMMANDS = {
    "help": ["quantize", "--help"],
    "inspect": ["inspect", "m.safetensors"],
    "dry_run": ["quantize", "--dry-run", "--verbose", "m.safetensors"],
    "report": ["quantize", "--force", "--quiet", "--report=json", "m.safetensors"],
}


def is_filled(reader, process):
    """A socket of small messages is full with few bytes."""
    held = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]
    return held >= 256 or process.poll() is not None


def read_slowly(reader, process):
    """Some bytes at a time, up to the end of the process."""
    os.set_blocking(reader, False)
    found = b""
    while True:
        has_ended = process.poll() is not None
        ready = select.select([reader], [], [], 0 if has_ended else 0.05)[0]
        if ready:
            found += os.read(reader, 500)
        elif has_ended:
            return found


def run_into(kind, arguments, stream, folder):
    """What arrives, once there is no room for more."""
    reader, writer = KINDS[kind]()
    try:
        before = fcntl.fcntl(writer, fcntl.F_GETFL) | os.O_NONBLOCK
        fcntl.fcntl(writer, fcntl.F_SETFL, before)
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writer}
        process = subprocess.Popen([QUANT, *arguments], cwd=folder, env=environment(COLUMNS="80"),
                                   stdin=subprocess.DEVNULL, **streams)
        wait_for(lambda: is_filled(reader, process), "output")
        found = read_slowly(reader, process)
        check_equal(fcntl.fcntl(writer, fcntl.F_GETFL), before, "the flags of the descriptor")
    finally:
        os.close(reader)
        os.close(writer)
    return found, process.wait()


def run_plainly(arguments, stream, folder):
    result = subprocess.run([QUANT, *arguments], cwd=folder, env=environment(COLUMNS="80"),
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return getattr(result, stream), result.returncode


def check_arrives(kind, arguments, stream):
    with fresh_folder() as folder:
        write_many(folder / "m.safetensors")
        expected = run_plainly(arguments, stream, folder)
        check(len(expected[0]) > ROOM, f"{arguments}: only {len(expected[0])} bytes")
        check_equal(run_into(kind, arguments, stream, folder), expected, " ".join(arguments))


def tests():
    for kind in KINDS:
        for name, arguments in COMMANDS.items():
            yield Test(f"nonblocking/{kind}/{name}", "all of it arrives in standard output",
                       lambda kind=kind, arguments=arguments:
                       check_arrives(kind, arguments, "stdout"))
        missing = ["quantize", "--quiet", *(f"missing.{i}.npy" for i in range(300))]
        yield Test(f"nonblocking/{kind}/messages", "all of it arrives in standard error",
                   lambda kind=kind, arguments=missing: check_arrives(kind, arguments, "stderr"))
