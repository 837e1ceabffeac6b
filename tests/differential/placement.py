#!/usr/bin/env python3
"""Probes of entries where they cost less, against such on the first byte.

  placement.py [--program PATH]

All functions of a program that get another place than their first byte get a probe at both. The program runs, and in each
task every hit of a first byte must be followed by one of the same function's other place that has read the same values.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/support'))
import leftovers  # noqa: E402

TRACEFS = pathlib.Path('/sys/kernel/tracing')
PROGRAMS = ROOT / 'tests/fixtures/programs'
SHELL = ['/bin/bash', '-c', 'f() { local x=${1%b}; printf -v y "%s %d" "${x//a/c}" "$2"; }; for ((i = 0; i < 40; i++)); do f aab $i; done']

# The file that is probed, and what runs.
RUNS = [('/bin/bash', SHELL), ('/lib/x86_64-linux-gnu/libc.so.6', SHELL),
        *((PROGRAMS / name, [PROGRAMS / name]) for name in ('ul_c', 'ul_go'))]

# Each keeps a probe from other places.
ARGUMENTS = ['a=%di b=%si s=+8(%sp):x64', 'c=%dx d=%cx e=%r8 f=%r9 t=$stack0', 'p=%sp q=%bp', 'm=+0(%di):x64 n=+0(%sp):x64']

LEAST_PAIRS = 1000


def definitions(program, file, arguments, *options):
    done = subprocess.run([program, 'probe', '-q', '-x', file, '--max-probes', '1000000', *options, '-D', f'* {arguments}'],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [re.fullmatch(r'p:\S+ (\S+):(0x[0-9a-f]+)(.*)', line).groups() for line in done.stdout.splitlines()]


def moved(program, file, arguments):
    """[(the exact place, the other one, the file, what is read at either)]; a function of several names once"""
    pairs = zip(definitions(program, file, arguments, '--exact-entry'), definitions(program, file, arguments), strict=True)
    return list(dict.fromkeys((exact[1], other[1], other[0], exact[2], other[2])
                              for exact, other in pairs if exact[1] != other[1]))


def add(group, places):
    """All places become two events, for each event takes its time to be removed."""
    events = os.open(TRACEFS / 'uprobe_events', os.O_WRONLY | os.O_APPEND)
    try:
        for exact, other, path, exact_fetch, other_fetch in places:
            os.write(events, f'p:{group}/exact {path}:{exact}{exact_fetch}\n'.encode())
            os.write(events, f'p:{group}/other {path}:{other}{other_fetch}\n'.encode())
    finally:
        os.close(events)


def records(program, group, command, data):
    done = subprocess.run(['setarch', '-R', program, 'record', '-q', '--no-govern', '-e', f'{group}:*', '-o', data, '--', *command],
                          capture_output=True, text=True)
    if not data.exists():
        return [], done.stderr
    lines = subprocess.run([program, 'script', '-i', data, '--format', 'json'], capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()[1:]], ''


def compare(title, places, records):
    """(pairs that are equal, what is wrong)"""
    distances = {}
    for exact, other, *_ in places:
        distances.setdefault(int(exact, 16) & 0xfff, set()).add(int(other, 16) - int(exact, 16))
    equal, wrong, entered = 0, [], {}
    for record in records:
        task, is_exact = record['tid'], record['event'].endswith(':exact')
        before = entered.pop(task, None)
        if is_exact:
            entered[task] = record
        if is_exact and before is None:
            continue
        if before is None or is_exact:
            wrong.append(f'{title}: a hit of one place alone: {before or record}')
            continue
        distance = record['ip'] - before['ip']
        if distance not in distances.get(before['ip'] & 0xfff, ()):
            wrong.append(f'{title}: another function\n    {before}\n    {record}')
        elif record['fields'] != before['fields']:
            wrong.append(f'{title}: other values\n    {before}\n    {record}')
        else:
            equal += 1
    wrong += [f'{title}: a hit of one place alone: {record}' for record in entered.values()]
    return equal, wrong


def check(program, number, file, command, arguments, directory):
    places = moved(program, file, arguments)
    if not places:
        return 0, []
    title, group = f'{file} {arguments}', f'placement_{os.getpid()}_{number}'
    try:
        add(group, places)
        found, message = records(program, group, command, directory / f'{number}.data')
    finally:
        leftovers.delete_group(program, group)
    if message:
        return 0, [f'{title}: {message}']
    equal, wrong = compare(title, places, found)
    print(f'{title}: {len(places)} functions, {equal} pairs of hits equal, {len(wrong)} not')
    return equal, wrong


def end(signal_number, _):
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    program = options.parse_args().program.resolve()
    if os.geteuid() != 0 or not (TRACEFS / 'uprobe_events').exists():
        print('skip: not root, or no tracefs with uprobes here\n0 passed, 0 failed, 1 skipped')
        return 0
    leftovers.remove(program, 'placement')
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    equal, wrong, number = 0, [], 0
    with leftovers.directory('placement') as directory:
        for file, command in RUNS:
            for arguments in ARGUMENTS:
                number += 1
                of_run, wrong_of_run = check(program, number, file, command, arguments, pathlib.Path(directory))
                equal += of_run
                wrong += wrong_of_run
    if equal < LEAST_PAIRS:
        wrong.append(f'only {equal} pairs')
    for line in wrong[:10]:
        print(line)
    print(f'{equal} passed, {len(wrong)} failed, 0 skipped')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
