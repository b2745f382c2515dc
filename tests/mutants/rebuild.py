# SPDX-License-Identifier: MIT
"""Builds what a mutant changes, beside a build directory that stays as it is: compiles the objects
that include the changed file with the directory's own commands, and links programs with these."""
from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

DEPENDS = ".o.d"


class Base:
    """A build directory of CMake with makefiles, complete and up to date."""

    def __init__(self, root: Path, build: Path):
        self.root, self.build = root, build
        commands = json.loads((build / "compile_commands.json").read_text())
        self.compile: dict[Path, list[str]] = {}  # by object
        for entry in commands:
            command = shlex.split(entry["command"])
            name = command[command.index("-o") + 1]
            self.compile[Path(entry["directory"], name)] = command
        self.depends: dict[str, list[Path]] = {}  # by source or header: the objects
        for made in self.compile:
            listed = made.with_name(made.name + ".d")
            if not listed.exists():
                continue
            for name in listed.read_text().replace("\\\n", " ").split():
                if name.startswith(str(root / "src")):
                    self.depends.setdefault(name, []).append(made)
        self.link: dict[Path, tuple[Path, list[str]]] = {}  # by program: where, and the command
        for text in build.rglob("link.txt"):
            where = text.parent.parent.parent
            for line in text.read_text().splitlines():
                command = shlex.split(line)
                if "-o" in command and "-shared" not in command:
                    self.link[where / command[command.index("-o") + 1]] = where, command


class Build:
    """One mutant's objects and programs, in a directory of its own."""

    def __init__(self, base: Base, directory: Path, changed: Path, text: str):
        self.base, self.directory = base, directory
        shutil.rmtree(directory, ignore_errors=True)
        copy = directory / changed
        copy.parent.mkdir(parents=True)
        copy.write_text(text, encoding="utf-8")
        self.original = base.root / changed
        self.copy = copy
        self.objects: dict[Path, Path] = {}  # the base's: this one's
        self.programs: dict[Path, Path] = {}

    def compile(self, made: Path) -> bool:
        """Whether the object can be made without a warning."""
        command = list(self.base.compile[made])
        mine = self.directory / "objects" / made.relative_to(self.base.build)
        mine.parent.mkdir(parents=True, exist_ok=True)
        command[command.index("-o") + 1] = str(mine)
        source = command.index("-c") + 1
        if command[source] == str(self.original):
            command[source] = str(self.copy)
        command[1:1] = [f"-I{self.directory}/src", "-Werror"]
        done = subprocess.run(command, cwd=self.base.build, capture_output=True)
        self.objects[made] = mine
        return done.returncode == 0

    def compile_library(self) -> bool:
        return all(self.compile(made) for made in self.base.depends.get(str(self.original), [])
                   if self.base.build / "tests" not in made.parents)

    def is_same(self) -> bool:
        """Whether the compiler makes the same code of it."""
        return all(made.read_bytes() == mine.read_bytes() for made, mine in self.objects.items())

    def program(self, of_base: Path) -> Path:
        """Links it where that is not done yet. Raises subprocess.CalledProcessError."""
        if of_base in self.programs:
            return self.programs[of_base]
        where, command = self.base.link[of_base]
        mine = self.directory / "programs" / of_base.name
        mine.parent.mkdir(exist_ok=True)
        new, used = [], set()
        for word in command:
            path = Path(where, word).resolve() if word.endswith((".o", ".a")) else None
            if path and path not in self.objects and path in self.base.depends.get(str(self.original), []):
                self.compile(path)
            if path in self.objects:
                used.add(path)
                word = str(self.objects[path])
            elif path and path.suffix == ".a":
                # What is linked before the library takes the place of its member.
                new += [str(one) for of, one in self.objects.items()
                        if "quant_objects.dir" in str(of) and of not in used]
            new.append(word)
        new[new.index("-o") + 1] = str(mine)
        subprocess.run(new, cwd=where, check=True, capture_output=True)
        self.programs[of_base] = mine
        return mine
