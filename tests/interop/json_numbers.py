#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Python's json module and NumPy's float32 read the same values as quant from random JSON, and read
what quant writes.

    json_numbers.py [SEED]

What quant read is seen in two ways: the greatest element of a single number is in the sidecar, in
nine digits; and of an array the report's sums, at full precision, are those of the same values in .npy.
"""
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

from reference import read_sidecar, run, seed_from, skip

try:
    import numpy as np
except ImportError:
    skip("there is no NumPy for this python3: script/bootstrap installs it")

ARRAYS = 100
SINGLE = 400
FLT_MAX = float(np.finfo(np.float32).max)


def random_text(pick):
    """A JSON number within float32, written in one of many ways."""
    way = pick.randrange(7)
    sign = pick.choice(["", "-"])
    if way == 0:
        return sign + str(pick.randrange(10 ** pick.randrange(1, 25)))
    if way == 1:
        return f"{sign}{pick.randrange(1000)}.{pick.randrange(10 ** 9)}"
    if way == 2:  # any float32, with the digits that bring it back
        bits = pick.randrange(0x7F800000)
        return sign + "%.*g" % (pick.randrange(1, 30), struct.unpack("<f", struct.pack("<I", bits))[0])
    if way == 3:  # half-way between two float32, or next to that
        bits = pick.randrange(0x7F7FFFFF)
        low, high = struct.unpack("<2f", struct.pack("<2I", bits, bits + 1))
        half = (low + high) / 2
        return sign + "%.*e" % (pick.choice([12, 16, 17, 60]), half)
    if way == 4:
        digits = "".join(pick.choice("0123456789") for _ in range(pick.choice([20, 40, 300, 800])))
        return f"{sign}{pick.choice('123456789')}{pick.choice(['', '.' + digits])}" \
               f"{pick.choice(['e', 'E'])}{pick.choice(['', '+', '-'])}{pick.randrange(36)}"
    if way == 5:
        return f"{sign}0.{'0' * pick.randrange(330)}{pick.randrange(1, 10 ** 20)}"
    return f"{sign}{pick.randrange(1, 10)}E-0{pick.randrange(0, 400)}"


def number_text(pick):
    while True:
        text = random_text(pick)
        if abs(np.float32(json.loads(text))) <= FLT_MAX:
            return text


def single(pick, folder):
    text = number_text(pick)
    run("quantize", "--force", "--scale", "1", "-f", "json", "-o", "q", "-", cwd=folder,
        stdin=text.encode())
    found = np.float32(read_sidecar(folder / "q.json")["calibration"]["observed"])
    expected = np.float32(json.loads(text))
    assert found[0] == expected and found[1] == expected, \
        f"'{text}': quant read {found[0]!r}, Python {expected!r}"


def space(pick):
    return pick.choice(["", "", " ", "\n", "\t \r\n"])


def dump(pick, texts, shape):
    """Nested arrays of the shape, the texts in order, white space anywhere."""
    if not shape:
        return next(texts)
    rows = (space(pick) + dump(pick, texts, shape[1:]) + space(pick) for _ in range(shape[0]))
    return "[" + ",".join(rows) + space(pick) + "]"


def array(number, pick, folder):
    shape = pick.choice([(1,), (9,), (3, 4), (2, 1, 5), (200,), (40, 30), (1, 1, 1, 2), (3000,)])
    count = int(np.prod(shape))
    texts = [number_text(pick) for _ in range(count)]
    text = dump(pick, iter(texts), shape)
    flat = pick.random() < 0.3
    if flat:
        parts = [f'"shape":{space(pick)}[{",".join(map(str, shape))}]',
                 f'{space(pick)}"data":[{",".join(texts)}]']
        pick.shuffle(parts)
        text = "{" + ",".join(parts) + "}"
    text = space(pick) + text + space(pick)
    values = json.loads(text)
    x = np.array(values["data"] if flat else values, np.float64).reshape(shape).astype(np.float32)

    (folder / "x.json").write_text(text, newline="")
    np.save(folder / "x.npy", x)
    where = f"array {number} of shape {shape}"
    found, _ = run("quantize", "--force", "-q", "--report=json", "-T", "npy", "-o", "a", "x.json",
                   cwd=folder)
    expected, _ = run("quantize", "--force", "-q", "--report=json", "-o", "b", "x.npy", cwd=folder)
    found, expected = json.loads(found), json.loads(expected)
    for key in ("path", "source"):
        del found[key], expected[key]
    assert found == expected, f"{where}: {found}, but of .npy {expected}"
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes(), f"{where}: other bytes"

    # What is written: integers, and floats that Python reads back to the same bits.
    run("quantize", "--force", "-q", "-T", "json", "-o", "q.json", "x.npy", cwd=folder)
    q = np.load(folder / "b")
    written = json.loads((folder / "q.json").read_text())
    assert np.array_equal(np.array(written), q), f"{where}: other integers"
    assert np.array(written).shape == shape, f"{where}: another nesting"
    try:
        run("dequant", "--force", "-o", "f.npy", "b", cwd=folder)
        restored = np.load(folder / "f.npy")
        if np.isfinite(restored).all():
            run("dequant", "--force", "-o", "f.json", "b", cwd=folder)
            written = np.array(json.loads((folder / "f.json").read_text())).astype(np.float32)
            same = np.array_equal(written.view(np.uint32), restored.view(np.uint32))
            assert same, f"{where}: other floats"
    finally:
        (folder / "f.npy").unlink(missing_ok=True)


def main():
    seed = seed_from(sys.argv)
    pick = random.Random(seed)
    np.seterr(over="ignore")
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as name:
        for _ in range(SINGLE):
            single(pick, Path(name))
        for number in range(ARRAYS):
            array(number, pick, Path(name))
    print(f"{SINGLE} numbers and {ARRAYS} arrays: the same values")


if __name__ == "__main__":
    main()
