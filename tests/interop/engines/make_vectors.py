#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/interop/vectors/PROFILE.json: what each engine makes of the matrices of inputs.py.

    make_vectors.py [PROFILE...]

Engines whose packages this python3 lacks are skipped, and their files stay as they are: script/engines
has two virtual environments, one of them with PyTorch. tests/interop/engines.py reads the files.
"""
import base64
import importlib
import json
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this directory, whose modules have the names of packages

import numpy as np  # noqa: E402
from engines import inputs, names_here  # noqa: E402
from engines.checksums import digest, of_rows  # noqa: E402
from engines.parts import contents, is_sound, matrix  # noqa: E402

VECTORS = HERE.parent / "vectors"


def text(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def entry_of(engine, one, case):
    """If a matrix has one scale, each of the rows that are degenerate, or ties by a scale of their own, is a
    matrix."""
    is_degenerate = one.name.startswith("degenerate")
    has_own_ties = one.name.startswith("ties") and case.scheme != "given"
    is_each = case.group == "tensor" and (is_degenerate or has_own_ties)
    with np.errstate(all="ignore"):
        alone = {i: engine.quantize(matrix(inputs.chosen(one, [i])), case) for i in range(one.rows)} \
            if is_degenerate or is_each else {}
        rows = [i for i in range(one.rows)
                if i not in alone or is_sound(engine, matrix(inputs.chosen(one, [i])), case, alone[i])]
        results = [alone[i] for i in rows] if is_each else \
            [engine.quantize(matrix(inputs.chosen(one, rows)), case)]
    entry = {"input": one.name, "options": case.options()}
    if len(rows) < one.rows:
        entry["rows"] = rows
    if is_each:
        entry["each"] = True
    parts = contents(results, case)
    entry["q"], entry["restored"] = digest(parts["q"]), digest(parts["restored"])
    entry["restored_dtype"] = str(results[0].restored.dtype.name)
    if not one.name.startswith("large"):
        checks = np.array(of_rows(parts["q"], len(rows)), "<u2")
        entry["q_rows"] = base64.b64encode(checks.tobytes()).decode()
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
    for name in names_here():
        if sys.argv[1:] and name.replace("_", "-") not in sys.argv[1:]:
            continue
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
