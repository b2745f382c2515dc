#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/words finds each turn of phrase in comments, printed texts and documents, and not in code."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def words(path, text):
    """The exit status and what it prints for one file."""
    with tempfile.TemporaryDirectory() as root:
        for name, content in {"docs/page.md": "fine", path: text}.items():
            Path(root, name).parent.mkdir(parents=True, exist_ok=True)
            Path(root, name).write_text(content, encoding="utf-8")
        done = subprocess.run([sys.executable, ROOT / "script/words", root],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


class Words(unittest.TestCase):
    def test_each_rule(self):
        for phrase in ["behind", "tells", "telling", "told", "is none", "are none", "be none", "was none",
                       "Of these", "goes with", "go with", "went with", "stands there", "stand in",
                       "comes to be", "came to be", "comes to 4", "folders", "workbench", "benches",
                       "is doubled", "of whom", "nobody asks", "who has", "have none", "has none",
                       "the greatest", "so many"]:
            for path, text in [("src/core/a.c", f"int a; /* It: {phrase} */\n"),
                               ("include/quant/a.h", f"// {phrase}\n"),
                               ("src/core/a.c", f'f("{phrase}");\n'),
                               ("README.md", f"{phrase} one\n"),
                               ("docs/b.md", f"| a | {phrase} one |\n")]:
                with self.subTest(phrase, path=path):
                    status, out = words(path, text)
                    self.assertEqual(status, 1, out)
                    self.assertIn(f"{path}:1: ", out)
                    self.assertIn("1 places", out)

    def test_across_lines(self):
        for path, text in [("src/core/a.c", "/* There\n * is\n * none here. */\n"),
                           ("src/core/a.c", "/* a\n * line. Of\n * these, two */\n"),
                           ("src/core/a.c", "// a line? Of these\n// none\n"),
                           ("src/cli/a.c", 'f("there "\n  "is "\n "none");\n'),
                           ("docs/b.md", "there\nis\nnone\n")]:
            with self.subTest(text):
                status, out = words(path, text)
                self.assertEqual(status, 1, out)

    def test_not_found(self):
        for path, text in [("src/core/a.c", "int behind = tell(folder);\n"),
                           ("tests/core/a.c", 'f("behind the scenes");\n'),
                           ("src/core/a.c", "/* Offsets. Of course. A kind. It comes to an end. */\n"),
                           ("src/core/a.c", "int a; /* it goes */\nint b; /* with it */\n"),
                           ("src/cli/a.c", 'f("it is", "none");\n'),
                           ("docs/b.md", "it is\n\nnone\n"),
                           ("docs/b.md", "`folder_enter` and `quant tell`\n"),
                           ("docs/b.md", "```\nbehind `it` and behind `that`\n```\n")]:
            with self.subTest(text):
                status, out = words(path, text)
                self.assertEqual(status, 0, out)

    def test_nothing_to_read(self):
        with tempfile.TemporaryDirectory() as root:
            done = subprocess.run([sys.executable, ROOT / "script/words", root],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing to read", done.stderr)


if __name__ == "__main__":
    unittest.main()
