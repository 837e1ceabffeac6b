#!/usr/bin/env python3
"""Stacks of a program that prints its own: all that were recorded must be those.

usage: run.py [VARIANT...]

shapes.cc is built in several ways, each is recorded with a probe in the middle of hit(), and read again as JSON.
Needs root and uprobes.
"""
import json, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
PROGRAM = os.path.join(HERE, "../../build/src/cmd/dtrace++")
GROUP = f"stacks_{os.getpid()}"
ROUNDS = 30
COMPLETE = 0.99
TIMEOUT = 120
# Where a stack begins, as libc calls it. Without its debug information the functions around them have no names.
FIRST = {"_start", "clone", "clone3", "__clone", "__clone3"}
# libc, which has no frame pointers, calls these: the kernel's walk is right up to there.
CALLED_BY_LIBC = {"main", "on_signal", "compare", "in_thread"}
WITH_POINTERS = "-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer"

# name: (compiler, flags, how it is linked, ways to record)
VARIANTS = {
    "plain": ("g++", "-O2 -fPIE", "-pie", ["dwarf"]),
    "unoptimized": ("g++", "-O0", "-pie", ["dwarf", "fp"]),
    "no-pie": ("g++", "-O2 -fno-pie", "-no-pie", ["dwarf"]),
    "omit": ("g++", "-O3 -fomit-frame-pointer", "-pie", ["dwarf"]),
    "pointers": ("g++", "-O2 " + WITH_POINTERS, "-pie", ["fp", "dwarf"]),
    "static": ("g++", "-O2 -fno-pie", "-static", ["dwarf"]),
    "static-pie": ("g++", "-O2 -fPIE", "-static-pie", ["dwarf"]),
    "static-pointers": ("g++", "-O2 -fno-pie " + WITH_POINTERS, "-static", ["fp"]),
    "stripped": ("g++", "-O2 -fPIE", "-pie", ["dwarf"]),
    "clang": ("clang++", "-O2 -fPIE", "-pie", ["dwarf"]),
}


def run(*command, **options):
    options.setdefault("check", True)
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, **options)


def build(name, folder):
    """The program of a variant, with its library beside it when it is not static."""
    compiler, flags, link, _ = VARIANTS[name]
    shapes, relay = os.path.join(HERE, "shapes.cc"), os.path.join(HERE, "relay.cc")
    program, library = os.path.join(folder, "shapes"), os.path.join(folder, "librelay.so")
    common = [compiler, "-std=c++20", "-g", *flags.split()]
    if "static" in link:
        run(*common, link, "-o", program, shapes, relay, "-pthread")
        return program
    run(*common, "-fPIC", "-shared", "-o", library, relay)
    run(*common, link, "-o", program, shapes, library, "-Wl,-rpath,$ORIGIN", "-pthread")
    if name == "stripped":
        for file in program, library:
            split_off(file, file + ".debug")
            run("objcopy", "--add-gnu-debuglink", file + ".debug", file)
    return program


def split_off(file, debug):
    run("objcopy", "--only-keep-debug", file, debug)
    run("strip", file)


class Probe:
    """The probe of a program, while it is needed."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        run(PROGRAM, "probe", "-q", "-x", self.program, f"{GROUP}:hit=shape_hit number=%di:s32")

    def __exit__(self, *_):
        run(PROGRAM, "delete", "-q", f"{GROUP}:hit")


def parse_truth(text):
    """What the program printed: by number, the functions, innermost first."""
    return {int(number): calls.split(";") for number, calls in (line.split(" ") for line in text.splitlines())}


def record(program, how, data):
    # Every hit is compared, whatever it costs on a busy machine: --no-govern, here and below.
    done = run(PROGRAM, "record", "-q", "--no-govern", "--call-graph", how, "-e", f"{GROUP}:hit", "-o", data, "--", program,
               str(ROUNDS))
    return parse_truth(done.stdout)


def parse_records(text):
    """Of JSON lines: number, frames."""
    lines = [json.loads(line) for line in text.splitlines()[1:]]
    return [(line["fields"]["number"], line["stack"]) for line in lines]


def script(data, **environment):
    return parse_records(run(PROGRAM, "script", "-i", data, "--format", "json", env={**os.environ, **environment}).stdout)


def plain(function):
    """shape::recurse(int) -> recurse"""
    if function == "operator()" or "lambdas()::" in function:
        return "lambda"
    return re.sub(r"^shape::", "", function.split("(")[0])


def names_of(truth):
    return {call for calls in truth.values() for call in calls}


def known(functions, names):
    return [name for name in map(plain, functions) if name in names]


def is_complete(stack):
    return stack[-1].get("function", "") in FIRST or is_nameless_thread(stack)


def is_nameless_thread(stack):
    """A libc without debug information: start_thread and clone3 are not exported."""
    modules = [os.path.basename(frame.get("module", "")) for frame in stack[-3:]]
    return "libstdc++" in modules[0] and all("libc.so" in module for module in modules[1:])


def cut(calls, seen, how):
    """Both, as far as they must be equal."""
    if how == "fp":
        end = next(at for at, call in enumerate(calls) if call in CALLED_BY_LIBC) + 1
        return calls[:end], seen[:end]
    return calls, seen


def differences(truth, records, how, names):
    wrong = []
    if sorted(truth) != sorted(number for number, _ in records):
        wrong.append(f"{len(truth)} hits, {len(records)} records")
    for number, functions in records:
        calls, seen = cut([call for call in truth.get(number, ["main"]) if call in names], known(functions, names), how)
        if seen != calls:
            wrong.append(f"{number}: expected {';'.join(calls)}\n      seen {';'.join(seen)}")
    return wrong


def compare(truth, records, how, program):
    """What is wrong with the records; nothing when all is right."""
    folder = os.path.dirname(program)
    functions = [(number, [frame.get("function", "") for frame in stack]) for number, stack in records]
    wrong = differences(truth, functions, how, names_of(truth))
    if how == "fp":
        return wrong
    for number, stack in records:
        wrong += [f"{number}: a frame without a name: {frame}" for frame in stack
                  if "module" not in frame or (frame["module"].startswith(folder) and "function" not in frame)]
    complete = sum(is_complete(stack) for _, stack in records)
    if complete < COMPLETE * len(records):
        worst = next(stack for _, stack in records if not is_complete(stack))
        wrong.append(f"{complete} of {len(records)} stacks are complete; one ends with {worst[-2:]}")
    return wrong


def frames_by_perf(data):
    """Number and functions of each sample, as perf reads the file. It is asked for no inlined ones."""
    done = run("perf", "script", "-i", data, "--no-inline", "-F", "event,trace,ip,sym")
    records = []
    for block in done.stdout.strip().split("\n\n"):
        frames = [line.split(None, 1) for line in block.splitlines() if re.match(r"\s+[0-9a-f]+( |$)", line)]
        records.append((int(re.search(r"number=(\d+)", block)[1]), [(frame + [""])[1] for frame in frames]))
    return records


def check_perf(truth, data, how):
    """perf script and perf report read our file, and see the same stacks."""
    wrong = differences(truth, frames_by_perf(data), how, names_of(truth) - {"lambda"})
    report = run("perf", "report", "--stdio", "--no-children", "-g", "caller", "-i", data).stdout
    if "shape::recurse" not in report:
        wrong.append("perf report shows no shape::recurse")
    return wrong


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def note(self, name, wrong):
        if wrong:
            self.failed += 1
            print(f"FAIL {name}")
            for text in wrong[:5]:
                print("    " + text)
        else:
            self.passed += 1
            print(f"ok   {name}")

    def skip(self, name, why):
        self.skipped += 1
        print(f"skip {name}: {why}")


def check_variant(name, folder, tally):
    if shutil.which(VARIANTS[name][0]) is None:
        return tally.skip(name, f"no {VARIANTS[name][0]}")
    program = build(name, folder)
    for how in VARIANTS[name][3]:
        data = os.path.join(folder, how + ".data")
        with Probe(program):
            truth = record(program, how, data)
        tally.note(f"{name}, {how}", compare(truth, script(data), how, program))
        if name == "pointers":
            if shutil.which("perf"):
                tally.note(f"{name}, {how}, by perf", check_perf(truth, data, how))
            else:
                tally.skip(f"{name}, {how}, by perf", "perf is not installed")


def check_running(folder, tally):
    """A program that runs already when the recording begins, and has ended when it is read."""
    program, data = build("plain", folder), os.path.join(folder, "running.data")
    go, printed = os.path.join(folder, "go"), os.path.join(folder, "printed")
    os.mkfifo(go)
    os.mkfifo(printed)
    out = os.open(printed, os.O_RDWR)
    with Probe(program), subprocess.Popen([program, str(ROUNDS), go], stdout=out):
        os.close(out)
        with open(go, "w"):  # it has come to where it waits
            done = run(PROGRAM, "record", "-q", "--no-govern", "-a", "--call-graph", "dwarf", "-e", f"{GROUP}:hit", "-o", data, "--",
                       "sh", "-c", f"echo go >{go}; cat {printed}")
    truth = parse_truth(done.stdout)
    tally.note("a program that ran before", compare(truth, script(data), "dwarf", program))


def check_live(folder, tally):
    """What trace prints while the program runs."""
    program, printed = build("plain", folder), os.path.join(folder, "printed")
    done = run(PROGRAM, "trace", "-q", "--no-govern", "-x", program, "--call-graph", "dwarf", "--format", "json", "shape_hit",
               "number=%di:s32", "--", "sh", "-c", f"exec {program} {ROUNDS} >{printed}")
    with open(printed) as out:
        truth = parse_truth(out.read())
    tally.note("live", compare(truth, parse_records(done.stdout), "dwarf", program))


def symbol_offset(program):
    """Where shape_hit lies in the file."""
    address = next(int(line.split()[0], 16) for line in run("nm", program).stdout.splitlines() if " shape_hit" in line)
    for line in run("readelf", "-lW", program).stdout.splitlines():
        if line.split()[:1] == ["LOAD"]:
            offset, start, _, size = (int(word, 16) for word in line.split()[1:5])
            if start <= address < start + size:
                return address - start + offset
    raise ValueError("shape_hit is in no segment")


def check_gone(folder, tally):
    """As on another machine: the program is not there, its debug information may be."""
    program, data = build("pointers", folder), os.path.join(folder, "gone.data")
    offset = symbol_offset(program)
    with Probe(program):
        truth = record(program, "fp", data)
    build_id = re.search(r"Build ID: (\w+)", run("readelf", "-n", program).stdout)[1]
    server = os.path.join(folder, "server")
    os.makedirs(f"{server}/buildid/{build_id}")
    split_off(program, f"{server}/buildid/{build_id}/debuginfo")
    os.remove(program)
    nothing = {"DEBUGINFOD_URLS": ""}
    place = f"[shapes+0x{offset:x}] ({program})"

    text = run(PROGRAM, "script", "-i", data, env={**os.environ, **nothing}).stdout
    count = sum(line.endswith(place) for line in text.splitlines())
    tally.note("gone", [] if count == len(truth) else [f"{count} of {len(truth)} lines end with {place}"])

    with open(program, "wb") as other, open("/bin/true", "rb") as source:
        other.write(source.read())
    text = run(PROGRAM, "script", "-i", data, env={**os.environ, **nothing}).stdout
    count = sum(line.endswith(place) for line in text.splitlines())
    tally.note("another build in its place", [] if count == len(truth) else [f"{count} lines end with {place}"])
    os.remove(program)

    served = {"DEBUGINFOD_URLS": "file://" + server, "DEBUGINFOD_CACHE_PATH": os.path.join(folder, "cache"),
              "XDG_CACHE_HOME": os.path.join(folder, "cache")}
    tally.note("gone, debug information by build-id", compare(truth, script(data, **served), "fp", program))


OTHERS = {"running": check_running, "live": check_live, "gone": check_gone}


def main():
    if os.geteuid() != 0:
        print("skip: not root\n0 passed, 0 failed, 1 skipped")
        return 0
    tally = Tally()
    chosen = sys.argv[1:] or [*VARIANTS, *OTHERS]
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="dtp-stacks-") as folder:
            if name in OTHERS:
                OTHERS[name](folder, tally)
            else:
                check_variant(name, folder, tally)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return tally.failed != 0


sys.exit(main())
