#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mse calibration beside an exhaustive search, on weights and activations of real networks.

    mse.py [--every N] [--steps N] [--table]

The exhaustive search tries --steps places (100) for each end of a range, and finer ones near the
best; for absmax, 40 times as many for its one end. Prints for each scheme and type how far the
squared error of quant's range is above the least one found, in percent.

Fails if any is above 0.1 %. --table prints the rows as Markdown.
The packages that this needs are installed by script/live. See docs/mse.md.
"""
import argparse
import itertools
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from reference import read_sidecar, run, skip  # noqa: E402

try:
    import numpy as np
    import real_tensors
except ImportError as missing:
    skip(f"{missing}: script/live installs what this needs")
if real_tensors.missing():
    skip(f"no module {', '.join(real_tensors.missing())}: script/live installs what this needs")

from reference import mapping  # noqa: E402
from reference.least_error import Sorted  # noqa: E402

KINDS = (("absmax", "int8"), ("absmax", "int4"), ("zero-point", "int8"), ("zero-point", "int4"))
MOST = 0.1  # percent


def excess(directory, x, scheme, dtype, steps):
    """By how many percent quant's error is above the least."""
    run("quantize", "-q", "--force", "-m", "mse", "-s", scheme, "-t", dtype, "x.npy", "-o", "q.npy",
        cwd=directory)
    sidecar = read_sidecar(directory / "q.npy.json")
    spec = mapping.Spec(scheme, dtype, None, None, None, None, None, False, "half-even")
    search = Sorted(x, *mapping.target(spec))
    error = search.error(sidecar["scale"], sidecar["zero_point"])
    least = search.absmax(40 * steps) if scheme == "absmax" else search.zero_point(steps)
    return 0.0 if error <= least else 100 * (error / least - 1)


def print_row(kind, name, x, found, is_table):
    if is_table:
        print(f"| {kind} | {name} | {x.size:,} | {' | '.join(f'{v:.3f}' for v in found)} |",
              flush=True)
    else:
        print(f"{kind:10} {name[:58]:58} {x.size:8} {' '.join(f'{v:7.4f}' for v in found)}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    rows = []
    failed = False
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for kind, label, x in itertools.islice(real_tensors.real_tensors(), 0, None, options.every):
            np.save(directory / "x.npy", x)
            found = [excess(directory, x, *what, options.steps) for what in KINDS]
            rows.append(found)
            failed |= max(found) > MOST
            print_row(kind, label, x, found, options.table)
    print(f"{len(rows)} tensors, percent above the least squared error:")
    for i, what in enumerate(KINDS):
        found = [row[i] for row in rows]
        print(f"{what[0]}, {what[1]}: greatest {max(found):.4f}, mean {sum(found) / len(found):.4f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
