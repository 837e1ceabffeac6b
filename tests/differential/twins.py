#!/usr/bin/env python3
"""Proves the definitions that we give where perf is wrong by gdb, which has a reader of debug information of its own.

  twins.py [--program PATH] [--verbose] [TARGET...]      TARGET: 6.1 6.12 modules userland; default: all

live.py does the same for programs with real uprobes.

A small fetch-arg interpreter (twin_gdb.py) reads what the kernel would, gdb evaluates the same expression at the same
place over the same registers and memory, and the two must agree, then again with random bits where the value came from.
Programs are run up to the probe; of kernels and modules the registers and the memory are made up.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import compare

# What we find by its plain name and gdb by its full one only.
FULL_NAMES = {'count_': 'geo::Shape::count_', 'g_shape': 'geo::g_shape'}

HERE = pathlib.Path(__file__).resolve().parent


@dataclass
class Answer:
    row: compare.Row
    status: int
    text: str
    function: str = ''
    arguments: list = field(default_factory=list)  # [name, expression, has a type]


def split_words(expression):
    """At blanks that are not within brackets, as a cast has them."""
    words, depth = [''], 0
    for letter in expression:
        depth += (letter in '([') - (letter in ')]')
        if letter == ' ' and depth == 0:
            words.append('')
        else:
            words[-1] += letter
    return [word for word in words if word]


def parse(expression):
    """(function or '', arguments)"""
    point, *arguments = split_words(expression)
    if point == 'operator':  # a conversion: its name has a blank
        point = f'{point} {arguments.pop(0)}'
    function = re.sub(r'(@|:\d|%|\+\d|;).*', '', re.sub(r'^[\w:]*[^=<>!+]=(?!=)', '', point))
    if re.search(r'[*?/]|\.c$|^sdt_|^$', function):
        function = ''
    elif function.startswith('_Z'):
        name = subprocess.run(['c++filt', '-p', function], capture_output=True, text=True).stdout.strip()
        function = re.sub(r'<.*>$', '', name)
    parsed = []
    for argument in arguments:
        name, equals, rest = argument.partition('=')
        if not (equals and re.fullmatch(r'\w+', name)):
            name, rest = '', argument
        if function == 'c_linkage':
            rest = re.sub(r'\w+', lambda m: FULL_NAMES.get(m[0], m[0]), rest, count=1)
        text, colon, _ = re.sub(r'::', '\0', rest).partition(':')
        parsed.append([name, text.replace('\0', '::'), bool(colon)])
    return re.sub(r'<.*>$', '', function), parsed


def load_answers(rows, command):
    """`command` gives a row's command."""
    answers = {}
    for row in rows:
        if (row.flags or row.further_flags) and (row.target, row.expression) not in answers:
            status, text = compare.run(command(row), [])[:2]
            answers[row.target, row.expression] = Answer(row, status, text, *parse(row.expression))
    return list(answers.values())


class Lender:
    """A process that lends its registers and its memory."""

    def __init__(self, size=16 << 20):
        code = (f'import ctypes, mmap, sys; m = mmap.mmap(-1, {size}); '
                'print(ctypes.addressof(ctypes.c_char.from_buffer(m)), flush=True); sys.stdin.read()')
        self.process = subprocess.Popen([sys.executable, '-c', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def ask_gdb(mode, program, rows, symbols):
    """{index of the row: differences}"""
    with tempfile.TemporaryDirectory() as scratch, Lender() as lender:
        job = pathlib.Path(scratch) / 'job'
        out = pathlib.Path(scratch) / 'out'
        job.write_text(json.dumps({'mode': mode, 'symbols': symbols, 'program': str(program), 'rows': rows, 'out': str(out),
                                   'pid': lender.process.pid, 'pool': lender.address}))
        done = subprocess.run(['gdb', '-nx', '-batch', '-x', HERE / 'twin_gdb.py'], env={**os.environ, 'DTP_TWIN_JOB': str(job)},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace')
        if not out.exists():
            return {str(row[0]): [f'gdb ended: {done.stderr[-500:]}'] for row in rows}
        return json.loads(out.read_text())


def prove(title, program, mode, answers, verbose):
    """Returns (proven, failed)."""
    symbols = compare.symbols(program) if mode == 'frozen' and program.suffix != '.ko' else {}
    rows = []
    for index, answer in enumerate(answers):
        if answer.status == 0:
            lines = [line for line in answer.text.split('\n') if re.match(r'[pr]\d*:', line)]
            rows.append([index, answer.function, lines, answer.arguments])
    named = {'_text', *(name for _, _, lines, _ in rows for line in lines for name in re.findall(r'[\w.]+', line))}
    found = ask_gdb(mode, program, rows, {name: min(symbols[name]) for name in named if name in symbols})
    failed = 0
    for index, differences in found.items():
        failed += bool(differences)
        if differences:
            print(f'{title}: {answers[int(index)].row.expression}')
            print(*[f'    {difference}' for difference in differences[: None if verbose else 4]], sep='\n')
    print(f'{title}: {len(found) - failed} of {len(found)} definitions proven')
    return len(found) - failed, failed


def prove_kernel(series, program, verbose):
    vmlinux, reason = compare.find_vmlinux(series)
    if reason:
        print(f'skip {series}: {reason}')
        return 0, 0, 1
    release = compare.KERNELS[series]
    rows = compare.read_rows(HERE / f'perf-probe-{release}.tsv', HERE / f'perf-flags-{release}.tsv')
    answers = load_answers(rows, lambda row: [program, 'probe', '-k', vmlinux, '-D', row.expression])
    return *prove(series, pathlib.Path(vmlinux), 'frozen', answers, verbose), 0


def prove_modules(program, verbose):
    paths = compare.find_modules()
    if not paths:
        print('skip modules: those of 6.1 cannot be had here')
        return 0, 0, 1
    release = compare.KERNELS['6.1']
    rows = compare.read_rows(HERE / f'perf-probe-modules-{release}.tsv', HERE / f'perf-flags-modules-{release}.tsv')
    passed = failed = 0
    for name, path in sorted(paths.items()):
        answers = load_answers([row for row in rows if row.target.split('@')[0] == name],
                               lambda row: [program, 'probe', '-m', path, '-D', row.expression])
        if answers:
            result = prove(name, path, 'frozen', answers, verbose)
            passed, failed = passed + result[0], failed + result[1]
    return passed, failed, 0


def prove_userland(program, verbose):
    rows = compare.read_rows(HERE / 'perf-probe-userland.tsv', HERE / 'perf-flags-userland.tsv')
    passed = failed = 0
    for path in sorted((compare.ROOT / 'tests/fixtures/programs').iterdir()):
        answers = load_answers([row for row in rows if row.target == path.name], lambda row: [program, 'probe', '-x', path, '-D', row.expression])
        if answers:
            result = prove(path.name, path, 'process', answers, verbose)
            passed, failed = passed + result[0], failed + result[1]
    return passed, failed, 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('targets', nargs='*', metavar='TARGET', default=['6.1', '6.12', 'modules', 'userland'])
    options.add_argument('--program', type=pathlib.Path, default=compare.ROOT / 'build/src/cmd/dtrace++')
    options.add_argument('--verbose', action='store_true', help='every difference, not the first ones')
    args = options.parse_args()
    program = args.program.resolve()
    if not shutil.which('gdb'):
        print('skip: no gdb here\n0 passed, 0 failed, 1 skipped')
        return 0
    other = {'modules': prove_modules, 'userland': prove_userland}
    totals = [other[target](program, args.verbose) if target in other else prove_kernel(target, program, args.verbose)
              for target in args.targets]
    passed, failed, skipped = map(sum, zip(*totals))
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
