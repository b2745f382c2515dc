# SPDX-License-Identifier: MIT
"""A disk that is full at any moment: an error, exit status 1, the old pair intact, nothing left.

The disk is a small tmpfs in a mount namespace of its own, which goes away with the process, whatever
happens to it. Free space is moved through the run, a page at a time, until a run succeeds. Where no
such disk can be had, only the limit on a file's size does the same. /dev/full is in the golden cases.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from harness import (QUANT, Failure, Skip, Test, check, check_equal, environment, forget_program,
                     fresh_folder, listing, run)

PAGE = 4096


def unshare_command():
    """How to come by a mount namespace here: as root, or as the root of a user namespace."""
    for options in (["--mount"], ["--mount", "--map-root-user"]):
        command = ["unshare", *options, "--propagation", "private"]
        try:
            probe = subprocess.run(command + ["sh", "-c", "mount -t tmpfs none /tmp"],
                                   capture_output=True, timeout=60)
        except OSError:
            raise Skip("there is no unshare(1) to mount a small disk with") from None
        if probe.returncode == 0:
            return command
    raise Skip("no tmpfs can be mounted here: neither root nor user namespaces")


def inside(scenario):
    """Runs this file in a mount namespace; it prints what failed."""
    with fresh_folder() as folder:
        (folder / "disk").mkdir()
        done = subprocess.run([*unshare_command(), sys.executable, __file__, scenario, str(folder)],
                              env=environment(QUANT=QUANT, PYTHONDONTWRITEBYTECODE="1",
                                              PYTHONPATH=str(Path(__file__).parent.parent)),
                              capture_output=True, text=True, timeout=240)
        check(done.returncode == 0 and done.stdout.startswith("done "),
              done.stdout + done.stderr)


# ---- In the namespace ----

def mount(disk, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(disk)], check=True)


def contents(folder):
    return {name: (folder / name).read_bytes() for name in listing(folder)}


def check_run(command, cwd, kept, told, **env):
    """True where the run succeeded; else it failed as it should, and all is as it was."""
    result = run(command, cwd, **env)
    if result.status == 0:
        check_equal((result.out, result.err), (b"", b""), "what a run that succeeded said")
        return True
    check_equal(result.status, 1, f"exit status (stderr {result.err!r})")
    text = result.err.decode()
    check(text.startswith("quant: ") and told in text and text.count("\n") == 1,
          f"standard error: {text!r}")
    for folder, before in kept.items():
        found = contents(folder)
        check_equal(sorted(found), sorted(before), f"files in {folder.name}")
        check(found == before, f"content of files in {folder.name} changed")
    return False


def free_to(disk, npages):
    """Fills the disk but for that many pages."""
    ballast = disk / "ballast"
    ballast.write_bytes(b"")
    room = os.statvfs(disk)
    ballast.write_bytes(bytes((room.f_bfree - npages) * room.f_frsize))


def move_space(disk, command, cwd, steps):
    """Returns the number of runs that failed before one succeeded."""
    for npages in range(steps):
        free_to(disk, npages)
        if check_run(command, cwd, {disk: contents(disk)}, "No space left on device"):
            return npages
    raise Failure(f"even {steps} free pages are not enough")


def scenario_replace(work, disk):
    """--force over an old pair: 10 pages of data and one of sidecar."""
    mount(disk, "size=512k")
    (work / "x.bin").write_bytes(bytes(range(256)) * (10 * PAGE * 4 // 256))
    command = ["quant", "quantize", "--force", "--nonfinite", "saturate", "-o", "disk/out.bin",
               "x.bin"]
    (disk / "out.bin").write_bytes(b"old data" * 2000)
    (disk / "out.bin.json").write_bytes(b"old sidecar")
    failed = move_space(disk, command, work, 20)
    check(failed >= 11, f"only {failed} runs failed")
    text = json.loads((disk / "out.bin.json").read_text())
    check_equal(text["data"]["bytes"], (disk / "out.bin").stat().st_size, "bytes in the sidecar")


def scenario_dequant(work, disk):
    """dequant --force over an old array: 10 pages."""
    mount(disk, "size=512k")
    (work / "x.bin").write_bytes(bytes(10 * PAGE))
    check_equal(run(["quant", "quantize", "-o", "q.bin", "x.bin"], work), (0, b"", b""), "set-up")
    (disk / "out.bin").write_bytes(b"old data")
    failed = move_space(disk, ["quant", "dequant", "--force", "-o", "disk/out.bin", "q.bin"],
                        work, 20)
    check(failed >= 10, f"only {failed} runs failed")


def scenario_too_small(work, disk):
    """A disk that the outputs do not fit: nothing is read or written, and the figures are right."""
    mount(disk, "size=512k")
    (work / "big.bin").write_bytes(b"")
    os.truncate(work / "big.bin", 16 << 30)  # holes: reading it all would take seconds
    room = os.statvfs(disk)
    available = room.f_bavail * room.f_frsize
    result = run(["quant", "quantize", "--output-dir", "disk", "big.bin"], work)
    check_equal(result, (1, b"", b"quant: cannot write 'disk/big.int8.bin': No space left on device: "
                         b"%d bytes are needed, %d are available\n" % (4 << 30, available)), "run")
    result = run(["quant", "quantize", "--block-size", "2", "-o", "disk/q.bin", "--sidecar",
                  "q.json", "big.bin"], work)
    check(b"%d bytes are needed" % (4 << 30) in result.err, f"data alone: {result.err!r}")
    result = run(["quant", "quantize", "-n", "--output-dir", "disk", "big.bin"], work)
    check_equal((result.status, result.err),
                (1, b"quant: not enough space: %d bytes are needed, %d are available\n"
                 % (4 << 30, available)), "dry run")
    check(b"; it does not fit: " in result.out, f"standard output: {result.out!r}")
    check_equal(listing(disk), [], "files on the disk")
    check_equal(listing(work), ["big.bin", "disk"], "files")


def scenario_inodes(work, disk):
    """No room for another name: each file that is begun or set aside needs one."""
    (work / "x.bin").write_bytes(bytes(64))
    for ninodes in range(4, 12):
        mount(disk, f"size=512k,nr_inodes={ninodes}")
        try:
            (disk / "out.bin").write_bytes(b"old data")
            (disk / "out.bin.json").write_bytes(b"old sidecar")
        except OSError:
            continue
        if check_run(["quant", "quantize", "--force", "-o", "disk/out.bin", "x.bin"], work,
                     {disk: contents(disk)}, "No space left on device"):
            check_equal(listing(disk), ["out.bin", "out.bin.json"], "files on the disk")
            check(ninodes > 4, "nothing failed")
            return
    raise Failure("even 11 inodes are not enough")


def scenario_spool(work, disk):
    """A full TMPDIR while a pipe is spooled."""
    mount(disk, "size=512k")
    (work / "out.bin").write_bytes(b"old data")
    (work / "out.bin.json").write_bytes(b"old sidecar")
    kept = {disk: {}, work: {name: data for name, data in
                             ((n, (work / n).read_bytes()) for n in ("out.bin", "out.bin.json"))}}
    command = "head -c 40000000 /dev/zero | (cd ..; quant quantize --force - -o out.bin)"
    result = run(command, disk, TMPDIR=str(disk))
    check_equal(result.status, 1, "exit status")
    check_equal(result.err, b"quant: cannot spool 'standard input' to a temporary file: "
                            b"No space left on device\n", "standard error")
    check_equal(contents(disk), kept[disk], "files on the disk")
    for name, before in kept[work].items():
        check_equal((work / name).read_bytes(), before, name)
    check_equal(listing(work), ["disk", "out.bin", "out.bin.json"], "files")


# ---- Without a disk ----

def size_limit():
    """RLIMIT_FSIZE from 0 on, with SIGXFSZ ignored: EFBIG in the middle of the data."""
    with fresh_folder() as folder:
        (folder / "x.bin").write_bytes(bytes(4 * 6000))
        (folder / "out.bin").write_bytes(b"old data")
        (folder / "out.bin.json").write_bytes(b"old sidecar")
        for blocks in range(40):  # of 512 bytes, as POSIX has it
            command = f"trap '' XFSZ; ulimit -f {blocks}; " \
                      "exec quant quantize --force -o out.bin x.bin"
            if check_run(command, folder, {folder: contents(folder)}, "File too large"):
                check(blocks >= 11, f"only {blocks} runs failed")
                return
        raise Failure("even 40 blocks are not enough")


SCENARIOS = {name[9:]: function for name, function in list(globals().items())
             if name.startswith("scenario_")}


def tests():
    for name, function in SCENARIOS.items():
        yield Test(f"disk/{name}", function.__doc__.strip(), lambda name=name: inside(name))
    yield Test("disk/size_limit", size_limit.__doc__.strip(), size_limit)


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    try:
        SCENARIOS[sys.argv[1]](folder, folder / "disk")
        print("done " + sys.argv[1])
    except Failure as failure:
        print(failure)
    finally:
        forget_program()
