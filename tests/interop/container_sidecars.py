#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""data/sidecar.schema.json holds for the sidecars of containers and for none that was spoilt; their
paths lead to the files, and their checksums are those of the header and of each tensor.
"""
import itertools
import json
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from reference import ROOT, read_sidecar, run, safetensors_file
from sidecar_schema import changed, paths_of, problems

NAMES = {"w": (4, 6), "bias": (6,), "scalar": (), "empty": (0, 3), 'quote " and \\ and \n': (2, 2),
         "gr\u00fc\u00dfe": (3, 2)}


def commands():
    for scheme, dtype in itertools.product(("absmax", "zero-point"),
                                           ("int8", "uint8", "int4", "uint4", "int16", "uint16")):
        yield ["-s", scheme, "-t", dtype]
    for dtype in ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"):
        yield ["-t", dtype]
    for options in (["--axis", "0"], ["--axis=-1"], ["--block-size", "2"],
                    ["--axis", "0", "--block-size", "3", "-m", "sigma:2"]):
        for more in ([], ["-s", "zero-point"], ["-t", "int4"], ["-t", "f8e4m3"],
                     ["--scale-dtype", "float16"]):
            yield options + more
    for options in (["--clip", "-5,5"], ["--scale", "3"], ["--scale", "0.1", "--zero-point", "7"],
                    ["-m", "percentile"], ["-m", "mse"], ["-m", "auto"], ["--include-zero"],
                    ["--rounding", "half-away"], ["--scale-dtype", "bfloat16"], ["--min-dims", "0"]):
        yield options


def make_source(path):
    tensors = {"ids": ("I64", (3,), struct.pack("<3q", 1, 2, 3)),
               "flags": ("BOOL", (2, 2), b"\1\0\0\1")}
    for name, shape in NAMES.items():
        n = 1
        for size in shape:
            n *= size
        tensors[name] = ("F32", shape, struct.pack(f"<{n}f", *(i * 0.37 - 2 for i in range(n))))
    tensors["half"] = ("F16", (2, 4), struct.pack("<8e", *(i - 3.5 for i in range(8))))
    tensors["double"] = ("F64", (2, 4), struct.pack("<8d", *(i / 3 for i in range(8))))
    safetensors_file.write(path, tensors)


def xxh3_64(parts, directory):
    """The checksums of all parts, by one call of xxhsum."""
    places = [directory / f"part{i}" for i in range(len(parts))]
    for place, part in zip(places, parts):
        place.write_bytes(part)
    found = subprocess.run(["xxhsum", "-H3", *map(str, places)], capture_output=True, text=True,
                           check=True)
    return re.findall(r"\b[0-9a-f]{16}\b", found.stdout)


def check_checksums(sidecar, data, directory):
    tensors, _ = safetensors_file.read(data)
    content = data.read_bytes()
    header = sidecar["data"]["header"]
    assert header["bytes"] == 8 + struct.unpack("<Q", content[:8])[0]
    stated, parts, named = [header["xxh3_64"]], [content[:header["bytes"]]], set()
    for name, entry in sidecar["tensors"].items():
        stored = [(name, entry.get("data", entry))]
        if entry.get("scales"):
            scales = entry["scales"]
            stored.append((scales["tensor"], scales))
            if scales["zero_points"]:
                stored.append((scales["zero_points"]["tensor"], scales["zero_points"]))
        for tensor, place in stored:
            stated.append(place["xxh3_64"])
            parts.append(tensors[tensor][2])
            named.add(tensor)
        assert stored[0][1]["bytes"] == len(tensors[name][2])
        assert stored[0][1]["dtype"] == tensors[name][0]
    assert named == set(tensors), "each tensor of the container has a checksum"
    assert xxh3_64(parts, directory) == stated


def make_all(directory, has_xxhsum):
    sidecars = []
    make_source(directory / "m.safetensors")
    (directory / "out").mkdir()
    for number, options in enumerate(commands()):
        data = directory / "out" / f"q{number}.safetensors"
        run("quantize", "-q", *options, "-o", data, directory / "m.safetensors", cwd=directory)
        place = Path(f"{data}.json")
        sidecar = read_sidecar(place)
        found = problems(sidecar)
        assert not found, f"{options}: {found}"
        assert (place.parent / sidecar["source"]["path"]).samefile(directory / "m.safetensors")
        assert (place.parent / sidecar["data"]["path"]).samefile(data)
        assert sidecar["source"]["bytes"] == (directory / "m.safetensors").stat().st_size
        assert sidecar["data"]["bytes"] == data.stat().st_size
        lines = place.read_text().splitlines()
        assert sum(line.startswith('    "') and ": {" in line and '"xxh3_64"' in line
                   for line in lines) >= len(sidecar["tensors"]), "one entry on a line"
        if has_xxhsum:
            check_checksums(sidecar, data, directory)
        sidecars.append(sidecar)
    return sidecars


def check_mutations(sidecar):
    """Everything is refused that lacks a key, has one too many, or another type somewhere."""
    count = 0
    for path in paths_of(sidecar):
        if not path:
            continue
        spoilt = [changed(sidecar, path, {"no": "such"}), changed(sidecar, path, True)]
        if isinstance(path[-1], str) and path[:-1] != ("tensors",):
            spoilt.append(changed(sidecar, path, None))
            spoilt.append(changed(sidecar, path[:-1] + ("colour",), "red"))
        for one in spoilt:
            if one == sidecar or one == changed(sidecar, path, None):
                continue
            count += 1
            assert problems(one), f"the schema takes a sidecar spoilt at {path}: {json.dumps(one)}"
    return count


def check_bad_files():
    """What quant refuses for its form, the schema refuses, where it can know."""
    beyond = re.compile(r"bytes_differ|count_differs|header_longer|(key|name|tensors)_doubled|nul_in|"
                        r"axis_beyond|zero_points_needed|qmin_above")
    for file in sorted((ROOT / "data" / "bad" / "container").glob("*.json")):
        try:
            sidecar = read_sidecar(file)
        except ValueError:
            continue
        if file.name.startswith("good"):
            assert not problems(sidecar), f"{file.name}: {problems(sidecar)}"
        elif not beyond.match(file.name):
            assert problems(sidecar), f"the schema takes {file.name}"


def main():
    has_xxhsum = shutil.which("xxhsum") is not None
    if not has_xxhsum:
        print("skipped: there is no xxhsum to check the checksums with: script/bootstrap installs it")
    with tempfile.TemporaryDirectory() as name:
        sidecars = make_all(Path(name), has_xxhsum)
    spoilt = 0
    for sidecar in (sidecars[7], sidecars[12], sidecars[17]):
        few = {name: sidecar["tensors"][name] for name in ("w", "ids")}
        spoilt += check_mutations({**sidecar, "tensors": few})
    check_bad_files()
    print(f"{len(sidecars)} sidecars hold, {spoilt} spoilt ones do not")


if __name__ == "__main__":
    main()
