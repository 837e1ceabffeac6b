#!/usr/bin/env python3
"""Recipes for applications, against Debian's programs whose true answers are known.

Each server runs in a folder of its own, on a unix socket, and ends with its test. Needs root and uprobes.
"""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = str(HERE.parent.parent / "build/src/cmd/dtrace++")
TIMEOUT = 60


class Skip(Exception):
    pass


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=TIMEOUT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
    return done.stdout


def equal(what, wanted, seen):
    assert wanted == seen, f"{what}:\n  expected {wanted}\n  saw      {seen}"


class Packages:
    """Debian's programs, unpacked in a folder."""

    def __init__(self):
        done = subprocess.run([HERE / "packages.sh"], stdout=subprocess.PIPE, text=True)
        if done.returncode == 77:
            raise Skip("this machine's package sources do not offer the programs")
        assert done.returncode == 0, "the programs cannot be had"
        self.root = pathlib.Path(done.stdout.strip())
        self.environment = dict(os.environ, LD_LIBRARY_PATH=f"{self.root}/usr/lib/x86_64-linux-gnu")

    def __truediv__(self, path):
        return self.root / path


@contextlib.contextmanager
def background(command, end_by="TERM", **options):
    """A process that runs until the block ends, and its helpers with it."""
    process = subprocess.Popen([str(word) for word in command], start_new_session=True, **options)
    try:
        yield process
    finally:
        for way in end_by, "KILL":
            if process.poll() is None:
                subprocess.run(["kill", f"-{way}", "--", f"-{process.pid}"], stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def until(what, is_true, process):
    """Waits; the process that it waits for may not end before."""
    end = time.monotonic() + TIMEOUT
    while not is_true():
        assert process.poll() is None, f"{what}: the process ended with {process.returncode}"
        assert time.monotonic() < end, f"{what}: not within {TIMEOUT} s"
        time.sleep(0.02)


def ask_while(work, *words):
    """The rows of a recipe that watches while work() is done, and its words besides."""
    command = [PROGRAM, "recipe", "run", "--no-govern", "--format", "json", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            said = []
            while "^C ends it" not in "".join(said[-1:]):
                ready, _, _ = select.select([tracer.stderr], [], [], TIMEOUT)
                line = tracer.stderr.readline() if ready else ""
                assert line, f"{' '.join(command)}: {''.join(said)}"
                said.append(line)
            work()
        finally:
            tracer.terminate()
            rows, more = tracer.communicate(timeout=TIMEOUT)
    return json_rows(rows), "".join(said[:-1]) + more


def json_rows(text):
    return [json.loads(line) for line in text.splitlines()]


def ask(*words, environment=None):
    """The rows of a recipe that watches the command after '--'."""
    return json_rows(run(PROGRAM, "recipe", "run", "--no-govern", "-q", "--format", "json", *words, env=environment))


# MariaDB.

TABLES = """create database shop; use shop;
create table one (a int primary key, b int, key(b)); create table two like one; create table three like one;
insert into one select seq, seq % 10 from seq_1_to_1000; insert into two select * from one;
insert into three select * from one; analyze table one, two, three;
"""


class MariaDb:
    def __init__(self, packages, folder):
        self.packages, self.folder = packages, folder
        # A name that no other process has: it is found by it.
        self.name = f"mariadbd-{os.getpid()}"
        self.server = folder / self.name
        shutil.copy(packages / "usr/sbin/mariadbd", self.server)

    @contextlib.contextmanager
    def running(self):
        data = self.folder / "data"
        data.mkdir()
        share = self.packages / "usr/share/mysql"
        command = [self.server, "--no-defaults", "--user=root", f"--datadir={data}", "--skip-grant-tables",
                   "--skip-networking", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid",
                   f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets",
                   "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M"]
        with open(self.folder / "log", "w") as log:
            with background(command, stdout=log, stderr=log, env=self.packages.environment) as process:
                until("mariadbd", (self.folder / "socket").exists, process)
                self.pid = process.pid
                self.query(TABLES, "")
                yield self

    def query(self, text, database="shop"):
        return run(self.packages / "usr/bin/mariadb", "--no-defaults", "-N", "-S", self.folder / "socket",
                   *([database] if database else []), input=text, env=self.packages.environment)


def test_mysql_queries(packages, folder):
    with MariaDb(packages, folder).running() as db:
        work = lambda: db.query("select 6 * 7;\ndo sleep(0.3);\nselect 'a;b';\n")
        rows, _ = ask_while(work, "mysql-queries", "-p", db.pid)
        equal("the queries, in their order", ["select 6 * 7", "do sleep(0.3)", "select 'a;b'"],
              [row["query"] for row in rows if row["command"] == "query"])
        rows, _ = ask_while(work, "mysql-queries", f"server=no-server or {db.name}", "over=200ms")
        equal("the slow one", ["do sleep(0.3)"], [row["query"] for row in rows])
        assert 300e6 <= rows[0]["took"] < 3e9, rows


# A join by an index; one of three tables with a sort; one that makes a semi-join of a subquery.
JOINS = (
    "select straight_join one.a from one join two on one.a = two.a where one.b = 3",
    "select one.a from one join two on one.a = two.b join three on two.a = three.a where one.a in (1, 2, 3) order by three.b",
    "select one.b, count(*) from one join two on one.a = two.b where one.a in (select b from three) group by one.b order by 2",
)


def calls(phases, name):
    return sum(phase["calls"] for phase in phases if phase["phase"] == name)


def test_mysql_optimizer(packages, folder):
    """The server's own trace of its optimizer and its counters tell how often it took each round."""
    told = []

    def work(db):
        for join in JOINS:
            out = db.query(f"set optimizer_trace = 'enabled=on'; flush status; {join};"
                           "show session status like 'Sort_scan'; show session status like 'Sort_range';"
                           "select trace from information_schema.optimizer_trace;")
            sorts = sum(int(line.split()[1]) for line in out.splitlines() if line.startswith("Sort_"))
            told.append((out.count('"best_access_path"'), out.count('"range_analysis"'), sorts))

    with MariaDb(packages, folder).running() as db:
        rows, messages = ask_while(lambda: work(db), "mysql-optimizer", "-v", "-p", db.pid)
        assert "left out" not in messages, messages
        seen = {row["query"]: row["phases"] for row in rows}
        for join, (paths, ranges, sorts) in zip(JOINS, told):
            phases = seen[join]
            equal(f"rounds of {join}", {"quick select": ranges, "sort": sorts},
                  {name: calls(phases, name) for name in ("quick select", "sort")})
            # For semi-joins the server weighs some that its trace leaves out.
            equal(f"all access paths of {join}", True,
                  calls(phases, "access path") >= paths if join is JOINS[2] else calls(phases, "access path") == paths)
            equal("what is in nothing else", ["parse", "open tables", "prepare", "optimize", "execute"],
                  [phase["phase"] for phase in phases if phase["depth"] == 0])
        equal("access paths and sorts of the first two", [(2, 0), (10, 1)], [(told[i][0], told[i][2]) for i in range(2)])
        query = next(row for row in rows if row["query"] == JOINS[0])
        assert sum(phase["took"] for phase in query["phases"] if phase["depth"] == 0) <= query["took"], query


# PostgreSQL. It does not start for root: in a namespace of its own it is somebody else.
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


class Postgres:
    def __init__(self, packages, folder):
        self.packages, self.folder = packages, folder
        self.programs = packages / "usr/lib/postgresql/15/bin"
        self.server = self.programs / "postgres"

    @contextlib.contextmanager
    def running(self):
        data = self.folder / "data"
        run(*SOMEBODY, self.programs / "initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync", "--locale=C",
            env=self.packages.environment)
        command = [*SOMEBODY, self.server, "-D", data, "-k", self.folder, "-h", "", "-F"]
        with open(self.folder / "log", "w") as log:
            with background(command, end_by="INT", stdout=log, stderr=log, env=self.packages.environment) as process:
                self.pid = process.pid
                until("postgres", lambda: "ready to accept" in (self.folder / "log").read_text(), process)
                yield self

    def bench(self, protocol, times):
        run(self.programs / "pgbench", "-n", "-M", protocol, "-t", times, "-f", self.folder / "script", "-h", self.folder,
            "-U", "tester", "postgres", env=self.packages.environment)

    def query(self, text):
        return run(self.programs / "psql", "-X", "-q", "-h", self.folder, "-U", "tester", "-d", "postgres", input=text,
                   env=self.packages.environment)


def test_pg_queries(packages, folder):
    with Postgres(packages, folder).running() as db:
        work = lambda: db.query("select 6 * 7;\nselect pg_sleep(0.3);\nselect 'a;b';\n")
        rows, _ = ask_while(work, "pg-queries", f"server={db.server}")
        equal("the queries, in their order", ["select 6 * 7;", "select pg_sleep(0.3);", "select 'a;b';"],
              [row["query"] for row in rows])
        rows, _ = ask_while(work, "pg-queries", "-p", db.pid, "over=200ms")
        equal("the slow one", ["select pg_sleep(0.3);"], [row["query"] for row in rows])
        assert 300e6 <= rows[0]["took"] < 3e9, rows
        # As drivers send them: to be parsed, bound and executed.
        (folder / "script").write_text("select 40 + 2;\n")
        rows, _ = ask_while(lambda: db.bench("extended", 5), "pg-queries", f"server={db.server}")
        equal("those that drivers send", 5, sum("40 + 2" in row["query"] for row in rows))


def test_pg_phases(packages, folder):
    with Postgres(packages, folder).running() as db:
        sorting = "select n % 7 from generate_series(1, 1000) as n order by 1;"
        rows, messages = ask_while(lambda: db.query(f"select 6 * 7;\n{sorting}\n"), "pg-phases", "-v", "-p", db.pid)
        assert "left out" not in messages, messages
        seen = {row["query"]: [(phase["phase"], phase["depth"], phase["calls"]) for phase in row["phases"]
                               if phase["phase"] != "read a page"] for row in rows}
        plain = [("parse", 0, 1), ("rewrite", 0, 1), ("plan", 0, 1), ("execute", 0, 1)]
        equal("phases", plain, seen["select 6 * 7;"])
        equal("phases, and a sort in one", [*plain, ("sort", 1, 1)], seen[sorting])


# Java.

HEAP = """
public class Heap {
    static class Foo { long a, b, c; }
    static Object[] kept = new Object[32000];
    static byte[] garbage;
    public static void main(String[] args) throws Exception {
        for (int i = 0; i < kept.length; ++i) kept[i] = new Foo();
        while (System.in.read() == 'g') {
            for (int i = 0; i < 2000; ++i) garbage = new byte[100_000];
            System.gc();
            System.out.println("done");
        }
    }
}
"""


class Java:
    def __init__(self, packages, folder, *options):
        home = packages / "usr/lib/jvm/java-17-openjdk-amd64"
        self.java, self.folder = home / "bin/java", folder
        (folder / "Heap.java").write_text(HEAP)
        run(self.java, "-m", "jdk.compiler/com.sun.tools.javac.Main", "-d", folder, folder / "Heap.java")
        self.command = [self.java, "-XX:+UseG1GC", "-Xmx64m", "-Xms64m", "-XX:G1HeapRegionSize=1m",
                        f"-Xlog:gc,safepoint:file={folder}/gc.log", *options, "-cp", folder, "Heap"]

    @contextlib.contextmanager
    def running(self):
        with background(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            self.process, self.pid = process, process.pid
            self.collect()
            yield self

    def collect(self):
        self.process.stdin.write(b"g")
        self.process.stdin.flush()
        equal("the program's answer", b"done\n", self.process.stdout.readline())

    def log(self):
        return (self.folder / "gc.log").read_text().splitlines()

    def histogram(self):
        """The command that makes the machine walk its heap."""
        return self.java, "-m", "jdk.jcmd/sun.tools.jcmd.JCmd", self.pid, "GC.class_histogram", "-all"


# By a 64-bit pointer to its class, and by a 32-bit one.
POINTERS = "-XX:-UseCompressedClassPointers", "-XX:+UseCompressedClassPointers"


def test_java_g1_regions(packages, folder):
    for pointers in POINTERS:
        with Java(packages, folder, pointers).running() as java:
            told = []
            rows, messages = ask_while(lambda: told.append(run(*java.histogram())), "java-g1-regions", "-p", java.pid,
                                       "--top", 100000)
            histogram = [line.split() for line in told[0].splitlines()]
            total = next(int(words[1]) for words in histogram if words[:1] == ["Total"])
            foo_bytes = next(int(words[2]) for words in histogram if words[3:4] == ["Heap$Foo"])
            equal(f"{pointers}: all objects", total, sum(row["objects"] for row in rows))
            foos = {row["region"]: row["objects"] for row in rows if row["class"] == "Heap$Foo"}
            equal(f"{pointers}: objects of the class", 32000, sum(foos.values()))
            # One region has no room for them all, and none has more than fit into it.
            region = 1 << 20
            assert len(foos) >= -(-foo_bytes // region), foos
            assert max(foos.values()) * (foo_bytes // 32000) <= region, foos
            assert all(int(start, 16) % region == 0 for start in foos), foos
            equal(f"{pointers}: classes", {words[3] for words in histogram if words[3:4] == ["java.lang.String"]},
                  {row["class"].replace("/", ".") for row in rows if row["class"] == "java/lang/String"})


def test_java_gc(packages, folder):
    with Java(packages, folder).running() as java:
        before = len(java.log())
        rows, messages = ask_while(java.collect, "java-gc", "-p", java.pid)
        pauses = [line for line in java.log()[before:] if " Pause " in line and "ms" in line]
        assert len(pauses) >= 2, java.log()
        equal("pauses of the log", len(pauses), len(rows))
        equal("full ones", sum("Pause Full" in line for line in pauses), sum(row["kind"] == "full" for row in rows))


# Python.

MODULE = """
import gc
def foo(): return bar() + 1
def bar(): return 1
def numbers():
    yield 1
    yield 2
for _ in range(7): foo()
list(numbers())
for _ in range(5): gc.collect(1)
"""


def test_python(packages, folder):
    python = "/usr/bin/python3"
    if not os.path.exists(python):
        raise Skip("Debian's Python is not here")
    (folder / "program.py").write_text(MODULE)
    rows = ask("python-calls", f"python={python}", "--top", 100000, "--", python, "-I", folder / "program.py")
    mine = {row["function"]: (row["calls"], row["last line"]) for row in rows if row["file"].endswith("program.py")}
    # A generator returns whenever it yields, and at its end.
    equal("calls, and the lines of their ends", {"foo": (7, 3), "bar": (7, 4), "numbers": (3, 7), "<module>": (1, 10)},
          mine)
    rows = ask("python-gc", f"python={python}", "--", python, "-I", folder / "program.py")
    equal("collections", 5, sum(row["generation"] == 1 for row in rows))
    (folder / "outer.py").write_text("import inner\n")
    (folder / "inner.py").write_text("value = 1\n")
    (folder / "imports.py").write_text(f"import sys; sys.path.insert(0, {str(folder)!r})\nimport outer, inner\n"
                                       "try: import nowhere\nexcept ImportError: pass\n")
    rows = ask("python-imports", f"python={python}", "--", python, "-I", folder / "imports.py")
    mine = {row["module"]: row for row in rows if row["module"] in ("outer", "inner", "nowhere")}
    equal("modules, each once", {"inner": "yes", "outer": "yes", "nowhere": "no"},
          {name: row["found"] for name, row in mine.items()})
    assert mine["outer"]["took"] > mine["inner"]["took"], mine


# Node.js.

TIMERS = """
let left = 4;
const work = () => {
  const end = process.hrtime.bigint() + 50_000_000n;
  while (process.hrtime.bigint() < end);
  if (--left > 0) setTimeout(work, 20);
};
setTimeout(work, 200);
"""


def test_node_lag(packages, folder):
    (folder / "timers.js").write_text(TIMERS)
    # Parts of Debian's Node.js are read from /usr/share.
    share = f"mount -t overlay -o lowerdir={packages / 'usr/share'}:/usr/share overlay /usr/share"
    command = ["unshare", "--mount", "sh", "-c", f"{share} && exec {packages / 'usr/bin/node'} {folder}/timers.js"]
    for node in {str(packages / "usr/bin/node"), shutil.which("node") or ""} - {""}:
        command[-1] = f"{share} && exec {node} {folder}/timers.js"
        rows = ask("node-lag", f"node={node}", "over=45ms", "--", *command, environment=packages.environment)
        # On a busy machine the loop is held up by others, too.
        assert 4 <= len(rows) <= 8, rows
        equal(f"{node}: the shortest", True, 49e6 <= min(row["busy"] for row in rows) < 120e6)


def test_wrong_input(packages, folder):
    """What is said to somebody who watches what is not there."""
    def refusal(*words):
        done = subprocess.run([PROGRAM, "recipe", "run", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=TIMEOUT, env=dict(os.environ, PATH="/nowhere"))
        assert done.returncode in (1, 2, 3), done
        return done.stderr

    equal("no program", "error: there is no 'no-server' on this machine, and no process runs one\n"
          "hint: say where it is: server=FILE, or which process has it: -p PID\n",
          refusal("mysql-optimizer", "server=no-server"))
    equal("no file", "error: cannot open '/no/file': no such file or directory\n",
          refusal("mysql-queries", "server=/no/file"))
    equal("another process", f"error: process {os.getpid()} has no program or library 'mariadbd' or 'mysqld'\n"
          "hint: say where it is: server=FILE, or which process has it: -p PID\n",
          refusal("mysql-queries", "-p", os.getpid()))
    equal("no process", "error: there is no process 4194303\n",
          refusal("java-gc", "-p", 4194303))


def main():
    wanted = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers end on the way out
    passed = failed = skipped = 0
    tests = {name.removeprefix("test_"): test for name, test in globals().items() if name.startswith("test_")}
    why_not = ""
    if os.geteuid() != 0:
        why_not = "not root"
    else:
        try:
            packages = Packages()
        except Skip as skip:
            why_not = str(skip)
    for name, test in tests.items():
        if wanted and name not in wanted:
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="dtp-apps-"))
        begin = time.monotonic()
        try:
            if why_not:
                raise Skip(why_not)
            test(packages, folder)
            print(f"ok   {name} ({time.monotonic() - begin:.1f} s)")
            passed += 1
        except Skip as skip:
            print(f"skip {name}: {skip}")
            skipped += 1
        except (AssertionError, OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
            print(f"FAIL {name}: {error!r}" if not isinstance(error, AssertionError) else f"FAIL {name}: {error}")
            failed += 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
