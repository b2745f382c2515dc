# SPDX-License-Identifier: MIT
"""Power cuts. The order in which a run with --sync writes, syncs and names is recorded (inject.c), and
replayed up to each point, where the power is cut:

    files       a file that was written after its last fsync is all zeros
    names       changes up to the last fsync of the directory are kept; of the later ones any may be

After each cut the outputs are the old pair, the new one, or new data without a sidecar: never a
sidecar whose data is not whole. And a second run succeeds. Without --sync there must be cuts that are
worse, or this tests nothing.
"""
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import faulty_commands  # noqa: E402
import moving  # noqa: E402

SEED = 20261128
SUBSETS = 6  # up to so many unsynced changes every combination is tried, beyond it a random sample


class Disk:
    """What a disk has: names of inodes, and which inodes have all their bytes."""

    def __init__(self, names):
        self.names = dict(names)  # path: inode; as on the disk
        self.pending = []         # changes of names since, in their order
        self.whole = set(names.values())

    def sees(self):
        """The names that programs see."""
        names = dict(self.names)
        for change in self.pending:
            apply(names, change)
        return names

    def step(self, words, inodes):
        kind = words[0]
        if kind == "write":
            self.whole.discard(words[1])
        elif kind == "fsync":
            self.whole.add(words[1])
        elif kind == "syncdir":
            directory = inodes[words[1]]
            keep = [change for change in self.pending if directory_of(change) != directory]
            for change in self.pending:
                if directory_of(change) == directory:
                    apply(self.names, change)
            self.pending = keep
        elif kind in ("create", "link"):
            self.pending.append(("link", words[1], os.path.normpath(words[2])))
            if kind == "create":
                self.whole.discard(words[1])
        elif kind == "rename":
            self.pending.append(("rename", os.path.normpath(words[1]), os.path.normpath(words[2])))
        elif kind == "unlink":
            self.pending.append(("unlink", os.path.normpath(words[1])))

    def cuts(self, random_):
        """The names that may be there after a cut, one for each subset of the changes not synced."""
        n = len(self.pending)
        if n <= SUBSETS:
            choices = itertools.product((False, True), repeat=n)
        else:
            choices = [[random_.random() < 0.5 for _ in range(n)] for _ in range(1 << SUBSETS)]
            choices += [[i < k for i in range(n)] for k in range(n + 1)]
        for choice in choices:
            names = dict(self.names)
            for change, is_kept in zip(self.pending, choice):
                if is_kept:
                    apply(names, change)
            yield names


def directory_of(change):
    return os.path.dirname(change[-1])


def apply(names, change):
    if change[0] == "link":
        names[change[2]] = change[1]
    elif change[0] == "unlink":
        names.pop(change[1], None)
    elif change[1] in names:
        names[change[2]] = names.pop(change[1])


# ---- A case ----

def inodes_in(folder):
    files, directories = {}, {str(os.stat(folder).st_ino): ""}
    for directory, below, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            files[os.path.relpath(path, folder)] = str(os.stat(path).st_ino)
        for name in below:
            path = os.path.join(directory, name)
            directories[str(os.stat(path).st_ino)] = os.path.relpath(path, folder)
    return files, directories


def record(place):
    """The lines of a whole run, and the bytes of each inode."""
    lines = place.top / "lines"
    before, _ = inodes_in(place.folder)
    content = {inode: (place.folder / name).read_bytes() for name, inode in before.items()}
    # Old files keep their inodes while the copies are open: a second name for each.
    kept = place.top / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for number, name in enumerate(before):
        os.link(place.folder / name, kept / str(number))
    done = moving.run(place.case.arguments, place.folder, INJECT_RECORD=str(lines))
    assert done.status == 0, done
    after, directories = inodes_in(place.folder)
    content.update({inode: (place.folder / name).read_bytes() for name, inode in after.items()})
    return before, [line.split("\t") for line in lines.read_text().splitlines()], content, directories


def materialize(place, names, whole, content):
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir()
    for name, inode in names.items():
        data = content.get(inode, b"")
        (place.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (place.folder / name).write_bytes(data if inode in whole else bytes(len(data)))
    for name in {os.path.dirname(name) for name in place.after}:
        (place.folder / name).mkdir(parents=True, exist_ok=True)


def wrong_after_cut(place):
    found = moving.read_folder(place.folder)
    for name in found.keys() - place.before.keys() - place.after.keys():
        if not moving.TEMPORARY.fullmatch(name) and not name.endswith(".pending"):
            return f"'{name}' is there"
    wrong = moving.reads_whole(place, found)
    return wrong or (None if found in (place.before, place.after) else place.runs_again())


def cut_everywhere(case):
    """Returns the number of cuts, and what was wrong."""
    place = moving.Place(case)
    wrongs = []
    seen = set()
    random_ = random.Random(SEED)
    try:
        place.restore(force=True)
        before, lines, content, directories = record(place)
        disk = Disk(before)
        for number, words in enumerate([["begin"], *lines]):
            disk.step(words, directories)
            for names in disk.cuts(random_):
                state = frozenset((name, inode, inode in disk.whole) for name, inode in names.items())
                if state in seen:
                    continue
                seen.add(state)
                materialize(place, names, disk.whole, content)
                wrong = wrong_after_cut(place)
                if wrong:
                    wrongs.append(f"after step {number}, {' '.join(words)}: {wrong}")
    finally:
        place.close()
    return len(seen), wrongs


def cases():
    for name in ("raw", "npy", "json", "npz", "safetensors", "checkpoint"):
        prepare = faulty_commands.FORMATS[name][0]
        old = [faulty_commands.quantize(name, "-q", "-s", "zero-point")]
        for options, files in (("", []), ("--force", old)):
            yield name, options, faulty_commands.case(
                "quantize", name, options, faulty_commands.quantize(name, "--sync", *options.split()), prepare,
                files)
    groups = ["--block-size", "1", "-o", "q.bin", "w.bin"]
    for options, files in (("", []), ("--force", [["quantize", "-q", "-s", "zero-point", *groups]])):
        yield "scales", options, faulty_commands.case(
            "quantize", "raw", options, ["quantize", "--sync", *options.split(), *groups],
            faulty_commands.write_many_groups, files)
    make = faulty_commands.quantize("npy", "-q")
    restore = faulty_commands.dequant("npy", "--sync")
    yield "dequant", "", faulty_commands.case("dequant", "npy", "", restore, faulty_commands.write_npy, [make])
    yield "calibrate", "", faulty_commands.case(
        "calibrate", "npy", "", ["calibrate", "--sync", "-o", "range", "w.npy"], faulty_commands.write_npy)
    yield "calibrate", "--force", faulty_commands.case(
        "calibrate", "npy", "--force", ["calibrate", "--sync", "--force", "-m", "percentile", "-o", "range",
                                        "w.npy"],
        faulty_commands.write_npy, [["calibrate", "-o", "range", "w.npy"]])


def main():
    failed = False
    total = 0
    for name, options, case in cases():
        ncuts, wrongs = cut_everywhere(case)
        unsynced = case._replace(arguments=[word for word in case.arguments if word != "--sync"])
        _, without = cut_everywhere(unsynced)
        total += ncuts
        print(f"{case.command} --sync {options:<8} {name:<12} {ncuts:>5} cuts, {len(wrongs)} wrong; "
              f"without --sync {len(without)} wrong")
        for wrong in wrongs:
            print("WRONG", wrong)
        failed = failed or bool(wrongs) or not without
    print(f"{total:,} cuts")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
