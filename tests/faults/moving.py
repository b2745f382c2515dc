# SPDX-License-Identifier: MIT
"""Moves faults through whole runs of each command on each format (faulty_commands.py): the n-th call
fails, once and from then on, n = 1, 2, 3 ...; the program is killed or interrupted before the n-th; it
is stopped there while others read. inject.c counts the calls. Prints what was wrong, and a table.

    moving.py [--short] [--only WORD]...   WORD is part of "command format options" or of a fault
"""
import argparse
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import faulty_commands  # noqa: E402

QUANT = str(Path(os.environ.get("QUANT", "build/quant")).resolve())
INJECT = str(Path(os.environ.get("QUANT_INJECT", "build/tests/faults/inject.so")).resolve())
PATIENCE = 120.0  # seconds; the program needs a few milliseconds, but the machine may be busy
TEMPORARY = re.compile(r"(.*/)?\.quant-[^/]*")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

# What each call can fail with; "short": half of the bytes.
NUMBERS = {
    "memory": [errno.ENOMEM],
    "open": [errno.EMFILE, errno.EIO, errno.EINTR],
    "read": [errno.EIO, errno.EINTR, "short"], "pread": [errno.EIO, errno.EINTR, "short"],
    "write": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, "short"],
    "pwrite": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, "short"],
    "sendfile": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, "short"],
    "fallocate": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR],
    "ftruncate": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR],
    "fsync": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR],
    "rename": [errno.ENOSPC, errno.EIO, errno.EDQUOT], "link": [errno.ENOSPC, errno.EIO, errno.EPERM],
    "unlink": [errno.EIO, errno.EPERM], "mkdir": [errno.ENOSPC, errno.EIO, errno.EDQUOT],
    "mmap": [errno.ENOMEM], "thread": [errno.EAGAIN], "dup": [errno.EMFILE],
    "close": [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR],
    "flush": [errno.ENOSPC, errno.EIO],
}
FOREVER = {errno.EINTR}  # from then on it would be a signal that never ends

Done = namedtuple("Done", "status out err report")


# ---- One run ----

def environment(**more):
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": tempfile.gettempdir(), **more}


def run(arguments, folder, **more):
    """status None: it hangs."""
    report = folder.parent / "report"
    report.unlink(missing_ok=True)
    process = subprocess.Popen([QUANT, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(LD_PRELOAD=INJECT, INJECT_REPORT=str(report), **more))
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Done(None, out, err.decode(errors="replace"), [])
    lines = report.read_text().splitlines() if report.exists() else []
    return Done(process.returncode, out, err.decode(errors="replace"), [line.split() for line in lines])


def counts(done):
    return {words[1]: int(words[2]) for words in done.report if words[0] == "calls"}


def has_fired(done):
    return ["fired", "1"] in done.report


def kept(done):
    """What is allocated, and open, at the end, by where it was allocated: libc keeps some."""
    found = Counter()
    for words in done.report:
        if words[0] == "live":
            found[Path(words[2]).name + " " + words[4]] += 1
        elif words[0] == "open":
            found["descriptors"] += 1
    return found


def read_folder(folder):
    found = {}
    for directory, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


# ---- A case, as it is before and after ----

class Place:
    """A case in a folder of its own."""

    def __init__(self, case):
        self.case = case
        self.top = Path(tempfile.mkdtemp(prefix="quant-faults-"))
        self.folder = self.top / "w"
        self.model = self.top / "model"
        self.model.mkdir()
        case.prepare(self.model)
        for old in case.old:
            done = run(old, self.model)
            assert done.status == 0, (old, done)
        self.more = {"INJECT_NAMED": "1"} if case.is_named else {}
        self.before = read_folder(self.model)
        self.restore(force=True)
        self.plain = self.run("all", 0, errno.EIO)
        assert self.plain.status == case.status, (case, self.plain)
        assert sum(counts(self.plain).values()) > 0, "the library counts nothing"
        self.after = read_folder(self.folder)
        self.kept = kept(self.plain) | kept(run(["inspect", "no such file"], self.folder)) | \
            kept(run(["types", "--nonsense"], self.folder))
        self.again = case.arguments
        if case.command == "quantize" and "--dry-run" not in case.arguments or case.command in (
                "dequant", "calibrate"):
            if not {"--force", "--resume", "--report"} & set(case.arguments) and "--merge" not in case.arguments:
                self.again = [case.arguments[0], "--force", *case.arguments[1:]]
            elif "--merge" in case.arguments:
                self.again = [*case.arguments, "--force"]
        self.restore()

    def close(self):
        shutil.rmtree(self.top)

    def restore(self, force=False, found=None):
        if not force and (found or read_folder(self.folder)) == self.before:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.model, self.folder, copy_function=shutil.copy2)

    def run(self, call, n, how, on=False):
        text = how if isinstance(how, str) else f"errno={int(how)}"
        if isinstance(how, signal.Signals):
            text = f"signal={int(how)}"
        return run(self.case.arguments, self.folder, **self.more,
                   INJECT=f"{call}:{n}:{text}" + (":on" if on else ""))

    # ---- What may be there ----

    def units(self):
        """Files that belong together: data, sidecar, scales."""
        changed = [name for name in self.before.keys() | self.after.keys()
                   if self.before.get(name) != self.after.get(name)]
        groups = {}
        for name in changed:
            for end in (".json.scales", ".scales", ".json"):
                stem = name.removesuffix(end)
                if stem != name and (stem in changed or stem in self.after or stem in self.before):
                    break
            else:
                stem = name
            groups.setdefault(stem, set()).add(name)
        for name in list(groups):  # the sidecar's own scales: q.bin.scales beside q.bin.json
            groups[name] = sorted(groups[name])
        return groups

    def wrong_files(self, found, err):
        """None: each unit is all old or all new, and nothing else is there."""
        allowed = self.before.keys() | self.after.keys()
        for name in found.keys() - allowed:
            if os.path.basename(name) not in err:
                return f"'{name}' is left, without a word"
        for names in self.units().values():
            if names == ["report"]:  # it says what failed
                continue
            state = [found.get(name) for name in names]
            old = [self.before.get(name) for name in names]
            new = [self.after.get(name) for name in names]
            if state not in (old, new) and not self.is_removed_index(names, state):
                return f"{names}: neither old nor new"
        for name in self.before.keys() & self.after.keys():
            if self.before[name] == self.after[name] != found.get(name):
                if name.endswith("index.json") and name not in found:
                    continue
                return f"'{name}' has changed"
        return None

    def is_removed_index(self, names, state):
        """The index of a checkpoint goes first and comes last."""
        return len(names) == 1 and names[0].endswith(("index.json", ".onnx")) and state == [None]

    def runs_again(self):
        done = run(self.again, self.folder, **self.more)
        if done.status != self.case.status:
            return f"a second run ended with {done.status}: {done.err!r}"
        found = read_folder(self.folder)
        if found != self.after:
            odd = sorted(name for name in found.keys() | self.after.keys()
                         if found.get(name) != self.after.get(name))
            return f"after a second run {odd} differ"
        return None


# ---- A failing call ----

def wrong_message(place, done, how):
    told = done.err
    if place.case.command == "verify":  # what it finds is its output
        told += done.out.decode()
    elif not any(line.startswith("quant: ") for line in done.err.splitlines()):
        return "no message"
    words = set(os.path.basename(name) for name in place.before.keys() | place.after.keys())
    words |= {"standard output", "standard input", "'-'", "'q'", "'r'", "'model'", "directory", "memory"}
    words |= {os.path.dirname(name) for name in place.after} - {""}
    if not any(word in told for word in words):
        return f"the message names no file: {told!r}"
    cause = "memory" if how == errno.ENOMEM else os.strerror(how) if isinstance(how, int) else ""
    return None if cause in told else f"the message does not say why: {told!r}"


def wrong_after_fault(place, how, done):
    try:
        return look_after_fault(place, how, done)
    finally:
        place.restore()


def look_after_fault(place, how, done):
    if done.status is None:
        return "it hangs"
    if done.status < 0:
        return f"it crashed: {signal.Signals(-done.status).name}"
    found = read_folder(place.folder)
    extra = kept(done) - place.kept
    if extra:
        return f"it keeps {dict(extra)}"
    if done.status not in (place.case.status, 1):
        return f"status {done.status}"
    is_told = any(os.path.basename(name) in done.err for name in found.keys() -
                  place.before.keys() - place.after.keys())  # where old and new files are now
    wrong = reads_whole(place, found) if is_told else place.wrong_files(found, done.err)
    if wrong:
        return wrong
    if done.status == place.case.status:
        if {name: found[name] for name in found if not TEMPORARY.fullmatch(name)} != place.after:
            return "it succeeded without its outputs"
        knows_less = "--dry-run" in place.case.arguments and re.search(rb"not known|unknown", done.out)
        if done.out != place.plain.out and not knows_less:
            return f"it succeeded with another standard output: {done.out[-300:]!r}"
    else:
        wrong = wrong_message(place, done, how)
        if wrong:
            return wrong
    if found not in (place.before, place.after) or place.case.is_named and done.status != 0:
        wrong = place.runs_again()
    return wrong


# ---- A signal ----

def reads_whole(place, found):
    """Each pair that has a sidecar is all old or all new, whatever else has happened."""
    for stem, names in place.units().items():
        state = {name: found[name] for name in names if name in found}
        old = {name: place.before[name] for name in names if name in place.before}
        new = {name: place.after[name] for name in names if name in place.after}
        if state in (old, new) or (not old and all(new.get(name) == state[name] for name in state)):
            sidecar = next((name for name in names if name.endswith(".json") and name != stem), None)
            if state not in (old, new) and sidecar in state and len(state) < len(new):
                return f"{names}: the sidecar is there before the rest"
            continue
        if place.is_removed_index(names, list(state.values()) or [None]):
            continue
        if any(state[name] not in (old.get(name), new.get(name)) for name in state):
            return f"{names}: a file that is not whole"
        wrong = restores(place, stem)
        if wrong:
            return wrong
    return None


def restores(place, stem):
    """The pair restores to what the old or the new one does."""
    sums = []
    for state in (None, place.before, place.after):
        folder = place.folder
        if state is not None:
            folder = place.top / "beside"
            shutil.rmtree(folder, ignore_errors=True)
            for name, content in state.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        to = place.top / "restored"
        to.unlink(missing_ok=True)
        name = {".bin": "raw"}.get(Path(stem).suffix, Path(stem).suffix[1:])
        done = run(["dequant", "-q", "--force", "--to", name, "-o", str(to), stem], folder)
        sums.append(to.read_bytes() if done.status == 0 and to.exists() else None)
        if state is None and done.status != 0:
            return f"'{stem}' cannot be read: {done.err!r}"
    return None if sums[0] in sums[1:] else f"'{stem}' is neither the old nor the new one"


def wrong_after_signal(place, number, done):
    if done.status is None:
        return "it hangs"
    if done.status == place.case.status and number != signal.SIGKILL:
        pass  # it came when all was done
    elif done.status != -number:
        return f"status {done.status}: {done.err!r}"
    found = read_folder(place.folder)
    if number == signal.SIGKILL:
        wrong = wrong_after_kill(place, found)
    else:
        wrong = place.wrong_files(found, done.err)
        if not wrong and done.status == -number and "quant: " in done.err:
            wrong = f"a message: {done.err!r}"
    if not wrong and found not in (place.before, place.after):
        wrong = place.runs_again()
    place.restore()
    return wrong


def wrong_after_kill(place, found):
    extra = found.keys() - place.before.keys() - place.after.keys()
    replaces = bool(place.case.old)
    for name in extra:
        temporary = TEMPORARY.fullmatch(name) and (replaces or place.case.is_named or "report" in name)
        if not temporary and not (replaces and name.endswith(".pending")):
            return f"'{name}' is left"
    return reads_whole(place, found)


# ---- A reader, while the writer stands still ----

def start(place, **more):
    return subprocess.Popen([QUANT, *place.case.arguments], cwd=place.folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(**more))


def start_and_stop(place, n):
    """Returns the process, and whether it was stopped before its n-th call, not ended earlier."""
    process = start(place, LD_PRELOAD=INJECT, INJECT=f"all:{n}:signal={int(signal.SIGSTOP)}", **place.more)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        process.returncode = os.waitstatus_to_exitcode(status)
    return process, os.WIFSTOPPED(status)


def stopped_at(place, n):
    """The writer is stopped before its n-th call: its outputs are read, then it goes on."""
    process, is_stopped = start_and_stop(place, n)
    wrong = None
    try:
        if is_stopped:
            wrong = reads_whole(place, read_folder(place.folder))
            process.send_signal(signal.SIGCONT)
            err = process.stderr.read()
            if not wrong and process.wait(PATIENCE) != place.case.status:
                wrong = f"stopped for a while, it ended with {process.returncode}: {err!r}"
        if not wrong and read_folder(place.folder) != place.after:
            wrong = "stopped for a while, it left something else"
    finally:
        if process.poll() is None:
            process.kill()
        process.stderr.close()
        process.wait()
    place.restore()
    return wrong


# ---- Two writers ----

def two_at_once(place, n):
    """The first is stopped before its n-th call while the second runs; both may succeed, and the
    outputs are those of one, since they write the same."""
    first, is_stopped = start_and_stop(place, n)
    second = None
    wrong = None
    try:
        second = start(place, **place.more)
        if is_stopped:
            try:
                second.wait(0.05)  # what waits for the first goes on once that does
            except subprocess.TimeoutExpired:
                pass
            first.send_signal(signal.SIGCONT)
            first.wait(PATIENCE)
        second.wait(PATIENCE)
        statuses = {first.returncode, second.returncode}
        messages = first.stderr.read() + second.stderr.read()
        if not statuses <= {0, 1} or 0 not in statuses:
            wrong = f"two at once ended with {statuses}: {messages!r}"
        elif "--resume" in place.case.arguments and statuses != {0}:
            wrong = f"two that resume ended with {statuses}: {messages!r}"
        elif read_folder(place.folder) != place.after:
            wrong = f"two at once left something else: {messages!r}"
    finally:
        for process in (first, second):
            if process and process.poll() is None:
                process.kill()
            if process:
                process.stderr.close()
                process.wait()
    place.restore()
    return wrong


# ---- All ----

Task = namedtuple("Task", "case kind")  # kind: a call, "signals", "readers", "writers"


def moments(count, is_short, most):
    """1..count; in the short form at most so many of them, evenly spread."""
    if not is_short or count <= most:
        return list(range(1, count + 1))
    return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})


def work(case, kind, is_short):
    """Returns how many faults there were, and what was wrong."""
    place = Place(case)
    wrongs = []
    done = 0

    def check(text, wrong):
        nonlocal done
        done += 1
        if wrong:
            wrongs.append(f"{text}: {wrong}")

    total = counts(place.plain)["all"]
    try:
        if kind == "signals":
            for number in SIGNALS:
                for n in moments(total, is_short, 8):
                    result = place.run("all", n, number)
                    check(f"{number.name} before call {n}", wrong_after_signal(place, number, result))
        elif kind == "readers" and place.before != place.after:
            for n in moments(total, is_short, 8):
                check(f"a reader before call {n}", stopped_at(place, n))
        elif kind == "writers" and place.before != place.after and "report" not in place.after:
            for n in moments(total, is_short, 3):
                check(f"a second one before call {n}", two_at_once(place, n))
        elif kind in NUMBERS:
            for n in moments(counts(place.plain)[kind], is_short, 10):
                for how in NUMBERS[kind][:1] if is_short else NUMBERS[kind]:
                    for on in (False,) if how in FOREVER else (False, True):
                        result = place.run(kind, n, how, on)
                        name = how if how == "short" else errno.errorcode[how]
                        check(f"{kind} {n} {name}" + (" from then on" if on else ""),
                              wrong_after_fault(place, how, result))
    finally:
        place.close()
    return done, wrongs


def title(case):
    return f"{case.command} {case.format} {case.options}".rstrip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    for path in (QUANT, INJECT):
        if not os.path.exists(path):
            sys.exit(f"there is no '{path}': build it first")
    kinds = [*NUMBERS, "signals", "readers", "writers"]
    tasks = [Task(case, kind) for case in faulty_commands.all_cases() for kind in kinds
             if (case.is_short or not options.short)]
    for word in options.only:
        tasks = [task for task in tasks if word in title(task.case) or word == task.kind]
    if not options.short:
        print(f"{len(tasks)} tasks", file=sys.stderr)
    return run_all(tasks, options.short)


def run_all(tasks, is_short):
    began = time.monotonic()
    table = {}
    global CASES
    CASES = {title(task.case): task.case for task in tasks}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(work_named, title(task.case), task.kind, is_short): task for task in tasks}
        for number, future in enumerate(as_completed(futures)):
            task = futures[future]
            done, wrongs = future.result()
            row = table.setdefault((task.case.command, task.case.format), [0, 0])
            row[0] += done
            row[1] += len(wrongs)
            for wrong in wrongs:
                print(f"WRONG {title(task.case)}: {wrong}", flush=True)
            if not is_short and (sys.stderr.isatty() or number % 100 == 0):
                print(f"\r{number} of {len(tasks)}, {sum(r[0] for r in table.values()):,} faults, "
                      f"{time.monotonic() - began:.0f} s ", end="", file=sys.stderr, flush=True)
    print_table(table, time.monotonic() - began)
    return 1 if any(row[1] for row in table.values()) else 0


def work_named(name, kind, is_short):
    return work(CASES[name], kind, is_short)


def print_table(table, seconds):
    print(f"\n{'command':<10} {'format':<12} {'faults':>8} {'wrong':>6}")
    for (command, name), (done, wrong) in sorted(table.items()):
        print(f"{command:<10} {name:<12} {done:>8,} {wrong:>6,}")
    done, wrong = (sum(row[i] for row in table.values()) for i in (0, 1))
    print(f"{'all':<23} {done:>8,} {wrong:>6,}   {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
