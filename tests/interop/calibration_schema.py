#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""data/calibration.schema.json holds for the file of every round of every method, and for none that
was spoilt; no locale changes a byte of one.
"""
import itertools
import json
import shutil
import tempfile
from pathlib import Path

from reference import ROOT, run, skip

try:
    import jsonschema
except ImportError:
    skip("there is no jsonschema for this python3: script/bootstrap installs it")
from sidecar_schema import EXAMPLES, LOCALE, changed, has_locale, paths_of  # noqa: E402

BAD = ROOT / "data" / "bad" / "calibration"
SCHEMA = json.loads((ROOT / "data" / "calibration.schema.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA, default=None)
INPUTS = [["x.npy"], ["y.json", "x.bin"]]
MOST = 4  # rounds of any method

# What a schema cannot say: how fields agree, and what a method can have found.
AGREEMENTS = {
    "argument_beyond", "counts_above_pass", "counts_falling", "counts_huge", "counts_index_beyond",
    "counts_index_huge", "counts_odd", "counts_zero", "key_doubled", "nonfinite_above_count",
    "observed_falling", "observed_null", "part_count_less", "part_count_more", "part_inputs_more",
    "part_null", "pass_count_missing", "pass_count_more", "pass_index_beyond", "pass_sums_two",
    "qmin_beyond_dtype", "qmin_is_qmax", "ranges_falling", "ranges_null", "ranges_one",
    "digests_two", "part_digest_foreign", "round_wrong", "sums_fraction", "sums_huge",
    "sums_infinite", "sums_negative", "sums_two", "method_other", "groups_axis_beyond",
    "groups_nothing_finite", "groups_observed_null", "groups_range_falling", "groups_range_twice",
    "groups_range_unseen", "groups_shape_huge", "groups_shape_less", "groups_shape_many",
    "groups_shape_more",
}


def problems(file):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
            for e in VALIDATOR(SCHEMA).iter_errors(file)]


def commands():
    for method in ("minmax", "percentile:61.7", "mse", "entropy", "octav", "sigma:.3"):
        yield ["-m", method]
    yield ["-m", "percentile", "-s", "zero-point"]
    for dtype in ("uint8", "int4", "uint4", "int16", "uint16", "f8e4m3", "f8e5m2"):
        yield ["-t", dtype]
    yield ["-m", "octav", "--qmin", "-5", "--qmax", "5", "--include-zero"]
    yield ["-m", "mse", "--rounding", "half-away"]
    yield ["--ema", "0.01", "-m", "percentile"]


def group_commands():
    yield ["--axis", "0"]
    yield ["--axis", "-1", "-s", "zero-point", "--ema", "0.3"]
    yield ["--block-size", "2", "-m", "entropy"]
    yield ["--block-size", "2,2", "-m", "sigma"]


def make_groups(folder):
    """The file of each kind of groups, from two matrices with the same ones."""
    names = ["m.json", "n.json"]
    (folder / names[0]).write_text("[[1, 2.5, -3], [0, 0, 0.1], [4, 5, 6]]")
    (folder / names[1]).write_text("[[-1, 2, 9], [0, 0, 0], [0.25, 5, -6]]")
    for options in group_commands():
        yield options, run("calibrate", "-q", *options, *names, cwd=folder)[0]


def make_rounds(folder, options):
    """The texts of all files on the way from the parts to the end, and that of one run."""
    texts = []
    resume = ["--partial", *options]
    one = run("calibrate", *options, *itertools.chain(*INPUTS), cwd=folder)[0]
    for _ in range(MOST):
        for i, names in enumerate(INPUTS):
            texts.append(run("calibrate", *resume, *names, cwd=folder)[0])
            (folder / f"part{i}").write_bytes(texts[-1])
        texts.append(run("calibrate", "--merge", "part0", "part1", cwd=folder)[0])
        (folder / "merged").write_bytes(texts[-1])
        resume = ["--continue", "merged"]
        if json.loads(texts[-1])["stage"] == "complete":
            assert one == texts[-1], f"{options}: merged {texts[-1]}, one run {one}"
            return texts
    raise AssertionError(f"{options}: no end")


def check_mutations(file):
    """Everything is refused that lacks a key, has one too many, or another type somewhere."""
    count = 0
    for path in paths_of(file):
        if not path:
            continue
        spoilt = [changed(file, path, {"no": "such"}), changed(file, path, "other")]
        if isinstance(path[-1], str):
            spoilt.append(changed(file, path, None))
            spoilt.append(changed(file, path[:-1] + ("colour",), "red"))
        for one in spoilt:
            count += 1
            assert problems(one), f"the schema takes a calibration spoilt at {path}: {json.dumps(one)}"
    return count


def check_bad_files():
    """Which of the bad files a schema can tell, and that it takes the good ones."""
    wrong = []
    for path in sorted(BAD.glob("*.json")):
        try:
            file = json.loads(path.read_text(), parse_constant=int)  # NaN is none
        except ValueError:
            continue
        is_fine = path.stem in AGREEMENTS or path.stem.startswith("good")
        if bool(problems(file)) == is_fine:
            wrong.append(f"{path.name}: {problems(file) or 'no problem'}")
    assert not wrong, "\n".join(wrong)


def main():
    if VALIDATOR is None:
        skip("this jsonschema does not know the draft of data/calibration.schema.json")
    VALIDATOR.check_schema(SCHEMA)
    count = 0
    kinds = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in EXAMPLES.iterdir():
            shutil.copyfile(file, folder / file.name)
        for options in commands():
            for text in make_rounds(folder, options):
                file = json.loads(text)
                assert not problems(file), f"{options}: {problems(file)}\n{text.decode()}"
                kinds[file["stage"], file["ema"] is None, len(file.get("passes", ())) > 1] = file
                count += 1
        for options, text in make_groups(folder):
            file = json.loads(text)
            assert not problems(file), f"{options}: {problems(file)}\n{text.decode()}"
            kinds[" ".join(options)] = file
            count += 1
        if has_locale():
            options = ["calibrate", "-m", "percentile:61.7", "x.npy"]
            assert run(*options, cwd=folder) == run(*options, cwd=folder, LC_ALL=LOCALE)
        else:
            print(f"skipped: there is no locale {LOCALE}: script/bootstrap makes it")
    check_bad_files()
    assert len(kinds) == 9, kinds.keys()  # no method takes enough rounds for more
    spoilt = sum(check_mutations(file) for file in kinds.values())
    print(f"{count} calibrations hold, {spoilt} spoilt ones do not")


if __name__ == "__main__":
    main()
