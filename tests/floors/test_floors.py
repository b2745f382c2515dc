#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/floors passes what is allowed, and finds each kind of offence at its place."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


# What a tree has besides the files of a test. All sources are said to be tested by one test.
TABLE = "tests/floors/tested_elsewhere.txt"
OTHERS = {"include/quant/quant.h": "", "src/base/base.c": "", "tests/all.py": "",
          TABLE: "# Comment\n\n* tests/all.py\n"}


def floors(files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as directory:
        for name, text in {**OTHERS, **files}.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, ROOT / "script" / "floors", directory],
                              capture_output=True, text=True, check=False)


class Allowed(unittest.TestCase):
    def test_each(self) -> None:
        for name, text in [
            ("src/engine/files/run.c", '#include "core/a.h"\n#include "io/b.h"\n#include "base/c.h"\n'),
            ("src/core/a.c", '#include <quant/quant.h>\n#include <math.h>\n#include "core/a.h"\n'),
            ("src/kernels/scalar.c", '#include "base/endian.h"\n'),
            ("src/cli/main.c", '#include <quant/file.h>\n#include "cli/command.h"\n'
                               "int main(void) { printf(NULL); exit(1); }\n"),
            ("src/core/b.c", '/* printf("no") */\nchar *a = "exit(1)"; // #include "cli/x.h"\n'),
            ("src/core/c.c", "int a = snprintf(b, 1, c); e->exit(1); f.abort();\n"),
            ("src/core/d.c", "_Static_assert(1, \"\"); quant_exit(1);\n"),
        ]:
            with self.subTest(name):
                result = floors({name: text})
                self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)


class Refused(unittest.TestCase):
    def test_each(self) -> None:
        for name, text, line, word in [
            ("src/base/a.c", '\n#include "core/a.h"\n', 2, "above"),
            ("src/core/a.c", '#include "formats/format.h"\n', 1, "neighbours"),
            ("src/records/a.c", '#include "io/io.h"\n', 1, "neighbours"),
            ("src/io/a.c", '#  include "engine/work/a.h"\n', 1, "above"),
            ("src/engine/work/a.c", '#include "engine/files/a.h"\n', 1, "above"),
            ("src/engine/files/a.c", '#include "cli/a.h"\n', 1, "above"),
            ("src/cli/a.c", '#include <quant/quant.h>\n\n#include "base/a.h"\n', 3, "like any other"),
            ("src/core/a.c", '#include "params.h"\n', 1, "path from src"),
            ("src/core/a.c", '#include "../io/io.h"\n', 1, "path from src"),
            ("src/core/a.c", '#include "quant/quant.h"\n', 1, "<quant/quant.h>"),
            ("src/core/a.c", "#include <io/io.h>\n", 1, "quotes"),
            ("include/quant/file.h", '#include "base/a.h"\n', 1, "public header"),
            ("src/extra/a.c", "", 1, "not one of the floors"),
            ("src/io/a.c", "/*\n*/ int a;\nvoid f(void) { fprintf (NULL, \"\"); }\n", 3, "prints"),
            ("src/engine/files/a.c", "void f(void)\n{\n    exit(1);\n}\n", 3, "prints"),
            ("src/base/a.c", 'void f(void) { char c = \'"\'; abort(); }\n', 1, "prints"),
            ("src/core/a.c", "void f(void) { assert(0); }\n", 1, "prints"),
            ("src/core/a.c", "FILE *f = stderr;\n", 1, "prints"),
            ("src/cli/a.c", "int n = atoi(a);\n", 1, "safely"),
            ("src/core/a.c", "void f(void) { strcpy(a, b); }\n", 1, "safely"),
        ]:
            with self.subTest(name, text=text):
                result = floors({name: text})
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(f"{name}:{line}: ", result.stdout)
                self.assertIn(word, result.stdout)
                self.assertEqual(result.stderr, "floors: offences: 1\n")

    def check(self, files: dict[str, str], *places: str) -> None:
        """One offence at each of these places, which are the beginnings of its line."""
        result = floors(files)
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"floors: offences: {len(places)}\n"), result.stdout)
        for line, place in zip(result.stdout.splitlines(), places, strict=True):
            self.assertTrue(line.startswith(place), line)

    def test_circles(self) -> None:
        # A header that includes itself by way of another.
        self.check({"src/core/a.h": '\n#include "core/b.h"\n', "src/core/b.h": '#include "core/a.h"\n'},
                   "src/core/a.h:2: include circle: core/a -> core/b -> core/a")
        # No header is in a circle, but two modules are.
        self.check({"src/io/a.h": "", "src/io/a.c": '#include "io/a.h"\n#include "io/b.h"\n',
                    "src/io/b.h": "", "src/io/b.c": '#include "io/b.h"\n#include "io/a.h"\n'},
                   "src/io/a.c:2: include circle: io/a -> io/b -> io/a")
        # The shortest first; a second one through the same module; modules that only lead to one.
        self.check({"src/cli/a.h": '#include "cli/b.h"\n#include "cli/d.h"\n',
                    "src/cli/b.h": '#include "cli/c.h"\n', "src/cli/c.h": '#include "cli/a.h"\n',
                    "src/cli/d.h": '#include "cli/a.h"\n', "src/cli/e.c": '#include "cli/a.h"\n',
                    "src/core/x.h": '#include "core/y.h"\n', "src/core/y.h": '#include "core/x.h"\n'},
                   "src/cli/a.h:2: include circle: cli/a -> cli/d -> cli/a",
                   "src/cli/a.h:1: include circle: cli/a -> cli/b -> cli/c -> cli/a",
                   "src/core/x.h:1: include circle: core/x -> core/y -> core/x")

    def test_no_circle(self) -> None:
        result = floors({"src/core/a.h": '#include "core/b.h"\n#include "core/c.h"\n',
                         "src/core/a.c": '#include "core/a.h"\n/* #include "core/d.h" */\n',
                         "src/core/b.h": '#include "core/c.h"\n', "src/core/c.h": "",
                         "src/core/d.c": '#include "core/a.h"\n'})
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_names(self) -> None:
        self.check({"src/core/scan.h": "", "src/core/scan.c": "", "src/engine/tensor/scan.c": ""},
                   "src/engine/tensor/scan.c:1: there is src/core/scan too")
        self.check({"src/cli/groups.h": "", "src/core/groups.c": ""},
                   "src/core/groups.c:1: there is src/cli/groups too")

    def test_sources_without_tests(self) -> None:
        base = "base/base   tests/all.py\n"
        self.check({TABLE: base, "src/core/a.c": "", "src/engine/files/b.c": "", "src/core/c.h": ""},
                   "src/core/a.c:1: there is no tests/core/test_a.c: write it",
                   "src/engine/files/b.c:1: there is no tests/engine/files/test_b.c: write it")
        self.check({TABLE: ""}, "src/base/base.c:1: there is no tests/base/test_base.c")
        for table in [base + "core/a  By tests/all.py.\n", base + "core/*  tests/all.py\n", "* tests/all.py"]:
            self.assertEqual(floors({TABLE: table, "src/core/a.c": ""}).returncode, 0)
        self.assertEqual(floors({TABLE: base, "src/core/a.c": "", "tests/core/test_a.c": ""}).returncode, 0)

    def test_table_of_tests(self) -> None:
        base = "base/base   tests/all.py\n"
        self.check({TABLE: base + "core/a   tests/all.py\n", "src/core/a.c": "", "tests/core/test_a.c": ""},
                   f"{TABLE}:2: src/core/a.c has its own test")
        self.check({TABLE: base + "core/*   tests/all.py\n", "src/core/a.c": "", "src/core/b.c": "",
                    "tests/core/test_b.c": ""}, f"{TABLE}:2: src/core/b.c has its own test")
        self.check({TABLE: base + "core/gone tests/all.py\n"}, f"{TABLE}:2: there is no src/core/gone.c")
        self.check({TABLE: "base/base  tests/gone.py\n"}, f"{TABLE}:1: there is no tests/gone.py")
        self.check({TABLE: "base/base  too hard to test\n"}, f"{TABLE}:1: say where")

    def test_tests_that_are_not_run(self) -> None:
        self.check({"tests/engine/test_a.c": ""}, "tests/engine/test_a.c:1: a test is in the directory")
        self.assertEqual(floors({"tests/faults/test_a.c": "", "tests/formats/test_b.c": ""}).returncode, 0)

    def test_nothing_there(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            result = subprocess.run([sys.executable, ROOT / "script" / "floors", directory],
                                    capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no sources", result.stderr)


if __name__ == "__main__":
    unittest.main()
