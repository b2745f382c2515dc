# SPDX-License-Identifier: MIT
"""What the scripts in the directory above share: the program, and NumPy's own computation of the mapping."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
QUANT = str(Path(os.environ.get("QUANT") or ROOT / "build" / "quant").resolve())

# ctest sets it in a build with sanitizers. NumPy's part is the same there, and has been held against
# these numbers by the tests of other builds: less of it still meets every kind of input.
IS_SANITIZED = "ASAN_OPTIONS" in os.environ


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def run(*arguments, cwd, stdin=b"", status=0, **env):
    """Runs quant; returns (standard output, standard error), and fails on another exit status."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    done = subprocess.run([QUANT, *map(str, arguments)], cwd=cwd, input=stdin, capture_output=True,
                          env={**kept, "LC_ALL": "C.UTF-8", **env}, timeout=120)
    assert done.returncode == status, \
        f"quant {' '.join(map(str, arguments))}: status {done.returncode}: {done.stderr.decode()}"
    return done.stdout, done.stderr


def read_sidecar(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def seed_from(arguments):
    """The seed is fixed, and can be given: SCRIPT SEED."""
    return int(arguments[1]) if len(arguments) > 1 else 20240229
