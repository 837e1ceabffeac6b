#!/usr/bin/env python3
"""Names of code that processes make as they run: perf maps and jitdumps, of a program that is known and of node.

Needs root and uprobes.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = str(HERE.parent.parent / "build/src/cmd/dtrace++")
GROUP = f"jit_{os.getpid()}"
TIMEOUT = 120
ROUNDS = (1, 2, 3)


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
    return done.stdout


def stacks(text):
    """The functions of each record, innermost first."""
    records = [json.loads(line) for line in text.splitlines()]
    return [[frame.get("function", "?") for frame in record["stack"]] for record in records if "stack" in record]


def made_code(text):
    """What stands between hit() and outer() in each record."""
    found = []
    for functions in stacks(text):
        assert functions[0] == "hit" and "outer" in functions and "main" in functions, functions
        found.append(" ".join(functions[1:functions.index("outer")]))
    return found


def record(folder, how):
    """The recording of a run, and the process that was."""
    data = folder / f"{how}.data"
    pid = run(PROGRAM, "record", "-q", "-g", "-e", f"{GROUP}:hit", "-o", data, "--", "./jit", how, cwd=folder).strip()
    return data, pathlib.Path(f"/tmp/perf-{pid}.map"), folder / f"jit-{pid}.dump"


def script(data):
    return run(PROGRAM, "script", "-i", data, "--format", "json")


def equal(what, expected, seen):
    assert expected == seen, f"{what}: expected {expected}, saw {seen}"


def test_a_map_names_what_was_told_last(folder):
    data, path, _ = record(folder, "MAP")
    assert path.exists()
    path.unlink()  # the recording has its own copy
    equal("names", ["second of map", "second of map", "?"], made_code(script(data)))


def test_a_dump_tells_times_and_moves(folder):
    data, _, dump = record(folder, "DUMP")
    dump.unlink()
    equal("names", ["first", "second", "second"], made_code(script(data)))
    report = run(PROGRAM, "report", "-i", data, "--folded")
    assert ";outer;first;hit 1\n" in report and ";outer;second;hit 2\n" in report, report


def test_a_dump_says_more_than_a_map(folder):
    data, path, _ = record(folder, "BOTH")
    path.unlink()
    equal("names", ["first", "second", "second"], made_code(script(data)))


def test_code_without_names_stays_so(folder):
    data, path, _ = record(folder, "NONE")
    # Told later, by somebody else.
    path.write_text("0 7fffffffffff wrong\n")
    try:
        equal("names", ["?", "?", "?"], made_code(script(data)))
    finally:
        path.unlink()


def test_live(folder):
    for how, names in ("MAP", ["first of map", "second of map", "?"]), ("DUMP", ["first", "second", "second"]):
        shown = run(PROGRAM, "trace", "-q", "-g", "--format", "json", "-x", folder / "jit", "hit", "--", "./jit", how, cwd=folder)
        seen = made_code("\n".join(line for line in shown.splitlines() if line.startswith("{")))
        pid = next(line for line in shown.splitlines() if line.isdigit())
        pathlib.Path(f"/tmp/perf-{pid}.map").unlink(missing_ok=True)
        # What is looked up a moment later has the names of then.
        expected = names if how == "DUMP" else seen
        equal(how, expected, seen)
        assert how == "DUMP" or set(seen[:2]) <= {"first of map", "second of map"} and seen[2] == "?", seen


def test_perfs_recording_is_read_from_the_files(folder):
    if not shutil.which("perf"):
        return "perf is not installed"
    data = folder / "perf.data"
    for how, names in ("MAP", ["second of map", "second of map", "?"]), ("DUMP", ["first", "second", "second"]):
        pid = run("perf", "record", "-q", "-k", "mono", "-g", "-e", f"{GROUP}:hit", "-o", data, "--", "./jit", how,
                  cwd=folder).splitlines()[0].strip()
        equal(how, names, made_code(script(data)))
        if how == "MAP":
            path = pathlib.Path(f"/tmp/perf-{pid}.map")
            os.chown(path, 12345, 12345)  # neither root's nor ours
            equal("of a stranger", ["?", "?", "?"], made_code(script(data)))
            path.unlink()


def test_a_map_in_a_mount_namespace_of_its_own(folder):
    """It has ended, and its namespace with it, when the recording ends."""
    data = folder / "inside.data"
    shell = f'mount -t tmpfs tmpfs /tmp && exec "{folder}/jit" MAP WAIT'
    inside = subprocess.Popen(["unshare", "-m", "sh", "-c", shell], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while os.readlink(f"/proc/{inside.pid}/exe") != f"{folder}/jit" or b"rwxp" not in maps_of(inside.pid):
        os.sched_yield()
    recorder = subprocess.Popen([PROGRAM, "record", "-g", "-e", f"{GROUP}:hit", "-p", str(inside.pid), "-o", data],
                                stderr=subprocess.PIPE)
    assert b"recording into" in recorder.stderr.readline()
    inside.communicate(b"\n", TIMEOUT)
    recorder.communicate(timeout=TIMEOUT)
    equal("names", ["second of map", "second of map", "?"], made_code(script(data)))


def maps_of(pid):
    return pathlib.Path(f"/proc/{pid}/maps").read_bytes()


NODE = """
const fs = require('fs');
function innermost(i) { try { fs.statSync('/nowhere' + i); } catch (e) {} return i; }
function middle(i) { let s = 0; for (let k = 0; k < 3; k++) s += innermost(i + k); return s; }
function outer() { let t = 0; for (let i = 0; i < 300; i++) t += middle(i); return t; }
outer();
console.log(process.pid);
"""


def test_node(folder):
    if not shutil.which("node"):
        return "node is not installed"
    (folder / "calls.js").write_text(NODE)
    data = folder / "node.data"
    for option in "--perf-basic-prof", "--perf-prof":
        pid = run(PROGRAM, "record", "-q", "--call-graph", "dwarf,8192", "-e", "syscalls:sys_enter_statx", "-o", data,
            "--", "node", option, "--interpreted-frames-native-stack", "calls.js", cwd=folder).strip()
        pathlib.Path(f"/tmp/perf-{pid}.map").unlink(missing_ok=True)
        complete = 0
        all_stacks = [" ".join(functions) for functions in stacks(script(data))]
        for functions in all_stacks:
            # Optimized, middle() and innermost() may stand in outer().
            complete += "statSync node:fs" in functions and "outer " in functions and "_start" in functions
        assert complete >= 880, f"{option}: {complete} of {len(all_stacks)}: {all_stacks[-1]}"


def main():
    if os.geteuid() != 0 or not os.path.exists("/sys/kernel/tracing/uprobe_events"):
        print("skip: needs root and uprobes\n0 passed, 0 failed, 1 skipped")
        return 0
    tests = {name[5:].replace("_", " "): test for name, test in globals().items() if name.startswith("test_")}
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # one test has another /tmp
        folder = pathlib.Path(name)
        run("gcc", "-O2", "-g", "-fno-omit-frame-pointer", "-o", folder / "jit", HERE / "jit.c")
        run(PROGRAM, "probe", "-q", "-x", folder / "jit", f"{GROUP}:hit=hit round")
        try:
            for what, test in tests.items():
                try:
                    why_not = test(folder)
                except AssertionError as wrong:
                    failed += 1
                    print(f"FAIL {what}\n    {wrong}")
                    continue
                passed, skipped = passed + (not why_not), skipped + bool(why_not)
                print(f"skip {what}: {why_not}" if why_not else f"ok   {what}")
        finally:
            subprocess.run([PROGRAM, "delete", "-q", f"{GROUP}:hit"])
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
