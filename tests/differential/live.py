#!/usr/bin/env python3
"""The definitions that we give where perf is wrong, tried: live uprobes against gdb.

  live.py [--program PATH] [--verbose]

Every row of answers.tsv that has a definition for a program of the fixtures becomes an event. The program runs once under
dtrace++ and once under gdb, which reads the same expressions at the same addresses by its own reader of DWARF. Of each
event the first record is compared.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import compare  # noqa: E402
import leftovers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = ROOT / 'tests/fixtures/programs'
STACK = 0x7ff000000000  # from here up are stacks, whose place depends on the environment


class Event:
    def __init__(self, number, expression, definition):
        self.name = f'e{number}'
        self.expression = expression
        first = definition.split('\n')[0].split()
        self.address = int(re.search(r':(0x[0-9a-f]+)', first[1])[1], 16)
        self.fields = [compare.split_argument(word) for word in first[2:]]
        words = expression.split()[1:]
        # What stands for several is named by its parts.
        names = [name for name, _, _ in self.fields]
        texts = words if len(words) == len(names) and not any(word.startswith('$') for word in words) else names
        self.expressions = dict(zip(names, (text.split(':string')[0] for text in texts)))

    def request(self, group):
        point, _, arguments = self.expression.partition(' ')
        return f'{group}:{self.name}={point} {arguments}'


def offset_of(binary, address_in_file):
    """gdb counts link-time addresses; a definition has offsets into the file."""
    headers = subprocess.run(['readelf', '-lW', binary], capture_output=True, text=True).stdout
    for _, offset, address, _, size in re.findall(r'^ +(LOAD) +(\w+) (\w+) (\w+) (\w+)', headers, re.M):
        if int(offset, 16) <= address_in_file < int(offset, 16) + int(size, 16):
            return address_in_file - int(offset, 16) + int(address, 16)
    return address_in_file


def ask_gdb(binary, events, directory):
    questions = collections.defaultdict(list)
    for event in events:
        for name, _, kind in event.fields:
            questions[offset_of(binary, event.address)].append((event.expressions[name], kind in ('string', 'ustring')))
    file = directory / 'questions'
    file.write_text(json.dumps(questions))
    done = subprocess.run(['gdb', '-nx', '-batch', '-x', HERE / 'gdb_side.py', binary], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env={**os.environ, 'DTP_QUESTIONS': str(file)}, timeout=120)
    answers = {}
    for line in done.stdout.splitlines():
        if match := re.search(r'ANSWER (\d+) ("(?:[^"\\]|\\.)*") (.*)', line):
            answers[int(match[1]), json.loads(match[2])] = json.loads(match[3])
    return answers


def record(program, binary, events, directory):
    """{event: fields of its first record}, and what went wrong."""
    group = f'answers_{os.getpid()}'
    data = directory / 'data'
    refused = {}
    try:
        for event in events:
            done = subprocess.run([program, 'probe', '-q', '-x', binary, '-a', event.request(group)], capture_output=True, text=True)
            if done.returncode != 0:
                refused[event.name] = done.stderr.strip()
        done = subprocess.run(['setarch', '-R', program, 'record', '-q', '--no-govern', '-e', f'{group}:*', '-o', data, '--', binary],
                              capture_output=True, text=True)
        if done.returncode not in (0, 1) or not data.exists():
            return {}, {event.name: done.stderr.strip() for event in events}
    finally:
        leftovers.delete_group(program, group)
    lines = subprocess.run([program, 'script', '-i', data, '--format', 'json'], capture_output=True, text=True).stdout.splitlines()
    first = {}
    for one in map(json.loads, lines[1:]):
        first.setdefault(one['event'].split(':')[1].removesuffix('__return'), one['fields'])
    return first, refused


def is_equal(kind, ours, theirs):
    if isinstance(theirs, str) or isinstance(ours, str):
        return ours == theirs
    if isinstance(ours, list):
        return ours == [theirs >> (64 * i) & (1 << 64) - 1 for i in range(len(ours))]
    if ours is None:
        return False
    width = int(re.match(r'[a-z]*(\d+)', kind or 'x64')[1])
    mask = (1 << width) - 1
    ours, theirs = int(ours) & mask, theirs & mask
    return ours == theirs or (width == 64 and ours >= STACK and theirs >= STACK)


def check(program, target, rows, verbose):
    binary = PROGRAMS / target
    count = collections.Counter()
    events = [Event(number, expression, definition) for number, (expression, definition) in enumerate(rows)]
    with leftovers.directory('answers') as name:
        directory = pathlib.Path(name)
        first, refused = record(program, binary, events, directory)
        answers = ask_gdb(binary, events, directory)
    for event in events:
        if event.name in refused:
            count['failed'] += 1
            print(f'FAIL {target}: {event.expression}\n    refused: {refused[event.name]}')
            continue
        for field, _, kind in event.fields:
            expression = event.expressions[field]
            theirs = answers.get((offset_of(binary, event.address), expression))
            ours = first.get(event.name, {}).get(field)
            if event.name not in first or theirs is None:
                result = 'not reached'
            elif isinstance(theirs, list) or (isinstance(theirs, int) and theirs >= 1 << 128):  # a whole struct
                result = 'not told by gdb'
            else:
                result = 'equal' if is_equal(kind, ours, theirs) else 'failed'
            count[result] += 1
            if result == 'failed' or (verbose and result != 'equal'):
                print(f'{"FAIL" if result == "failed" else result} {target}: {event.expression}: {expression}\n'
                      f'    gdb   {theirs!r}\n    ours  {ours!r} ({kind})')
    print(f'{target}: {len(events)} definitions; values: ' + ', '.join(f'{number} {what}' for what, number in sorted(count.items())))
    return count


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    options.add_argument('--verbose', action='store_true', help='also print what could not be compared')
    args = options.parse_args()
    for missing, reason in ((os.geteuid() != 0, 'not root'), (not shutil.which('gdb'), 'no gdb')):
        if missing:
            print(f'skip: {reason}\n0 passed, 0 failed, 1 skipped')
            return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended early'))
    leftovers.remove(args.program.resolve(), 'answers')
    rows = collections.defaultdict(list)
    for target, expression, answer, note in compare.read_table(compare.ANSWERS):
        definition = '\n'.join(line for line in compare.unescape(answer).split('\n') if line[:2] in ('p:', 'r:'))
        # A return probe's and a static probe's arguments have no expression.
        if definition.startswith('p:') and '(' not in definition.split()[1] and ' ' in expression and (PROGRAMS / target).exists() and not note.startswith('not set yet'):
            rows[target].append((expression, definition))
    total = sum((check(args.program.resolve(), target, rows[target], args.verbose) for target in sorted(rows)), collections.Counter())
    print(f'{total["equal"]} passed, {total["failed"]} failed, 0 skipped')
    return 1 if total['failed'] or not total['equal'] else 0


if __name__ == '__main__':
    sys.exit(main())
