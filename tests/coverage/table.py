#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what the tests have run, by directory, from the JSON of gcovr; fails where that is too little.

    table.py COVERAGE.json [--missed PATTERN] [--as-exceptions]

Required: 95 % of the lines of every directory; every branch of the readers, the records, the options
and the output protocol, other than those that exceptions.txt names with a reason. --missed lists the
lines of files that match, with their missed branches; with --as-exceptions as exceptions.txt would.
"""
from __future__ import annotations

import argparse
import json
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
EXCEPTIONS = Path(__file__).with_name("exceptions.txt")
LINES_REQUIRED = 95.0

# Of these every branch is required.
STRICT = {
    "readers": ["src/formats/*"],
    "records": ["src/records/*"],
    "options": ["src/cli/option*", "src/cli/*_options.*", "src/cli/*_rows.*", "src/cli/threshold.*"],
    "output protocol": ["src/io/commit.*", "src/io/pending.*", "src/io/output*", "src/io/unnamed.*",
                        "src/io/temporary.*", "src/io/leftovers.*"],
}


class Line:
    def __init__(self) -> None:
        self.count = 0
        self.branches: list[int] = []
        self.excused = 0

    @property
    def missed(self) -> int:
        return sum(count == 0 for count in self.branches)

    def add(self, row: dict) -> None:
        """A line of an inline function is compiled several times."""
        self.count += row["count"]
        counts = [branch["count"] for branch in row.get("branches", [])]
        if len(counts) == len(self.branches):
            self.branches = [a + b for a, b in zip(self.branches, counts)]
        elif len(counts) > len(self.branches):
            self.branches = counts


def one_line(text: str) -> str:
    return " ".join(text.split())


def read_coverage(path: Path) -> dict[str, dict[int, Line]]:
    files: dict[str, dict[int, Line]] = {}
    for file in json.loads(path.read_text())["files"]:
        lines = files.setdefault(file["file"], {})
        for row in file["lines"]:
            if not row.get("gcovr/noncode") and not row.get("gcovr/excluded"):
                lines.setdefault(row["line_number"], Line()).add(row)
    return files


def read_exceptions() -> dict[tuple[str, str], tuple[int, str]]:
    """{(file, line): (branches, reason)}"""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for block in re.split(r"\n\s*\n", EXCEPTIONS.read_text(encoding="utf-8")):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if not lines:
            continue
        name, text, *rest = (line.strip() for line in lines)
        match = re.fullmatch(r"(\d+): (.+)", " ".join(rest))
        if text[:2] != "- " or not match:
            sys.exit(f"coverage: {EXCEPTIONS.name}: expected FILE, - LINE, N: REASON: {name}")
        found[name, text[2:]] = int(match.group(1)), match.group(2)
    return found


def excuse(files: dict[str, dict[int, Line]], texts: dict[str, list[str]]) -> list[str]:
    """Marks what the list excuses. Returns what the list has and the files do not."""
    unused = []
    for (name, text), (nbranches, _) in read_exceptions().items():
        matched = [line for number, line in files.get(name, {}).items()
                   if one_line(texts[name][number - 1]) == text]
        for line in matched:
            line.excused = min(nbranches, line.missed)
        if not matched:
            unused.append(f"{name}: {text}")
    return unused


class Row:
    def __init__(self) -> None:
        self.lines = self.lines_run = self.branches = self.branches_run = self.excused = 0

    def add(self, line: Line) -> None:
        self.lines += 1
        self.lines_run += line.count > 0
        self.branches += len(line.branches)
        self.branches_run += len(line.branches) - line.missed
        self.excused += line.excused

    def percent(self) -> float:
        return 100 * self.lines_run / self.lines if self.lines else 100

    def print(self, name: str) -> None:
        branches = 100 * self.branches_run / self.branches if self.branches else 100
        missed = self.branches - self.branches_run - self.excused
        print(f"{name:24} {self.percent():7.2f} %  {self.lines_run:5} / {self.lines:<5}  {branches:7.2f} %  "
              f"{self.branches_run:5} / {self.branches:<5}  {self.excused:7}  {missed:6}")


def is_strict(name: str) -> str | None:
    return next((group for group, patterns in STRICT.items()
                 if any(fnmatch(name, pattern) for pattern in patterns)), None)


def list_missed(files: dict[str, dict[int, Line]], texts: dict[str, list[str]], pattern: str,
                as_exceptions: bool) -> None:
    for name, lines in sorted(files.items()):
        for number, line in sorted(lines.items()):
            missed = line.missed - line.excused
            if not fnmatch(name, pattern) or (missed <= 0 and (line.count > 0 or as_exceptions)):
                continue
            text = one_line(texts[name][number - 1])
            if as_exceptions:
                print(f"{name}\n- {text}\n{missed}: REASON\n")
            else:
                what = "line not run" if line.count == 0 else f"{missed} of {len(line.branches)}"
                print(f"{name}:{number}: {what}: {text}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("coverage", metavar="COVERAGE.json", type=Path)
    parser.add_argument("--missed", metavar="PATTERN", help="list the lines that miss branches")
    parser.add_argument("--as-exceptions", action="store_true", help="in the form of exceptions.txt")
    options = parser.parse_args()

    files = {name: lines for name, lines in read_coverage(options.coverage).items()
             if (ROOT / name).exists()}
    texts = {name: (ROOT / name).read_text(encoding="utf-8").splitlines() for name in files}
    unused = excuse(files, texts)
    if options.missed:
        list_missed(files, texts, options.missed, options.as_exceptions)
        return 0

    directories: dict[str, Row] = {}
    groups: dict[str, Row] = {group: Row() for group in STRICT}
    total = Row()
    for name, lines in sorted(files.items()):
        for line in lines.values():
            directories.setdefault(str(Path(name).parent), Row()).add(line)
            total.add(line)
            if group := is_strict(name):
                groups[group].add(line)
    print(f"{'':24} {'lines':>9}  {'':13}  {'branches':>9}  {'':13}  {'excused':>7}  {'missed':>6}")
    for name, row in directories.items():
        row.print(name)
    print("\nevery branch required:")
    for name, row in groups.items():
        row.print(name)
    print()
    total.print("all")

    complaints = [f"{EXCEPTIONS.name} names a line that is not there: {line}" for line in unused]
    complaints += [f"{name}: {row.percent():.2f} % of lines, not {LINES_REQUIRED:.0f} %"
                   for name, row in directories.items() if row.percent() < LINES_REQUIRED]
    complaints += [f"{name}: branches that no test takes: "
                   f"{row.branches - row.branches_run - row.excused}"
                   for name, row in groups.items() if row.branches - row.branches_run > row.excused]
    for complaint in complaints:
        print(f"coverage: {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
