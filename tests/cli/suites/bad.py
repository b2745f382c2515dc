# SPDX-License-Identifier: MIT
"""Every file of data/bad is refused: exit 1, one line on standard error, nothing left behind.

The line is held against bad.expected, which has two lines for each file:

    shape_larger.bin --shape 2,4
    ! quant: cannot read 'shape_larger.bin': ...

A file without such an entry fails, and so does an entry without its file. Each file is also read
through a pipe, where the message has to name standard input instead.
"""
import re
import shutil
import struct
from pathlib import Path

from harness import DATA, Failure, Test, check, check_equal, fresh_folder, listing, run

BAD = DATA / "bad"
EXPECTED = Path(__file__).resolve().parent / "bad.expected"
FORMATS = {".npy": "npy", ".json": "json", ".bin": "raw", ".safetensors": "safetensors",
           ".npz": "npz", ".gguf": "gguf"}


def bad_files():
    files = [file for file in BAD.iterdir() if file.suffix in FORMATS]
    for folder in ("sidecar", "calibration", "index"):
        files += [file for file in (BAD / folder).iterdir() if file.suffix == ".json"]
    return sorted(str(file.relative_to(BAD)) for file in files if not file.name.startswith("good"))


def read_expected():
    """{name: (options, message)}"""
    table = {}
    if EXPECTED.exists():
        lines = EXPECTED.read_text().splitlines()
        for head, message in zip(lines[::2], lines[1::2]):
            name, *options = head.split()
            table[name] = (options, message[2:])
    return table


def options_in_readme(name):
    """What data/bad/README.md says an input needs to be wrong."""
    found = re.search(r"\| `%s` \|.*Options: `([^`]*)`" % re.escape(name),
                      (BAD / "README.md").read_text())
    return found.group(1).split() if found else []


def refused(command, folder, before, stdin=b"", streams=False):
    """streams: what was sent before the end of the input was seen cannot be taken back."""
    result = run(command, folder, stdin)
    check_equal(result.status, 1, f"exit status, with {result.err!r} on standard error")
    check(streams or result.out == b"", f"standard output: found {result.out!r}")
    check_equal(listing(folder), before, "files in the folder")
    text = result.err.decode()
    check(text.endswith("\n") and text.count("\n") == 1, f"not one line: {text!r}")
    check(text[:-1].isprintable(), f"not printable: {text!r}")
    return text[:-1]


def refuse_input(name, options):
    with fresh_folder() as folder:
        shutil.copyfile(BAD / name, folder / name)
        before = listing(folder)
        message = refused(["quant", "quantize", "-o", "out", *options, name], folder, before)
        refused(["quant", "quantize", "-o", "out", "--force", "--scale", "1", *options, name],
                folder, before)
        through_pipe = ["quant", "quantize", "-o", "out", "--from", FORMATS[Path(name).suffix]]
        data = (BAD / name).read_bytes()
        for more in ([], ["--scale", "1"]):
            told = refused(through_pipe + options + more + ["-"], folder, before, data)
            check("'standard input'" in told, f"through a pipe it names no input: {told!r}")
    return message


def refuse_sidecar(name):
    with fresh_folder() as folder:
        sidecar = Path(name).name
        shutil.copyfile(BAD / name, folder / sidecar)
        shutil.copyfile(BAD / "sidecar" / "q.npy", folder / "q.npy")
        before = listing(folder)
        message = refused(["quant", "dequant", "--sidecar", sidecar, "-o", "out", "q.npy"],
                          folder, before)
        refused(["quant", "dequant", "--sidecar", sidecar, "-o", "-", "q.npy"], folder, before,
                streams=True)
        refused(["quant", "dequant", "--sidecar", sidecar, "--report", "--against", "q.npy",
                 "q.npy"], folder, before)
    return message


def refuse_calibration(name):
    with fresh_folder() as folder:
        part = Path(name).name
        shutil.copyfile(BAD / name, folder / part)
        before = listing(folder)
        message = refused(["quant", "calibrate", "--merge", "-o", "out", part], folder, before)
        check_equal(refused(["quant", "calibrate", "--merge", part], folder, before), message,
                    "message to standard output")
    return message


def refuse_index(name):
    """Nothing is read or written but in the two directories, wherever the shards are said to be."""
    with fresh_folder() as folder:
        (folder / "m").mkdir()
        header = b'{"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}'
        (folder / "m" / "model.safetensors").write_bytes(
            struct.pack("<Q", len(header)) + header + struct.pack("<f", 1.5))
        shutil.copyfile(BAD / name, folder / "m" / "model.safetensors.index.json")
        before = listing(folder)
        return refused(["quant", "quantize", "m", "--output-dir", "out"], folder, before)


def one(name, table, update):
    options = table[name][0] if name in table else options_in_readme(name)
    if name.startswith("sidecar/"):
        message = refuse_sidecar(name)
    elif name.startswith("calibration/"):
        message = refuse_calibration(name)
    elif name.startswith("index/"):
        message = refuse_index(name)
    else:
        message = refuse_input(name, options)
    if update:
        table[name] = (options, message)
        return
    check(name in table, f"no expectation for it: {message!r}")
    check_equal(message, table[name][1], "message")


GOOD = ("good.json", "good_arrays.json", "good_scales.json")


def restore(sidecar):
    """What the program makes of q.npy by this sidecar."""
    with fresh_folder() as folder:
        for name in (sidecar, "q.npy", "q.npy.scales"):
            shutil.copyfile(BAD / "sidecar" / name, folder / name)
        result = run(["quant", "dequant", "--sidecar", sidecar, "-o", "out.npy", "q.npy"], folder)
        check_equal(result, (0, b"", b""), "result")
        check("out.npy" in listing(folder), "there is no output")
        return (folder / "out.npy").read_bytes()


def good_sidecar(name):
    check_equal(restore(name), restore(GOOD[0]), f"what is restored, to that of {GOOD[0]}")


def good_calibrations():
    for name in ("good.json", "good_sigma.json", "good_ema.json"):
        with fresh_folder() as folder:
            shutil.copyfile(BAD / "calibration" / name, folder / name)
            result = run(["quant", "calibrate", "--merge", "-o", "out.json", name], folder)
            check_equal(result, (0, b"", b""), f"result of {name}")
            check("out.json" in listing(folder), "there is no output")


def table_fits(table, names, update):
    if update:
        text = "".join(" ".join([name, *table[name][0]]) + f"\n! {table[name][1]}\n"
                       for name in names if name in table)
        EXPECTED.write_text(text)
        return
    stale = sorted(set(table) - set(names))
    if stale:
        raise Failure(f"there are expectations for files that are not there: {' '.join(stale)}")
    for name in names:
        check_equal(table.get(name, ([],))[0], options_in_readme(name), f"options for '{name}'")


def tests(update):
    table = read_expected()
    names = bad_files()
    if not names:
        raise Failure("there are no files in data/bad")
    for name in names:
        yield Test(f"bad/{name}", "a bad input is refused in one line and leaves nothing",
                   lambda name=name: one(name, table, update))
    for name in GOOD:
        yield Test(f"bad/sidecar/{name}", "a sidecar that bad ones are made of restores the data",
                   lambda name=name: good_sidecar(name))
    yield Test("bad/calibration/good.json", "calibrations that the bad ones are made of are accepted",
               good_calibrations)
    yield Test("bad/table", "each expectation has its file, and the README's options",
               lambda: table_fits(table, names, update))
