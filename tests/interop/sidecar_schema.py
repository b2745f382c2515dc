#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""data/sidecar.schema.json holds for every sidecar of a wide set of runs and for none that was spoilt;
a sidecar's paths lead back to its files, its checksum is xxhsum's, and no locale changes a byte.
"""
import copy
import itertools
import json
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from reference import ROOT, read_sidecar, run, skip

try:
    import jsonschema
except ImportError:
    skip("there is no jsonschema for this python3: script/bootstrap installs it")

EXAMPLES = ROOT / "data" / "examples"
SCHEMA = json.loads((ROOT / "data" / "sidecar.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA, default=None)
LOCALE = "de_DE.UTF-8"


def commands():
    """(options, input name or bytes for a pipe)"""
    for name, scheme, dtype in itertools.product(
            ("x.npy", "x.json", "x.bin", "y.npy", "t.json"), ("absmax", "zero-point"),
            ("int8", "uint8", "int4", "uint4", "int16", "uint16")):
        yield ["-s", scheme, "-t", dtype], name
    for dtype, name in itertools.product(("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"),
                                         ("x.npy", "y.json", "t.bin")):
        yield ["-t", dtype], name
    for scheme in ("absmax", "zero-point"):
        yield ["-t", "int32", "--scale", "0.1", "-s", scheme], "x.npy"
    for engine in ("pytorch", "nncf", "ncnn", "quanto", "compressed-tensors"):
        yield ["--like", engine], "y.npy"
        yield ["--like", engine, "--exact", "--axis", "0"], "x.npy"
    yield ["-t", "f8e4m3", "--scale", "3"], "x.npy"
    yield ["-t", "f8e5m2", "--clip", "-3,4"], "x.npy"
    for options in (["--clip", "-5,5"], ["--clip=-1e-30,1e30"], ["--scale", "3"],
                    ["--scale", "1e-45"], ["--scale", "0.1", "--zero-point", "-2147483648"],
                    ["--qmin", "-7", "--qmax", "7"], ["--include-zero"], ["-m", "minmax"],
                    ["-m", "percentile"], ["-m", "percentile:61.7"], ["-m", "mse"],
                    ["-m", "entropy"], ["-m", "octav"], ["-m", "sigma"], ["-m", "sigma:.3"],
                    ["--rounding", "half-away"], ["--to", "raw"], ["--to", "json"],
                    ["--nonfinite", "saturate"]):
        for name in ("x.npy", "x.bin", "x.json"):
            yield options, name
    for options in (["--axis", "0"], ["--axis=-1"], ["--block-size", "3"],
                    ["--axis", "0", "--block-size", "2", "-m", "sigma:2"]):
        for name, more in itertools.product(
                ("x.npy", "t.json"), ([], ["-s", "zero-point"], ["-t", "int4"], ["-t", "f8e4m3"])):
            yield options + more, name
    for options in ([], ["-s", "zero-point"], ["--scale-dtype", "bfloat16"],  # in a file
                    ["-s", "zero-point", "--scale-dtype", "float16"]):
        yield ["-f", "raw", "--block-size", "1", *options], struct.pack("65537f", *range(65537))
    for scale_dtype in ("float16", "bfloat16", "float32"):
        for options in ([], ["--axis", "0"], ["-t", "f8e4m3"], ["--scale", "0.5"], ["-m", "mse"]):
            yield ["--scale-dtype", scale_dtype, *options], "x.npy"
    for dtype in ("uint4", "uint8"):  # with biases, in arrays and in a file
        mlx = ["--like", "mlx", "-t", dtype, "--block-size", "32", "-f", "raw", "--shape"]
        yield [*mlx, "3,32"], struct.pack("96f", *range(96))
        yield [*mlx, "3,32", "--exact", "--input-dtype", "float16"], struct.pack("96e", *range(96))
        yield [*mlx, "65537,32"], struct.pack("32f", *range(32)) * 65537
    for options in ([], ["-s", "zero-point"], ["--scale-dtype", "float16"]):
        yield ["--block-size", "2,3", *options], b"[[1,2,3,4],[5,6,7,8],[9,8,7,6]]"
    yield ["--axis", "1"], b'{"shape":[0,3,2],"data":[]}'
    for dtype, order in itertools.product(("f16", "bf16", "f32", "f64"), ("little", "big")):
        yield ["--input-dtype", dtype, "--byte-order", order, "--nonfinite", "saturate", "--shape",
               {"f32": "1,1,2", "f64": "1"}.get(dtype, "2,2")], "eight.bin"
    yield [], b"[[1,2],[3,4]]"
    yield ["--scale", "1"], b"7"
    yield [], b"[]"
    yield [], b'{"shape":[0,3,2],"data":[]}'
    yield ["-f", "raw"], b""
    yield ["-f", "raw", "--nonfinite", "saturate"], b"\0\0\xc0\x7f"
    yield ["-f", "raw"], bytes(16)
    yield ["-f", "json"], b"[" * 64 + b"1e-40" + b"]" * 64


def problems(sidecar):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
            for e in VALIDATOR(SCHEMA).iter_errors(sidecar)]


def check_paths(sidecar, place, source, data):
    for key, file in (("source", source), ("data", data)):
        path = sidecar[key]["path"]
        if file is None:
            assert path is None, f"{key} of a stream has the path {path!r}"
            continue
        assert not path.startswith("/"), f"{key} has an absolute path: {path}"
        assert (place.parent / path).resolve() == file.resolve(), f"{key}: {path} is not {file}"


def check_text(place):
    """Float32 values have nine significant digits; the ends of a range, where a method made them,
    may be doubles and have more."""
    text = place.read_text()
    for match in re.finditer(r'"(?:scale|range|observed)": (?:\[(.*)\]|(.*?),?\n)', text):
        numbers = match.group(1) or match.group(2)
    for number in numbers.split(", ") if numbers else []:
            if number not in ("null", ""):
                digits = re.sub(r"e.*|[-.]", "", number).lstrip("0")
                longer = "range" in match.group(0) and \
                    float(number) != struct.unpack("f", struct.pack("f", float(number)))[0]
                assert len(digits) == 9 or longer or float(number) == 0, \
                    f"{number} in {match.group(0)}"


def check_checksum(named, file):
    found = subprocess.run(["xxhsum", "-H3", str(file)], capture_output=True, text=True, check=True)
    assert named["xxh3_64"] in found.stdout, f"{named} but {found.stdout}"


def check_scales(sidecar, place, has_xxhsum):
    """A file of scales is named from the sidecar's folder, and is as long as it says."""
    named = sidecar["scales"]
    file = place.parent / named["path"]
    assert "/" not in named["path"], f"scales have the path {named['path']}"
    each = 4 if named["scale_dtype"] == "float32" else 2
    size = each + 4 * named["zero_points"] + each * named.get("biases", False)
    assert file.stat().st_size == named["bytes"] == size * named["count"], f"{named}"
    if has_xxhsum:
        check_checksum(named, file)


def make_all(folder, has_xxhsum):
    """Runs the commands, holds each sidecar to what it promises, and returns them."""
    sidecars = []
    for file in EXAMPLES.iterdir():
        shutil.copyfile(file, folder / file.name)
    (folder / "eight.bin").write_bytes(bytes([0x3C, 0, 0x40, 0, 0x3F, 0x80, 0, 0x3F]))
    (folder / "out").mkdir()
    (folder / "deep" / "er").mkdir(parents=True)
    for number, (options, source) in enumerate(commands()):
        piped = isinstance(source, bytes)
        data = folder / ("out" if number % 2 else "") / f"q{number}"
        place = folder / ("deep/er" if number % 3 else "") / f"s{number}.json"
        run("quantize", "-q", *options, "-o", data, "--sidecar", place, "-" if piped else source,
            cwd=folder, stdin=source if piped else b"")
        sidecar = read_sidecar(place)
        found = problems(sidecar)
        assert not found, f"{options} {source[:80]!r}: {found}"
        check_paths(sidecar, place, None if piped else folder / source, data)
        check_text(place)
        assert data.stat().st_size == sidecar["data"]["bytes"], f"{options}: bytes"
        if has_xxhsum:
            check_checksum(sidecar["data"], data)
        if sidecar.get("scales"):
            check_scales(sidecar, place, has_xxhsum)
        run("dequant", "--sidecar", place, "-o", "-", data, cwd=folder)
        sidecars.append(sidecar)
    assert any(sidecar.get("scales") for sidecar in sidecars)
    return sidecars


def paths_of(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths_of(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from paths_of(item, path + (i,))


def changed(sidecar, path, value):
    copied = copy.deepcopy(sidecar)
    place = copied
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


def check_mutations(sidecar):
    """Everything is refused that lacks a key, has one too many, or another type somewhere."""
    count = 0
    for path in paths_of(sidecar):
        if not path or path[-1] == "zero_points":  # true is as good, where the size allows it
            continue
        spoilt = [changed(sidecar, path, {"no": "such"}), changed(sidecar, path, True)]
        if isinstance(path[-1], str):
            spoilt.append(changed(sidecar, path, None))
            spoilt.append(changed(sidecar, path[:-1] + ("colour",), "red"))
        for one in spoilt:
            count += 1
            assert problems(one), f"the schema takes a sidecar spoilt at {path}: {json.dumps(one)}"
    wrong = {"format": "sidecar", "version": 3 - sidecar["version"], "scheme": "log", "dtype": "int7", "scale": 0,
             "zero_point": 1.5, "rounding": "up", "shape": [-1], "order": "Z", "qmin": 1 << 40,
             "range": [1], "tool": "cp", "block_size": 0}
    if sidecar["axis"] is None:
        wrong.update(axis=0, block_size=32)
    for key, value in wrong.items():
        assert problems(changed(sidecar, (key,), value)), f"the schema takes {key} {value!r}"
    for key, value in (("xxh3_64", "xyz"), ("bytes", -1), ("format", "tar"), ("path", "")):
        assert problems(changed(sidecar, ("data", key), value)), f"the schema takes {key} {value!r}"
    assert problems(changed(sidecar, ("scale",), -0.5)), "the schema takes a negative scale"
    for method, argument in (("percentile", None), ("sigma", 0), ("mse", 8), ("clip", 1)):
        calibration = {**sidecar["calibration"], "method": method, "argument": argument}
        if argument is None:
            del calibration["argument"]
        assert problems(changed(sidecar, ("calibration",), calibration)), \
            f"the schema takes {method} with the argument {argument!r}"
    return count


def check_floats(sidecars):
    """What a float dtype leaves no choice about."""
    for dtype in ("float16", "float8_e5m2"):
        sidecar = next(one for one in sidecars if one["dtype"] == dtype)
        wrong = [("qmin", 0), ("qmax", 7), ("zero_point", 1), ("scheme", "zero-point"),
                 ("rounding", "half-away"), ("dtype", "int8")]
        if dtype == "float16":
            wrong += [("scale", 2.0), ("range", [0, 1])]
        for key, value in wrong:
            assert problems(changed(sidecar, (key,), value)), f"the schema takes {dtype}, {key} {value!r}"


def check_groups():
    """What a sidecar of many scales must and must not say. Returns those that it may be."""
    arrays, file = (read_sidecar(ROOT / "data" / "bad" / "sidecar" / name)
                    for name in ("good_arrays.json", "good_scales.json"))
    half, plain = (read_sidecar(ROOT / "data" / "bad" / "sidecar" / name)
                   for name in ("good_float16.json", "good_scales_2.json"))
    floats = {**arrays, "dtype": "float8_e5m2", "qmin": None, "qmax": None}
    halves = {**floats, "dtype": "float16"}
    most = {"scale": [1] * 65536, "zero_point": [0] * 65536}
    halves_2 = {**half, "dtype": "float16", "qmin": None, "qmax": None, "scale": 1, "range": None}
    named = plain["scales"]
    good = [half, plain, {**plain, "scale_dtype": "bfloat16",
                          "scales": {**named, "scale_dtype": "bfloat16", "bytes": 8}},
            {**plain, "scheme": "zero-point", "scales": {**named, "zero_points": True, "bytes": 32}},
            {**arrays, "version": 2, "scale_dtype": "float16"}, arrays, file, floats, {**arrays, "block_size": None}, {**arrays, **most},
            {**arrays, "scale": [], "zero_point": [], "shape": [0]},
            {**arrays, "scale": [3.40282347e38, 1e-45], "zero_point": [-1 << 31, (1 << 31) - 1]},
            {**arrays, "calibration": {**arrays["calibration"], "method": "given"}},
            {**file, "scales": {**file["scales"], "path": "up q", "count": 1 << 50}}]
    for one in good:
        assert not problems(one), f"the schema refuses {json.dumps(one)[:400]}: {problems(one)}"
    bad = [halves_2, {**half, "version": 1}, {**plain, "version": 1}, {**file, "version": 2},
           {**arrays, "version": 2}, {**half, "scale_dtype": "float64"},
           {**plain, "scale_dtype": "float16"}, {**plain, "scheme": "zero-point"},
           {**plain, "dtype": "uint8"}, {**arrays, "axis": None}, {**arrays, "axis": None, "block_size": None},
           {**file, "axis": None, "block_size": None}, {**arrays, "axis": -1},
           {**arrays, "axis": 64}, {**arrays, "scale": 1}, {**arrays, "zero_point": 0},
           {**arrays, "scale": None}, {**arrays, "zero_point": None},
           {**arrays, "scale": None, "zero_point": None}, {**arrays, "scales": file["scales"]},
           {**arrays, "scale": most["scale"] + [1]},
           {**arrays, "zero_point": most["zero_point"] + [0]}, {**arrays, "scale": [1, 0]},
           {**arrays, "scale": [1, 1e39]}, {**arrays, "zero_point": [1 << 31]},
           {**arrays, "zero_point": [0, 0.5]}, {**arrays, "shape": []},
           {**arrays, "range": [0, 1]}, {**floats, "zero_point": [0, 1]}, halves,
           {**halves, "scale": 1, "zero_point": 0}, {**file, "scale": [1]},
           {**file, "zero_point": [0]}, {**file, "scales": None}]
    bad += [{**arrays, "calibration": {**arrays["calibration"], "method": method}}
            for method in ("clip", "none")]
    bad += [{**plain, "scales": {**named, key: value}}
            for key, value in (("scale_dtype", "float16"), ("scale_dtype", None), ("bytes", 14),
                               ("zero_points", 0), ("zero_points", None))]
    bad += [{**file, "scales": {**file["scales"], key: value}}
            for key, value in (("path", None), ("path", ""), ("count", -1), ("count", 0.5),
                               ("bytes", 31), ("bytes", -8), ("xxh3_64", "0" * 15),
                               ("colour", "red"))]
    for one in bad:
        assert problems(one), f"the schema takes {json.dumps(one)[:400]}"
    return [arrays, file, half, plain]


def check_bad_files():
    """What quant refuses as a sidecar for its form, the schema refuses, where it can know."""
    beyond = re.compile(r"checksum_differs|shape_larger|shape_smaller|bytes_differ|shape_overflow|"
                        r"qm(in|ax)_|key_doubled|scale_infinite|dtype_differs|axis_beyond_shape|scale_of_no_float16|scales_bytes_of_version_1|"
                        r"scale_array_(short|long)|zero_point_array_short|scales_count_differs")
    for file in sorted((ROOT / "data" / "bad" / "sidecar").glob("*.json")):
        try:
            sidecar = read_sidecar(file)
        except ValueError:
            continue
        if file.name.startswith("good"):
            assert not problems(sidecar), f"{file.name}: {problems(sidecar)}"
        elif not beyond.match(file.name):
            assert problems(sidecar), f"the schema takes {file.name}"


def has_locale():
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    return re.search(r"^de_DE\.utf-?8$", found, re.I | re.M)


def check_locale(folder):
    """Every byte that is written or printed is the same where the decimal point is a comma."""
    (folder / "loc").mkdir()
    for name in ("x.json", "x.npy"):
        shutil.copyfile(EXAMPLES / name, folder / "loc" / name)
    runs = [["quantize", "--force", "--report", "--clip=-1.5,2.5", "x.json"],
            ["quantize", "--force", "--report=json", "-s", "zero-point", "x.npy", "x.json"],
            ["quantize", "--force", "--scale", "0.125", "-o", "-", "--sidecar", "s.json", "x.json"],
            ["dequant", "--force", "-o", "-", "--sidecar", "x.int8.json.json", "x.int8.json"],
            ["dequant", "--report=json", "--fail-if", "mse>100.5", "x.int8.npy"],
            ["types"], ["quantize", "--help"]]
    results = []
    for locale in ("C.UTF-8", LOCALE):
        printed = [tuple(re.sub(rb", [0-9]+\.[0-9]+ s\n", b", TIME\n", text)
                         for text in run(*arguments, cwd=folder / "loc", LC_ALL=locale))
                   for arguments in runs]
        files = {file.name: file.read_bytes() for file in (folder / "loc").iterdir()}
        results.append((printed, files))
    assert results[0] == results[1], f"LC_ALL={LOCALE} changes something: {results}"
    run("quantize", "--force", "--clip=-1,5,2,5", "x.npy", cwd=folder / "loc", status=2,
        LC_ALL=LOCALE)


def main():
    if VALIDATOR is None:
        skip("this jsonschema does not know the draft of data/sidecar.schema.json")
    VALIDATOR.check_schema(SCHEMA)
    has_xxhsum = shutil.which("xxhsum") is not None
    if not has_xxhsum:
        print("skipped: there is no xxhsum to check the checksums with: script/bootstrap installs it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sidecars = make_all(folder, has_xxhsum)
        spoilt = sum(check_mutations(one) for one in
                     [sidecars[0], sidecars[12], sidecars[22], *check_groups()])
        check_floats(sidecars)
        check_bad_files()
        if has_locale():
            check_locale(folder)
        else:
            print(f"skipped: there is no locale {LOCALE}: script/bootstrap makes it")
    print(f"{len(sidecars)} sidecars hold, {spoilt} spoilt ones do not")


if __name__ == "__main__":
    main()
