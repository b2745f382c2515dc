#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/interop/vectors/NAME.json: what each engine makes of the matrices of inputs.py.

    make_vectors.py [NAME...]

Engines whose packages this python3 lacks are skipped, and their files stay as they are: script/engines
has two virtual environments, one of them with PyTorch. tests/interop/engines.py reads the files.
"""
import base64
import hashlib
import importlib
import json
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this directory, whose modules have the names of packages

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from engines import NAMES, inputs  # noqa: E402

VECTORS = HERE.parent / "vectors"
DTYPES = {"float32": np.dtype("<f4"), "float16": np.dtype("<f2"),
          "bfloat16": np.dtype(ml_dtypes.bfloat16)}


def matrix(one):
    return np.frombuffer(one.data(), DTYPES[one.dtype]).reshape(one.rows, one.columns)


def packed(q, dtype):
    """The bytes of a raw file."""
    if dtype.endswith("int4"):
        nibbles = np.asarray(q).astype(np.int8).ravel().view(np.uint8) & 15
        nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
        return (nibbles[::2] | nibbles[1::2] << 4).tobytes()
    if dtype.startswith("q"):
        return np.asarray(q, np.uint8).tobytes()
    return np.asarray(q).astype(np.dtype(dtype).newbyteorder("<")).tobytes()


def text(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def is_sound(engine, x, case, result):
    """No engine has a use for scales that are not finite, and quant refuses to make them. What an engine
    does with subnormal ones, its documentation does not say. In C a quotient past int32 has no integer."""
    if case.scheme == "given" and np.abs(x.astype(np.float64)).max() >= 2.0 ** 31 * case.given[0]:
        return False
    if engine.SOURCE == "formula" and (np.abs(result.scales) < 2.0 ** -126).any():
        return False
    if result.scales.size == 0:  # they are in the blocks
        return bool(np.isfinite(result.restored).all())
    found = [a for a in (result.scales, result.biases) if a is not None]
    return all(np.isfinite(a.astype(np.float32)).all() for a in found) and \
        bool((result.scales != 0).all())


def chosen(one, rows):
    """The matrix of some rows of an input."""
    bits = [bit for i in rows for bit in one.bits[i * one.columns:(i + 1) * one.columns]]
    return one._replace(rows=len(rows), bits=tuple(bits))


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def row_checks(data, rows):
    """The lower half of a CRC for each row, so that a test can say which one differs."""
    size = len(data) // rows
    checks = [zlib.crc32(data[i * size:(i + 1) * size]) & 0xFFFF for i in range(rows)]
    return base64.b64encode(np.array(checks, "<u2").tobytes()).decode()


def saturated(restored):
    """As quant restores to 16 bits: the largest number where an engine gives an infinity."""
    if restored.dtype == np.float32:
        return restored
    limit = float(ml_dtypes.finfo(restored.dtype).max)
    return np.clip(restored.astype(np.float32), -limit, limit)


def contents(results, case):
    """The bytes of each part of some results, one after the other."""
    kinds = {"q": lambda r: packed(r.q, case.dtype), "scale": lambda r: r.scales.astype("<f4").tobytes(),
             "zero_point": lambda r: np.asarray(r.zero_points).astype("<i4").tobytes(),
             "bias": lambda r: r.biases.astype("<f4").tobytes(),
             "restored": lambda r: saturated(r.restored).astype("<f4").tobytes()}
    missing = {"zero_point": results[0].zero_points is None, "bias": results[0].biases is None,
               "scale": results[0].scales.size == 0}
    return {key: b"".join(map(kind, results)) for key, kind in kinds.items() if not missing.get(key)}


def entry_of(engine, one, case):
    """Of the degenerate rows each is a matrix of its own if there is one scale for all of it."""
    is_each = case.group == "tensor" and one.name.startswith("degenerate")
    with np.errstate(all="ignore"):
        alone = {i: engine.quantize(matrix(chosen(one, [i])), case) for i in range(one.rows)} \
            if one.name.startswith("degenerate") else {}
        rows = [i for i in range(one.rows)
                if i not in alone or is_sound(engine, matrix(chosen(one, [i])), case, alone[i])]
        results = [alone[i] for i in rows] if is_each else \
            [engine.quantize(matrix(chosen(one, rows)), case)]
    entry = {"input": one.name, "options": case.options()}
    if len(rows) < one.rows:
        entry["rows"] = rows
    if is_each:
        entry["each"] = True
    parts = contents(results, case)
    entry["q"], entry["restored"] = digest(parts["q"]), digest(parts["restored"])
    entry["restored_dtype"] = str(results[0].restored.dtype.name)
    if not one.name.startswith("large"):
        entry["q_rows"] = row_checks(parts["q"], len(rows))
    for key in ("scale", "zero_point", "bias"):
        if key in parts:
            entry[key] = digest(parts[key]) if one.name.startswith("large") else text(parts[key])
    return entry


def vectors_of(engine):
    entries = []
    for one in inputs.small() + inputs.large():
        if one.dtype in engine.DTYPES:
            cases = engine.CASES or engine.cases_of(matrix(one))
            entries += [entry_of(engine, one, case) for case in cases]
    return {"profile": engine.PROFILE, "engine": engine.version(), "source": engine.SOURCE,
            "entries": entries}


def main():
    for name in sys.argv[1:] or NAMES:
        try:
            engine = importlib.import_module(f"engines.{name}")
        except ImportError as missing:
            print(f"{name}: skipped: {missing}")
            continue
        made = vectors_of(engine)
        head = {key: value for key, value in made.items() if key != "entries"}
        lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in made["entries"])
        path = VECTORS / f"{engine.PROFILE}.json"
        VECTORS.mkdir(exist_ok=True)
        path.write_text(f'{json.dumps(head)[:-1]}, "entries": [\n{lines}\n]}}\n')
        print(f"{engine.PROFILE}: {made['engine']}: {len(made['entries'])} entries, "
              f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
