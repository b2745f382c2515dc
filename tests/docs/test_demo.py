#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs script/demo with the program that QUANT names, and compares what it prints with docs/demo.md.

    QUANT=build/quant tests/docs/test_demo.py [--update]

--update writes what it prints into the page. Times at the end of a line vary.
"""
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "demo.md"
BLOCK = re.compile(r"(?<=```text\n).*(?=```\n)", re.S)
TIME = re.compile(r"\d+(\.\d+)? s$", re.M)
WIDTH = 100  # of a line


def lines_of(text):
    return TIME.sub("TIME", text).strip("\n").splitlines()


def main():
    program = Path(os.environ.get("QUANT") or ROOT / "build" / "quant").resolve()
    done = subprocess.run(["bash", ROOT / "script" / "demo"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120,
                          env={**os.environ, "QUANT": str(program), "LC_ALL": "C.UTF-8"})
    found = done.stdout.decode()
    if done.returncode != 0:
        sys.exit(f"script/demo: status {done.returncode}\n{found}")
    page = PAGE.read_text(encoding="utf-8")
    if "--update" in sys.argv:
        PAGE.write_text(BLOCK.sub(lambda _: found.strip("\n") + "\n", page), encoding="utf-8")
        return
    shown = BLOCK.search(page)
    difference = list(difflib.unified_diff(lines_of(shown[0]) if shown else [], lines_of(found),
                                           "docs/demo.md", "script/demo", lineterm=""))
    if difference:
        sys.exit("\n".join(difference))
    wide = [line for line in found.splitlines() if len(line) > WIDTH]
    if wide:
        sys.exit("lines that are too long:\n" + "\n".join(wide))
    print(f"script/demo prints the {len(lines_of(found))} lines of docs/demo.md")


if __name__ == "__main__":
    main()
