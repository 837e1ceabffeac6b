#!/usr/bin/env python3
"""What dtrace++ reads by live uprobes against what the program prints about itself.

  run.py [--program PATH] [--keep DIR] [--verbose]

Random programs (generate.py) are compiled by gcc and clang, with and without optimisation, with DWARF 4 and 5, as C and as
C++. DTP_SEED chooses others than the usual ones. An argument that dtrace++ refuses with a reason is counted apart, and only
accepted for values that the compiler may keep where no fetch-arg can read them.
"""
import argparse
import collections
import contextlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests/property'), str(ROOT / 'tests/support')]
import generate  # noqa: E402
import leftovers  # noqa: E402

COMPILERS = {('gcc', False): 'gcc', ('gcc', True): 'g++', ('clang', False): 'clang', ('clang', True): 'clang++'}
LEAST_FIELDS = 1000

# Why a local variable may be unreadable, in the words of the program's errors.
LOST = re.compile(r'is optimised out|lives in|is split|is computed|there is no variable')


class Outcome:
    def __init__(self):
        self.equal = 0
        self.different = []  # texts
        self.refused = collections.Counter()


def add_event(program, binary, group, event, outcome):
    """Adds the event's probe, without the arguments that are refused. Returns the names of the fields left."""
    fields = list(event.fields)
    for _ in range(2):
        command = [program, 'probe', '-q', '-x', binary, '-a', f'{group}:{event.name}={event.point} ' + ' '.join(f'{name}={text}' for name, text in fields)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return [name for name, _ in fields]
        refused = {}
        for what, number in re.findall(r'^error: (.*)\n  argument (\d+): ', done.stderr, re.M):
            refused.setdefault(int(number) - 1, what)
        if not refused:
            outcome.different.append(f'{binary} {event.point}: refused\n{done.stderr}')
            return []
        for index, what in refused.items():
            is_value = event.may_be_refused or re.fullmatch(r'k\d', fields[index][1])
            if is_value and LOST.search(what):
                outcome.refused[re.sub(r"'.*?'( cannot be read at \S+:)?", '...', what).split(';')[0]] += 1
            else:
                outcome.different.append(f'{binary} {event.point} {fields[index][1]}\n    refused: {what}')
        fields = [f for index, f in enumerate(fields) if index not in refused]
        if not fields:
            return []
    outcome.different.append(f'{binary} {event.point}: refused once more\n{done.stderr}')
    return []


def expected_values(printed):
    values = {}
    for line in printed.splitlines():
        event, name, value = line.split(' ', 2)
        values[event, name] = value[1:] if value.startswith("'") else int(value)
    return values


def check(program, directory, title, made, binary, group):
    outcome = Outcome()
    added = {}
    try:
        for event in made.events:
            names = add_event(program, binary, group, event, outcome)
            if names:
                added[event.name] = (event, names)
        data = directory / f'{title}.data'
        done = subprocess.run([program, 'record', '-q', '--no-govern', '-e', f'{group}:*', '-o', data, '--', binary], capture_output=True, text=True)
        if done.returncode != 0:
            outcome.different.append(f'{title}: record failed\n{done.stderr}')
            return outcome
        expected = expected_values(done.stdout)
    finally:
        leftovers.delete_group(program, group)
    lines = subprocess.run([program, 'script', '-i', data, '--format', 'json'], capture_output=True, text=True).stdout.splitlines()
    hits = collections.Counter()
    for record in map(json.loads, lines[1:]):
        name = record['event'].split(':')[1].removesuffix('__return')
        hits[name] += 1
        event, names = added[name]
        for field, text in event.fields:
            if field in names:
                compare(outcome, f'{binary} {event.point} {text}', expected[name, field], record['fields'].get(field), hits[name] == 1)
    for name in added.keys() - hits.keys():
        outcome.different.append(f'{binary} {added[name][0].point}: no record')
    return outcome


def compare(outcome, what, expected, got, is_first):
    if expected == (int(got) if isinstance(got, bool) else got):
        outcome.equal += is_first
    else:
        outcome.different.append(f'{what}\n    printed {expected!r}, read {got!r}')


def build(directory, compiler, is_cpp, level, version, seed):
    made = generate.Program(f'{seed} {compiler} {is_cpp} {level} {version}', is_cpp)
    title = f'{compiler}-{"cpp" if is_cpp else "c"}-O{level}-dwarf{version}'
    source = directory / (title + ('.cc' if is_cpp else '.c'))
    source.write_text(made.text())
    binary = directory / title
    done = subprocess.run([COMPILERS[compiler, is_cpp], f'-O{level}', f'-gdwarf-{version}', '-w', '-o', binary, source], capture_output=True, text=True)
    return title, made, binary, done.stderr if done.returncode else ''


# --- probes that must not stay ------------------------------------------------------------------------------------

def group_of(number):
    return f'property_{os.getpid()}_{number}'


def end(signal_number, _):
    """As an exception, so that every check removes its probes."""
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


def run(program, directory, compilers, seed):
    """Returns how many fields are equal, the refusals and the failures."""
    directory.mkdir(parents=True, exist_ok=True)
    variants = itertools.product(compilers, (False, True), (0, 2), (4, 5))
    total, refused, failures = 0, collections.Counter(), []
    with ThreadPoolExecutor(2) as pool:
        try:
            programs = list(pool.map(lambda v: build(directory, *v, seed), variants))
            jobs = []
            for number, (title, made, binary, message) in enumerate(programs):
                if message:
                    failures.append(f'{title} does not compile\n{message[:2000]}')
                else:
                    jobs.append((title, pool.submit(check, program, directory, title, made, binary, group_of(number))))
            for title, job in jobs:
                outcome = job.result()
                print(f'{title}: {outcome.equal} fields equal, {len(outcome.different)} different, {outcome.refused.total()} refused with a reason')
                total += outcome.equal
                failures += outcome.different
                refused += outcome.refused
        except SystemExit:
            pool.shutdown(cancel_futures=True)
            raise
    return total, refused, failures


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    options.add_argument('--keep', type=pathlib.Path, metavar='DIR', help='leave the programs there')
    options.add_argument('--verbose', action='store_true', help='every difference, not the first ones')
    args = options.parse_args()
    if os.geteuid() != 0:
        print('skip: not root\n0 passed, 0 failed, 1 skipped')
        return 0
    leftovers.remove(args.program.resolve(), 'property')
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    seed = os.environ.get('DTP_SEED', '1')
    compilers = [name for name in ('gcc', 'clang') if shutil.which(name)]
    skipped = 2 - len(compilers)
    if skipped:
        print('skip: no clang here')
    with contextlib.nullcontext(args.keep) if args.keep else leftovers.directory('property') as directory:
        total, refused, failures = run(args.program.resolve(), pathlib.Path(directory), compilers, seed)
    for failure in failures if args.verbose else failures[:20]:
        print(failure)
    for reason, count in refused.most_common():
        print(f'refused {count}: {reason}')
    if total < LEAST_FIELDS:
        failures.append(f'only {total} fields')
        print(failures[-1])
    if failures:
        print(f'seed {seed}')
    print(f'{total} passed, {len(failures)} failed, {skipped} skipped')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
