# SPDX-License-Identifier: MIT
"""Any number of threads writes the same: -j 1 to 8, over single files, lists of them and containers,
by every way through a tensor (one scale, blocks, channels, several passes). Built with TSan, the same
runs find races.
"""
import array
import random
import shutil

from harness import QUANT, Test, check, check_equal, fresh_folder, listing, run
from suites.resume import floats, write_container

SEED = 20261129
THREADS = range(1, 9)
CHUNK = 1 << 16  # elements: some files are several chunks

# Each runs in a directory with in/: small and large raw files, containers and JSON.
RUNS = {
    "files": "quantize --output-dir out in/*.bin in/*.json",
    "blocks": "quantize --output-dir out --block-size 100 -s zero-point --report=json in/*.bin",
    "channels": "quantize --output-dir out --axis 1 --report=json in/*.safetensors",
    "passes": "quantize --output-dir out -m mse -t int4 --report=json in/w0*.bin in/b.safetensors",
    "given": "calibrate -m entropy in/w*.bin -o range.json",
    "restored": "dequant --report=json made/*.bin made/*.safetensors --output-dir out",
    "verified": "verify made/*.safetensors made/*.bin",
    "inspected": "inspect --stats in/*.safetensors",
    "failing": "quantize --output-dir out in/w0*.bin bad.bin in/w1*.bin",
}


def make_inputs(folder):
    random_ = random.Random(SEED)
    (folder / "in").mkdir()
    block = floats(random_, 1 << 14)
    for i in range(20):
        (folder / f"in/w{i:02}.bin").write_bytes(block[64 * i:])
    (folder / "in/large.bin").write_bytes(block * (10 * CHUNK >> 14))
    values = array.array("f", block[:400])
    (folder / "in/t.json").write_text("[" + ", ".join(map(repr, values)) + "]")
    write_container(folder / "in/a.safetensors", random_, 40, 1 << 10)
    write_container(folder / "in/b.safetensors", random_, 3, 1 << 17)
    (folder / "bad.bin").write_bytes(block[:400] + array.array("f", [float("nan")]).tobytes())
    status, _, err = run([QUANT, "quantize", "-q", "--output-dir", "made", *inputs(folder)], folder)
    check_equal((status, err), (0, b""), "the files to restore")


def inputs(folder):
    return [f"in/{name}" for name in listing(folder / "in")]


def found(folder, arguments, threads):
    """Status, streams and all that was written."""
    result = [run(f"'{QUANT}' {arguments} -q -j {threads}", folder)]
    written = folder / "out"
    if written.is_dir():
        result += [(name, (written / name).read_bytes()) for name in listing(written)]
        shutil.rmtree(written)
    record = folder / "range.json"
    if record.exists():
        result.append(record.read_bytes())
        record.unlink()
    return result


def same(name):
    with fresh_folder() as folder:
        make_inputs(folder)
        expected = found(folder, RUNS[name], 1)
        check_equal(expected[0][0], 1 if name == "failing" else 0, f"the status; {expected[0][2]!r}")
        for threads in THREADS[1:]:
            got = found(folder, RUNS[name], threads)
            check_equal(len(got), len(expected), f"the files of -j {threads}")
            for one, other in zip(expected, got):
                check(one == other, f"-j {threads} differs: {one[:2]!r:.300} {other[:2]!r:.300}")


def tests():
    return [Test(f"threads/{name}", "-j 1 to 8 give the same", lambda name=name: same(name))
            for name in RUNS]
