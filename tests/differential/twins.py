#!/usr/bin/env python3
"""Proves what we say where perf is wrong, definitions and reasons, by others than us and perf.

  twins.py [--program PATH] [--verbose] [TARGET...]      TARGET: 6.1 6.12 modules userland; default: all

live.py does the same for programs with real uprobes.

A small fetch-arg interpreter (twin_gdb.py) reads what the kernel would, gdb, which has a reader of debug information of
its own, evaluates the same expression at the same place over the same registers and memory, and the two must agree, then
again with random bits where the value came from. Programs are run up to the probe; of kernels and modules the registers
and the memory are made up. What is true of a reason, gdb, the symbol table or this machine's kernel tells (reasons.py), also
of the places that a definition leaves out. Every row of answers.tsv is proven by one of them, or the test fails.
"""
import argparse
import collections
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
import reasons

# What we find by its plain name and gdb by its full one only.
FULL_NAMES = {'count_': 'geo::Shape::count_', 'g_shape': 'geo::g_shape'}

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = compare.ROOT / 'tests/fixtures/programs'


@dataclass
class Answer:
    row: compare.Row
    status: int
    text: str
    message: str
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
        if compare.is_apart(row) and (row.target, row.expression) not in answers:
            answers[row.target, row.expression] = Answer(row, *compare.run(command(row), []), *parse(row.expression))
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


def ask_gdb(mode, program, rows, reasons_given, symbols):
    """{index of the row: differences}"""
    with tempfile.TemporaryDirectory() as scratch, Lender() as lender:
        job = pathlib.Path(scratch) / 'job'
        out = pathlib.Path(scratch) / 'out'
        job.write_text(json.dumps({'mode': mode, 'symbols': symbols, 'program': str(program), 'rows': rows, 'reasons': reasons_given, 'out': str(out),
                                   'pid': lender.process.pid, 'pool': lender.address}))
        done = subprocess.run(['gdb', '-nx', '-batch', '-x', HERE / 'twin_gdb.py'], env={**os.environ, 'DTP_TWIN_JOB': str(job)},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace')
        if not out.exists():
            return {str(row[0]): [f'gdb ended: {done.stderr[-500:]}'] for row in rows + reasons_given}
        return json.loads(out.read_text())


class Proofs:
    """Who has proven the rows of answers.tsv."""

    def __init__(self):
        self.twins = collections.Counter()
        self.proven = set()
        self.failed = set()
        self.skipped = 0
        program = PROGRAMS / 'ul_c'
        self.kernel = reasons.Kernel(program, min(compare.symbols(program)['walk']))

    def add(self, title, row, twin, differences, verbose=False):
        if differences:
            self.failed.add((row.target, row.expression))
            print(f'FAIL {title}: {row.expression}')
            print(*[f'    {difference}' for difference in differences[: None if verbose else 4]], sep='\n')
        else:
            self.twins[twin] += 1
            self.proven.add((row.target, row.expression))

    def judge(self, title, path, answer):
        """Of a reason that is not gdb's to judge. True: it has been judged."""
        text = answer.message.split('\n')[0].removeprefix('error: ')
        if reasons.is_of_symbols(text):
            said = reasons.judge_by_symbols(path, text)
            self.add(title, answer.row, 'reasons by the symbol table', [said] if said else [])
            return True
        if not reasons.is_of_kernel(text):
            return False
        if not self.kernel.is_usable:
            print(f'skip {title}: {answer.row.expression}: only a kernel\'s uprobes can tell, for root')
            self.skipped += 1
            self.proven.add((answer.row.target, answer.row.expression))
            return True
        said = self.kernel.judge(text, answer.row.definition)
        self.add(title, answer.row, 'reasons by the kernel', [said] if said else [])
        return True

    def check_all(self, targets):
        """Every row of the list has been asked about."""
        rows = [(target, expression) for target, expression, *_ in compare.read_table(compare.ANSWERS) if target in targets]
        left = [row for row in rows if row not in self.proven | self.failed]
        for target, expression in left:
            print(f'FAIL {target}: {expression}: no twin proves the answer')
        print(f'{len(rows)} answers: ' + ', '.join(f'{count} {twin}' for twin, count in sorted(self.twins.items())))
        return len(self.proven) - self.skipped, len(self.failed) + len(left), self.skipped


def prove(title, path, mode, answers, proofs, verbose):
    symbols = compare.symbols(path) if mode == 'frozen' and path.suffix != '.ko' else {}
    rows, given = [], []
    for index, answer in enumerate(answers):
        point, *words = split_words(answer.row.expression)
        if answer.status == 0:
            lines = [line for line in answer.text.split('\n') if re.match(r'[pr]\d*:', line)]
            rows.append([index, answer.function, lines, answer.arguments])
        elif proofs.judge(title, path, answer):
            continue
        texts = reasons.left_out(answer.message) if answer.status == 0 else [answer.message.split('\n')[0].removeprefix('error: ')]
        for check in filter(None, (reasons.gdb_check(text, point, words) for text in texts)):
            given.append([index, answer.function, *check])
    named = {'_text', *re.findall(r'[\w.]+', json.dumps([rows, given]))}
    found = ask_gdb(mode, path, rows, given, {name: min(symbols[name]) for name in named if name in symbols})
    for index, differences in found.items():
        answer = answers[int(index)]
        proofs.add(title, answer.row, 'definitions by gdb' if answer.status == 0 else 'reasons by gdb', differences, verbose)
    places = sum(answers[index].status == 0 for index, *_ in given)
    print(f'{title}: {len(answers)} answers; to gdb went {len(rows)} definitions, {len(given) - places} reasons and those of {places} places left out')


def prove_kernel(series, program, proofs, verbose):
    """The targets of answers.tsv that were proven."""
    vmlinux, reason = compare.find_vmlinux(series)
    if reason:
        print(f'skip {series}: {reason}')
        return []
    release = compare.KERNELS[series]
    flags = HERE / f'perf-flags-{release}.tsv'
    rows = [row for kind in ('', '-kprobe-readme') for row in compare.read_rows(HERE / f'perf-probe-{release}{kind}.tsv', flags)]
    answers = load_answers(rows, lambda row: [program, 'probe', '-k', vmlinux, '-D', row.expression])
    prove(series, pathlib.Path(vmlinux), 'frozen', answers, proofs, verbose)
    return [release]


def prove_files(paths, rows, mode, command, proofs, verbose):
    """`command` is of a file what stands before an expression."""
    targets = set()
    for name, path in sorted(paths.items()):
        answers = load_answers([row for row in rows if row.target.split('@')[0] == name],
                               lambda row: [*command(path), '-D', row.expression])
        if answers:
            prove(name, path, mode, answers, proofs, verbose)
            targets |= {answer.row.target for answer in answers}
    return targets


def prove_modules(program, proofs, verbose):
    paths = compare.find_modules()
    if not paths:
        print('skip modules: those of 6.1 cannot be had here')
    release = compare.KERNELS['6.1']
    rows = compare.read_rows(HERE / f'perf-probe-modules-{release}.tsv', HERE / f'perf-flags-modules-{release}.tsv')
    return prove_files(paths, rows, 'frozen', lambda path: [program, 'probe', '-m', path], proofs, verbose)


def prove_userland(program, proofs, verbose):
    rows = compare.read_rows(HERE / 'perf-probe-userland.tsv', HERE / 'perf-flags-userland.tsv')
    paths = {path.name: path for path in PROGRAMS.iterdir()}
    return prove_files(paths, rows, 'process', lambda path: [program, 'probe', '-x', path, '--exact-entry'], proofs, verbose)


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
    proofs, targets, skipped = Proofs(), set(), 0
    for target in args.targets:
        proven = (other[target](program, proofs, args.verbose) if target in other else
                  prove_kernel(target, program, proofs, args.verbose))
        targets.update(proven)
        skipped += not proven
    passed, failed, unjudged = proofs.check_all(targets)
    print(f'{passed} passed, {failed} failed, {skipped + unjudged} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
