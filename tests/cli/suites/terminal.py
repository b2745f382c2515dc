# SPDX-License-Identifier: MIT
"""What is different on a terminal: colour and progress are there, binary data is refused."""
import os
import pty

from harness import Test, check, check_equal, finish, fresh_folder, listing, run, started


def on_terminal(command, folder, streams=("stdout",), **env):
    """(exit status, what the terminal got, what went elsewhere)"""
    ours, theirs = pty.openpty()
    try:
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


REFUSED = b"quant: binary data is not written to a terminal; redirect it, or give '--to json' or " \
          b"'--force'\nTry 'quant %s --help'.\n"


def progress(options, wanted):
    with fresh_folder(examples=True) as folder:
        status, text, rest = on_terminal(["quant", "quantize", *options, "x.npy"], folder,
                                         streams=("stderr",))
    check_equal((status, rest), (0, b""), "status and standard output")
    check((b"x.npy" in text) == wanted, f"the terminal got {text!r}")
    if wanted:
        check(text.endswith(b"\r"), f"the line was not wiped: {text!r}")


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
    yield Test("terminal/masked_name", "a file name sends nothing to the terminal", masked_name)
