#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the commands that README.md and docs/ show, and compares what they print.

    QUANT=build/quant tests/docs/test_commands.py [--update] [PAGE.md ...]

A page is run in a directory of its own, with `data` there and `quant` on the PATH, from its first
block to its last:

    ```console    lines that begin with "$ " are commands; what follows is what they print, on both
                  streams. A line "..." stands for any lines. Times at the end of a line vary.
    ```sh         commands that must succeed; what they print is not compared
    ```python     a program that must succeed

A block after the line <!-- not run: WHY --> is not run; how many there are is printed. --update
writes what the commands print into the page.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"(?P<before>[^\n]*)\n```(?P<kind>console|sh|python)\n(?P<body>.*?)\n```", re.S)
TIME = re.compile(r"\d+(\.\d+)? s$", re.M)


def run(command, folder):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "80",
                   "PATH": f"{folder}/.bin:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    return done.stdout.decode(), done.returncode


def steps_of(body):
    """[(command, [expected lines])]: a command goes on while its lines end in a backslash."""
    steps = []
    for line in body.split("\n"):
        if line.startswith("$ ") or (steps and not steps[-1][1] and steps[-1][0].endswith("\\")):
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1] = (steps[-1][0] + "\n" + line, [])
        else:
            steps[-1][1].append(line)
    return steps


def matches(expected, found):
    parts = [re.escape(TIME.sub("TIME", part)) for part in
             re.split(r"^\.\.\.$\n?", "".join(line + "\n" for line in expected), flags=re.M)]
    return re.fullmatch(r"(?:.*\n)*?".join(parts), TIME.sub("TIME", found)) is not None


def run_console(page, body, folder, update):
    failed = 0
    shown = []
    for command, expected in steps_of(body):
        found, status = run(command, folder)
        if status != 0: # a command that is meant to fail ends in `; echo "status $?"`
            failed += 1
            print(f"{page}: status {status} of $ {command}")
        shown += ("$ " + command).split("\n")
        if matches(expected, found):
            shown += expected
        elif update:
            shown += found.rstrip("\n").split("\n") if found else []
        else:
            failed += 1
            print(f"{page}: $ {command}\n  expected:\n    " + "\n    ".join(expected) +
                  "\n  found:\n    " + found.replace("\n", "\n    "))
    return failed, "\n".join(shown)


def run_page(page, update):
    text = page.read_text(encoding="utf-8")
    ran = skipped = failed = 0
    with tempfile.TemporaryDirectory(prefix="quant-docs-") as name:
        folder = Path(name)
        (folder / ".bin").mkdir()
        (folder / ".bin" / "quant").symlink_to(Path(os.environ["QUANT"]).resolve())
        subprocess.run(["cp", "-r", ROOT / "data", folder / "data"], check=True)

        def replace(match):
            nonlocal ran, skipped, failed
            kind, body = match["kind"], match["body"]
            if match["before"].startswith("<!-- not run: "):
                skipped += 1
                return match.group()
            ran += 1
            if kind == "console":
                bad, body = run_console(page.name, body, folder, update)
                failed += bad
                return f"{match['before']}\n```{kind}\n{body}\n```"
            program = "set -eo pipefail\n" + body
            if kind == "python":
                (folder / ".bin" / "block.py").write_text(body, encoding="utf-8")
                program = f"{os.environ.get('QUANT_PYTHON', sys.executable)} .bin/block.py"
            found, status = run(program, folder)
            if status != 0:
                failed += 1
                print(f"{page.name}: status {status} of\n{body}\n{found}")
            return match.group()

        changed = BLOCK.sub(replace, text)
    if update and changed != text:
        page.write_text(changed, encoding="utf-8")
    print(f"{page.name}: {ran} blocks run, {skipped} not run, {failed} wrong")
    return failed


def main():
    words = sys.argv[1:]
    update = "--update" in words
    pages = [Path(word) for word in words if word != "--update"]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if "QUANT" not in os.environ:
        sys.exit("name the program with QUANT=...")
    return 1 if sum(run_page(page, update) for page in pages) else 0


if __name__ == "__main__":
    sys.exit(main())
