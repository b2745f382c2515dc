#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quantize --like ENGINE against the engines themselves, on millions of values.

    live.py [--seed N] [PROFILE...]

Every case of every engine whose packages this python3 has: on random numbers of several shapes, on
halves under scales that are powers of two, on the matrices of inputs.py, and on the weights of published
networks where their packages are installed. Prints a row of a table for each engine, and above it the
first element that differs. script/engines installs what this needs.
"""
import argparse
import importlib
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this directory, whose modules have the names of packages

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from engines import inputs, names_here, real_weights  # noqa: E402
from engines.by_quant import Difference, is_known, parts_of  # noqa: E402
from engines.parts import DTYPES, Matrix, contents, is_sound, matrix  # noqa: E402

ROWS, COLUMNS = 48, 1024
SHOWN = 3  # differences of an engine


# ---- Values ----

DIVISORS = np.array(inputs.TWICE_DIVISORS + inputs.TWICE_LONG_DIVISORS) / 2.0


def ties_matrix(rng, tops, powers):
    """Halves times a power of two. The extreme of each row and of each block in it is a divisor times that
    power, so that the scale is the power."""
    shape = (len(tops), COLUMNS)
    tops, powers = tops[:, None], powers[:, None]
    halves = np.clip(np.floor(rng.uniform(-1, 1, shape) * np.minimum(tops, 2.0 ** 13)) + 0.5, -tops, tops)
    halves[:, ::32] = (tops * rng.choice([-1, 1], (len(tops), 1)))
    return halves * powers


def ties_matrices(rng):
    """With a divisor for each row, and with one for all."""
    powers = 2.0 ** rng.integers(-12, 1, ROWS)
    yield Matrix("ties", ties_matrix(rng, rng.choice(DIVISORS, ROWS), powers))
    for divisor in DIVISORS:
        power = 2.0 ** rng.integers(-12, 1)
        yield Matrix(f"ties of {divisor:g}", ties_matrix(rng, np.full(3, divisor), np.full(3, power)))


def random_matrices(rng):
    shape = (ROWS, COLUMNS)
    normal = rng.standard_normal(shape) * 2.0 ** rng.integers(-8, 2, (ROWS, 1))
    heavy = rng.standard_t(2, shape) * 0.02
    halves = (rng.integers(-255, 256, shape) / 2.0) * 2.0 ** rng.integers(-12, 1, (ROWS, 1))
    one_sided = np.abs(rng.standard_normal(shape)) + rng.integers(0, 4, (ROWS, 1))
    yield Matrix("normal", normal)
    yield Matrix("heavy tails", heavy)
    yield Matrix("halves", halves)
    yield from ties_matrices(rng)
    yield Matrix("one-sided", one_sided * rng.choice([-1, 1], (ROWS, 1)))
    yield Matrix("from 2^-149", rng.standard_normal(shape) * 2.0 ** rng.integers(-149, -20, (ROWS, 1)))
    yield Matrix("to 2^120", rng.standard_normal(shape) * 2.0 ** rng.integers(20, 120, (ROWS, 1)))


def matrices(rng, dtypes):
    """Each kind of values in each type."""
    floats = list(random_matrices(rng)) + [Matrix(*named) for named in real_weights.matrices()]
    for dtype in dtypes:
        for one in floats:
            with np.errstate(over="ignore"):
                x = np.asarray(one.x, np.float32).astype(DTYPES[dtype])
            x = x[np.isfinite(x.astype(np.float32)).all(1)]
            if len(x):
                yield Matrix(one.name, np.ascontiguousarray(x))
    for one in floats:  # those that were bfloat16
        x = np.asarray(one.x, np.float32).astype(ml_dtypes.bfloat16).astype(np.float32)
        yield Matrix(one.name + ", rounded to bfloat16", x[np.isfinite(x).all(1)])
    for one in inputs.small() + inputs.large():
        if one.dtype in dtypes:
            yield Matrix(one.name, matrix(one))


# ---- Comparing ----

def first_difference(key, ours, theirs, x):
    """Where two sequences of bytes of one part differ, in words."""
    if len(ours) != len(theirs):
        return f"{len(ours)} bytes of {key}, the engine has {len(theirs)}"
    kind = {"q": np.uint8, "zero_point": np.int32}.get(key, np.float32)
    ours, theirs = np.frombuffer(ours, np.uint8), np.frombuffer(theirs, np.uint8)
    at = int(np.flatnonzero(ours != theirs)[0]) // np.dtype(kind).itemsize
    found = f"{key} {at}: {ours.view(kind)[at]!r}, the engine {theirs.view(kind)[at]!r}"
    per_row = len(ours.view(kind)) // x.shape[0]
    if per_row == x.shape[1]:
        found += f", of {x.ravel()[at]!r} in row {at // per_row}"
    return found


def sound_part(engine, case, one):
    """The rows that the engine has a finite scale for, and what it makes of them."""
    result = engine.quantize(one.x, case)
    if is_sound(engine, one.x, case, result):
        return one, result
    if case.group == "tensor":
        return None, None
    rows = [i for i in range(one.rows)
            if is_sound(engine, one.x[i:i + 1], case, engine.quantize(one.x[i:i + 1], case))]
    if not rows:
        return None, None
    one = one._replace(x=np.ascontiguousarray(one.x[rows]))
    return one, engine.quantize(one.x, case)


def compare(folder, engine, case, one):
    """The number of values compared; raises Difference."""
    with np.errstate(all="ignore"):
        one, result = sound_part(engine, case, one)
        if one is None:
            return 0
        theirs = contents([result], case)
    ours = parts_of(folder, engine.PROFILE, case.options(), result.restored.dtype.name, one)
    for key, data in theirs.items():
        if ours[key] != data:
            raise Difference(first_difference(key, ours[key], data, one.x))
    return one.x.size


def compare_engine(folder, engine, seed):
    """(values compared, cases that differ)"""
    nvalues, differences = 0, 0
    for one in matrices(np.random.default_rng(seed), engine.DTYPES):
        for case in engine.CASES or engine.cases_of(one.x):
            try:
                nvalues += compare(folder, engine, case, one)
            except Difference as difference:
                differences += 1
                if differences <= SHOWN:
                    print(f"{engine.PROFILE} {' '.join(case.options())}, {one.name}, {one.dtype}: "
                          f"{difference}", file=sys.stderr)
    return nvalues, differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=20240229)
    parser.add_argument("profiles", nargs="*")
    arguments = parser.parse_args()
    failed = False
    for name in names_here():
        if arguments.profiles and name.replace("_", "-") not in arguments.profiles:
            continue
        try:
            engine = importlib.import_module(f"engines.{name}")
        except ImportError as missing:
            print(f"| {name.replace('_', '-')} | skipped: {missing} | | |")
            continue
        if not is_known(engine.PROFILE):
            print(f"| {engine.PROFILE} | {engine.version()} | skipped: quant does not know it | |")
            continue
        with tempfile.TemporaryDirectory() as folder:
            nvalues, differences = compare_engine(Path(folder), engine, arguments.seed)
        print(f"| {engine.PROFILE} | {engine.version()} | {nvalues:,} | {differences} |", flush=True)
        failed = failed or differences > 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
