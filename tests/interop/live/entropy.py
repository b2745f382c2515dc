#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The entropy calibration beside ONNX Runtime's, on weights and activations of real networks.

    entropy.py [--bins N] [--every N] [--table]

Both find a range; the mapping is quant's for both, in int8, so the ratio of squared errors shows
which range is better. ONNX Runtime's HistogramCollector runs with --bins bins (128, its default) and
128 levels. With more bins it takes some seconds for a tensor: --every takes each N-th tensor only.

Fails if the median ratio is above 1, or any ratio above 1.25. --table prints the rows of
docs/entropy.md. The packages that this needs are installed by script/live.
"""
import argparse
import contextlib
import io
import itertools
import statistics
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

from onnxruntime.quantization.calibrate import HistogramCollector  # noqa: E402
from reference import mapping  # noqa: E402

SCHEMES = ("absmax", "zero-point")
MOST = 1.25


def squared_error(x, spec, clip):
    params = mapping.choose(spec._replace(clip=clip), x)
    q, _ = mapping.quantize(params, x)
    error = x.astype(np.float64) - mapping.dequantize(params, q).astype(np.float64)
    return float((error * error).sum())


def range_by_quant(directory, x, scheme, method):
    np.save(directory / "x.npy", x)
    run("quantize", "-q", "--force", "-m", method, "-s", scheme, "x.npy", "-o", "q.npy",
        cwd=directory)
    return tuple(read_sidecar(directory / "q.npy.json")["range"])


def range_by_onnxruntime(x, bins):
    collector = HistogramCollector("entropy", True, bins, 128, 99.99, "same")
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress there
        collector.collect({"x": [x]})
        low, high = collector.compute_collection_result()["x"][:2]
    return float(low), float(high)


def compare(directory, x, bins):
    """{scheme: (quant's error / ONNX Runtime's, / minmax's)}"""
    theirs = range_by_onnxruntime(x, bins)
    ratios = {}
    for scheme in SCHEMES:
        spec = mapping.Spec(scheme, "int8", None, None, None, None, None, False, "half-even")
        ours = squared_error(x, spec, range_by_quant(directory, x, scheme, "entropy"))
        peer, minmax = squared_error(x, spec, theirs), squared_error(x, spec, None)
        # 0 / 0 where both restore everything
        ratios[scheme] = [1.0 if ours == other else ours / max(other, 1e-300)
                          for other in (peer, minmax)]
    return ratios


def print_row(kind, name, x, ratios, is_table):
    if is_table:
        values = [f"{ratios[scheme][0]:.3f}" for scheme in SCHEMES]
        print(f"| {kind} | {name} | {x.size:,} | {' | '.join(values)} |", flush=True)
    else:
        values = [f"{ratio:7.3f}" for scheme in SCHEMES for ratio in ratios[scheme]]
        print(f"{kind:10} {name[:58]:58} {x.size:8} {' '.join(values)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bins", type=int, default=128)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for kind, label, x in itertools.islice(real_tensors.real_tensors(), 0, None, options.every):
            ratios = compare(Path(name), x, options.bins)
            rows.append((kind, ratios))
            print_row(kind, label, x, ratios, options.table)
    failed = False
    print(f"{sum(kind == 'weight' for kind, _ in rows)} weights, "
          f"{sum(kind == 'activation' for kind, _ in rows)} activations")
    for scheme in SCHEMES:
        for i, other in enumerate((f"ONNX Runtime ({options.bins} bins)", "minmax")):
            found = [ratios[scheme][i] for _, ratios in rows]
            median, greatest = statistics.median(found), max(found)
            print(f"{scheme}: mse / {other}'s: median {median:.3f}, greatest {greatest:.3f}")
            failed |= median > 1 or greatest > MOST
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
