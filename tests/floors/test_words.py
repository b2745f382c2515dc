#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/words finds each turn of phrase in comments, printed texts and documents, and not in code."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def words(files, ceilings=None, *options):
    with tempfile.TemporaryDirectory() as name:
        for path, text in {"docs/page.md": "fine", **files}.items():
            target = Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        Path(name, "script").mkdir()
        Path(name, "script/words.json").write_text(json.dumps(ceilings or {}))
        done = subprocess.run([sys.executable, ROOT / "script/words", *options, name],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, json.loads(Path(name, "script/words.json").read_text())


class Words(unittest.TestCase):
    def test_found(self):
        for path, text in [("src/core/a.c", "/* what lies behind it */\n"),
                           ("src/core/a.c", "int a; // it tells the caller\n"),
                           ("src/core/a.c", "/* a\n * line. Of these, two */\n"),
                           ("src/cli/a.c", 'f("there is none");\n'),
                           ("docs/b.md", "a folder\n"), ("README.md", "it goes with that\n")]:
            with self.subTest(text):
                status, out, _ = words({path: text})
                self.assertEqual(status, 1, out)
                self.assertIn(f"{path}:", out)

    def test_not_found(self):
        for path, text in [("src/core/a.c", "int behind = tell(folder);\n"),
                           ("src/core/a.c", 'f("behind the scenes");\n'),
                           ("src/core/a.c", "/* Offsets. Of course. */\n"),
                           ("docs/b.md", "`folder_enter` and `quant tell`\n")]:
            with self.subTest(text):
                self.assertEqual(words({path: text})[0], 0)

    def test_ceilings(self):
        files = {"src/core/a.c": "/* behind */\n"}
        self.assertEqual(words(files, {"behind": 1})[0], 0)
        self.assertEqual(words(files, {"behind": 2})[0], 1)
        status, _, ceilings = words(files, {"behind": 2}, "--lower")
        self.assertEqual((status, ceilings["behind"]), (0, 1))


if __name__ == "__main__":
    unittest.main()
