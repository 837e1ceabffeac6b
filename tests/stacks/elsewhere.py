#!/usr/bin/env python3
"""Stacks of programs whose files are not where they were: deleted, or in another mount namespace.

At the path of each lies another program with another function. Needs root and uprobes.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = str(HERE.parent.parent / "build/src/cmd/dtrace++")
GROUP = f"elsewhere_{os.getpid()}"
TIMEOUT = 120
WAYS = "fp", "dwarf"
# What calls hit(), in the source that is recorded and in the one that lies at its path afterwards.
SOURCE = """
#include <stdio.h>
__attribute__((noinline)) int hit(int round) { __asm__ volatile("" : : "r"(round)); return round; }
__attribute__((noinline)) int NAME(int round) { int x = hit(round); __asm__ volatile("" : "+r"(x)); return x; }
__attribute__((noinline)) int middle(int round) { int x = NAME(round); __asm__ volatile("" : "+r"(x)); return x; }
int main(void) { getchar(); for (int i = 0; i < 3; ++i) middle(i); puts("done"); fflush(stdout); getchar(); return 0; }
"""


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout


def build(path, name):
    run("gcc", "-O2", "-g", "-fno-omit-frame-pointer", "-o", path, "-x", "c", "-", input=SOURCE.replace("NAME", name))


class Program:
    """One that is recorded: it has done its work, and waits."""

    def __init__(self, command, folder, way, probed):
        self.data = folder / f"{way}.data"
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        while not os.readlink(f"/proc/{self.process.pid}/exe").endswith("/program"):
            os.sched_yield()
        run(PROGRAM, "probe", "-q", "-x", probed(self.process.pid), f"{GROUP}:hit=hit round")
        recorder = subprocess.Popen([PROGRAM, "record", "--call-graph", way, "-e", f"{GROUP}:hit", "-p", str(self.process.pid),
                                     "-o", self.data], stderr=subprocess.PIPE)
        try:
            assert b"recording into" in recorder.stderr.readline()
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == b"done\n"
        finally:
            recorder.terminate()
            recorder.communicate(timeout=TIMEOUT)
            run(PROGRAM, "delete", "-q", f"{GROUP}:hit")

    def end(self):
        self.process.communicate(b"\n", TIMEOUT)

    def stacks(self):
        """The functions up to main, each once."""
        lines = run(PROGRAM, "script", "-i", self.data, "--format", "json").splitlines()
        found = set()
        for record in map(json.loads, lines):
            if "stack" in record:
                names = [frame.get("function", "?") for frame in record["stack"]]
                found.add(" ".join(names[:names.index("main") + 1] if "main" in names else names))
        return found


# By frame pointers the caller of a function that has not set up its frame is missing.
def expected(way, name):
    return {f"hit {name} middle main" if way == "dwarf" else "hit middle main"}


def equal(what, wanted, seen):
    assert wanted == seen, f"{what}: expected {wanted}, saw {seen}"


def test_another_mount_namespace(folder):
    build(folder / "right", "right")
    build(folder / "program", "wrong")
    shell = f"mount -t tmpfs tmpfs /mnt && cp right /mnt/program && mount --bind /mnt/program program && exec ./program"
    for way in WAYS:
        program = Program(["unshare", "-m", "sh", "-c", shell], folder, way, lambda pid: f"/proc/{pid}/root{folder}/program")
        try:
            equal(way, expected(way, "right"), program.stacks())
        finally:
            program.end()
        # Without its file, and without debug information of its own, nothing is named wrongly.
        assert not any("wrong" in stack or "middle" in stack for stack in program.stacks()), program.stacks()


def test_deleted_while_it_runs(folder):
    for way in WAYS:
        build(folder / "program", "right")
        program = Program(["./program"], folder, way, lambda pid: folder / "program")
        try:
            (folder / "program").unlink()
            equal(way + ", deleted", expected(way, "right"), program.stacks())
            build(folder / "program", "wrong")
            equal(way + ", replaced", expected(way, "right"), program.stacks())
        finally:
            program.end()


def test_deleted_and_ended_with_a_debug_file(folder):
    build(folder / "program", "right")
    build_id = [line.split()[-1] for line in run("readelf", "-n", folder / "program").splitlines() if "Build ID" in line][0]
    debug = pathlib.Path(f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug")
    made = not debug.parent.exists()
    debug.parent.mkdir(parents=True, exist_ok=True)
    try:
        run("objcopy", "--only-keep-debug", folder / "program", debug)
        run("strip", folder / "program")
        # The symbol is gone with the rest.
        program = Program(["./program"], folder, "fp", lambda pid: folder / "program")
        program.end()
        (folder / "program").unlink()
        equal("fp", expected("fp", "right"), program.stacks())
    finally:
        debug.unlink(missing_ok=True)
        if made:
            debug.parent.rmdir()


def main():
    if os.geteuid() != 0 or not os.path.exists("/sys/kernel/tracing/uprobe_events"):
        print("skip: needs root and uprobes\n0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            try:
                test(pathlib.Path(folder))
                passed += 1
                print(f"ok   {name[5:].replace('_', ' ')}")
            except AssertionError as wrong:
                failed += 1
                print(f"FAIL {name[5:].replace('_', ' ')}\n    {wrong}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
