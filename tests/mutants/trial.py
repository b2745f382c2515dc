# SPDX-License-Identifier: MIT
"""Which tests are run on a mutant, in which order, and how: the tests of ctest, with programs of the
mutant in the place of the build's own. The first failure ends it."""
from __future__ import annotations

import fnmatch
import json
import os
import re
import resource
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from rebuild import Base, Build

ELSEWHERE = Path("tests/floors/tested_elsewhere.txt")
NOT_OF_BEHAVIOUR = ("floors/", "public/")  # they look at sources and at what is installed
GOLDEN = "cli/golden"
MEMORY = 8 << 30  # a mutant may ask for all there is, and write without end
FILE_SIZE = 4 << 30
GOLDEN_OPTIONS = ["--first", "--without", "signals/"]  # those need files of 64 GiB without content


@dataclass
class Test:
    name: str
    command: list[str]
    environment: dict[str, str]
    seconds: float  # as measured when all tests were run last


def read_tests(base: Base) -> dict[str, Test]:
    shown = subprocess.run(["ctest", "--test-dir", str(base.build), "--show-only=json-v1"],
                           check=True, capture_output=True, text=True)
    cost = {}
    measured = base.build / "Testing/Temporary/CTestCostData.txt"
    if measured.exists():
        for line in measured.read_text().split("---")[0].splitlines():
            name, _, seconds = line.split()
            cost[name] = float(seconds)
    tests = {}
    for row in json.loads(shown.stdout)["tests"]:
        values = {value["name"]: value["value"] for value in row["properties"]}
        if row["name"].startswith(NOT_OF_BEHAVIOUR) or "foreign" in values["LABELS"]:
            continue
        environment = dict(one.split("=", 1) for one in values["ENVIRONMENT"])
        tests[row["name"]] = Test(row["name"], row["command"], environment, cost.get(row["name"], 1))
    return tests


def own_tests(root: Path, path: Path, names: list[str]) -> list[str]:
    """The tests that are there for this source: its own, and those the list names."""
    module = path.relative_to("src").with_suffix("").as_posix()
    named = re.findall(r"tests/[\w/.-]*\w", "".join(
        line.partition(" ")[2] for line in (root / ELSEWHERE).read_text().splitlines()
        if fnmatch.fnmatchcase(module, line.partition(" ")[0])))
    if module in names:
        named.insert(0, f"tests/{path.parent.relative_to('src')}/test_{path.stem}.c")
    found = []
    for name in named:
        place = Path(name).relative_to("tests")
        test = (place.parent / place.stem.removeprefix("test_")).as_posix()
        if test.startswith("cli/"):
            test = GOLDEN
        if place.parts[0] == "kernels":
            test = "kernels/check_kernels"
        if test in names and test not in found:
            found.append(test)
    return found


def order(root: Path, path: Path, tests: dict[str, Test], quick: bool) -> list[Test]:
    """The source's own tests; quick ones of its directory; the program; unless quick, what else runs
    the program, and the rest, each quickest first."""
    place = path.parent.relative_to("src").as_posix()
    own = own_tests(root, path, list(tests))

    def rank(test: Test) -> tuple[float, float]:
        if test.name in own:
            return 0, test.seconds
        if test.name.startswith(place + "/") and test.seconds < 5:
            return 1, test.seconds
        if test.name == GOLDEN:
            return 2, 0
        return 3 if "QUANT" in test.environment else 4, test.seconds

    return sorted((test for test in tests.values() if not quick or rank(test)[0] < 3), key=rank)


def limit_process() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Runner:
    def __init__(self, base: Base, quick: bool, longest: float):
        self.base, self.quick = base, quick
        self.tests = {name: test for name, test in read_tests(base).items()
                      if test.seconds <= longest or name == GOLDEN}
        self.passes: dict[tuple[str, ...], bool] = {}  # on what is not changed
        self.lock = threading.Lock()

    def run(self, test: Test, build: Build | None, only: list[str]) -> tuple[bool, str]:
        """Whether it fails, and what it printed. No build: the base's own programs."""
        def mine(word: str) -> str:
            return str(build.program(Path(word))) if build and Path(word) in self.base.link else word

        command = [mine(word) for word in test.command] + only
        environment = {**os.environ, **{name: mine(value) for name, value in test.environment.items()}}
        process = subprocess.Popen(command, cwd=self.base.root, env=environment, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL, start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   preexec_fn=limit_process)
        try:
            printed, _ = process.communicate(timeout=30 + 4 * test.seconds)
            return process.returncode not in (0, 77), printed
        except subprocess.TimeoutExpired:
            return True, "it did not end\n"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)  # what it has started
            except ProcessLookupError:
                pass
            process.wait()

    def passes_unchanged(self, test: Test, only: list[str]) -> bool:
        with self.lock:
            key = (test.name, *only)
            if key not in self.passes:
                self.passes[key] = not self.run(test, None, only)[0]
            return self.passes[key]

    def find_killer(self, path: Path, build: Build) -> str | None:
        """The first test that fails on the mutant and passes without it."""
        for test in order(self.base.root, path, self.tests, self.quick):
            fails, printed = self.run(test, build, GOLDEN_OPTIONS if test.name == GOLDEN else [])
            if not fails:
                continue
            case = re.findall(r"^FAILED: ([\w/]+):", printed, re.M)[:1] if test.name == GOLDEN else []
            if self.passes_unchanged(test, case):
                return " ".join([test.name, *case])
        return None
