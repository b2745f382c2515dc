#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quantize --like ENGINE against what the engines themselves made of the same matrices.

    engines.py [PROFILE...]

The files tests/interop/vectors/PROFILE.json hold, of every case, the scales, zero points and biases of
the engine and checksums of its integers and of what it restores; tests/interop/engines/make_vectors.py
wrote them. Nothing but Python is needed here. A profile that `quant types --like` does not know is
skipped. With the engines at hand, `script/engines PROFILE` shows which elements differ.
"""
import base64
import json
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from engines import inputs
from engines.by_quant import Difference, check, is_known, parts_of
from engines.checksums import digest, of_rows
from reference import IS_SANITIZED, skip

VECTORS = Path(__file__).resolve().parent / "vectors"
SHOWN = 5  # differences of a profile
STRIDE = 7 if IS_SANITIZED else 1  # of the entries


def check_values(key, data, engine, kind):
    """Scales, zero points or biases, of which the file has the values."""
    ours = struct.unpack(f"<{len(data) // 4}{kind}", data)
    theirs = struct.unpack(f"<{len(engine) // 4}{kind}", engine)
    check(len(ours) == len(theirs), f"{len(ours)} of {key}, the engine has {len(theirs)}")
    for i in range(len(ours)):
        check(data[4 * i:4 * i + 4] == engine[4 * i:4 * i + 4],
              f"{key} {i} is {ours[i]!r}, the engine's {theirs[i]!r}")


def check_parameters(entry, parts):
    for key, kind in (("scale", "f"), ("zero_point", "i"), ("bias", "f")):
        if key not in entry:
            continue
        data = parts[key]
        if "q_rows" in entry:
            check_values(key, data, zlib.decompress(base64.b64decode(entry[key])), kind)
        else:
            check(digest(data) == entry[key], f"some {key} differs")


def check_rows(entry, q, rows):
    if "q_rows" not in entry:
        return
    checks = struct.unpack(f"<{len(rows)}H", base64.b64decode(entry["q_rows"]))
    size = len(q) // len(rows)
    for i, found in enumerate(of_rows(q, len(rows))):
        part = q[i * size:(i + 1) * size][:24]
        check(found == checks[i], f"row {rows[i]} differs; here it is {part.hex()}..")


def check_entry(folder, profile, entry, one):
    rows = entry.get("rows", list(range(one.rows)))
    matrices = [inputs.chosen(one, [i]) for i in rows] if entry.get("each") else [inputs.chosen(one, rows)]
    made = [parts_of(folder, profile, entry["options"], entry["restored_dtype"], each)
            for each in matrices]
    parts = {key: b"".join(each[key] for each in made) for key in made[0]}
    check_parameters(entry, parts)
    check_rows(entry, parts["q"], rows)
    check(digest(parts["q"]) == entry["q"], "the integers differ")
    check(digest(parts["restored"]) == entry["restored"], "the restored numbers differ")
    return len(rows) * one.columns


def check_profile(folder, vectors, made):
    """The number of differences."""
    profile, entries = vectors["profile"], vectors["entries"][::STRIDE]
    differences, nvalues = 0, 0
    for entry in entries:
        try:
            nvalues += check_entry(folder, profile, entry, made[entry["input"]])
        except Difference as difference:
            differences += 1
            if differences <= SHOWN:
                print(f"  {profile} {' '.join(entry['options'])}, {entry['input']}: {difference}")
    by = "" if vectors["source"] == "engine" else ", by its formula"
    print(f"{profile}: {vectors['engine']}{by}: {len(entries)} cases, {nvalues} values that agree, "
          f"{differences} differences")
    return differences


def main():
    made = inputs.by_name()
    differences, nchecked = 0, 0
    with tempfile.TemporaryDirectory() as name:
        for file in sorted(VECTORS.glob("*.json")):
            if sys.argv[1:] and file.stem not in sys.argv[1:]:
                continue
            if not is_known(file.stem):
                print(f"{file.stem}: skipped: quant does not know this profile")
                continue
            nchecked += 1
            differences += check_profile(Path(name), json.loads(file.read_text()), made)
    if nchecked == 0:
        skip("quant knows none of these profiles")
    assert differences == 0, f"{differences} cases differ from their engine"


if __name__ == "__main__":
    main()
