#!/usr/bin/env python3
"""Our probe definitions against those recorded from perf 6.1.192.

  compare.py [--program PATH] [--verbose] [--rebase] [--sample N] [TARGET...]      TARGET: 6.1 6.12 modules userland index

Every row of a perf-probe-*.tsv is one expression and what `perf probe -D` printed for it. dtrace++ must print the same,
and fail where perf fails. Not compared, but counted:

  apart         perf-flags-*.tsv marks rows where perf is known to be wrong, to be refused by the kernel, or to fail
                needlessly; there we should differ. answers.tsv has what we say instead, the definition or the reason,
                and each run compares it. Where that is perf's definition all the same, a note tells why it is right.
                --rebase rewrites the answers from what is seen; review them as text.
  strings       perf gives a number for an uncast char pointer or array; we give a string

The *-kprobe-readme rows were recorded under a kernel with kprobes, where perf writes the place of a return probe as _text+N;
there a definition is equal when its place has the same address.

`index` compares our own answers with and without the index of names.
"""
import argparse
import collections
import hashlib
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TIME_LIMIT_S = 60

KERNELS = {'6.1': '6.1.0-56-cloud-amd64', '6.12': '6.12.117+deb12-cloud-amd64'}

# Files of the system that userland rows were recorded with. Another build has other addresses.
SYSTEM_FILES = {
    'bash': ('/bin/bash', '25c34e130c601c5610c131710ce7fca96248d6e56bf99e39a3c74072a98db158'),
    'libc.so.6': ('/lib/x86_64-linux-gnu/libc.so.6', '6b4a45352fd0c540a9c7c718f35ce8c8e46a4e482f9d3885a910c32d1a0e1421'),
}

# Rows in which we found perf wrong after the recording, in the same form. Nobody but us says so: every run names them.
FURTHER_FLAGS = HERE / 'further-flags.tsv'

# What we say in the rows where perf is not the truth: target, expression, answer, note.
ANSWERS = HERE / 'answers.tsv'

# perf is not the truth to copy in rows with these flags.
FLAGS_APART = {'wrong', 'kernel-rejects', 'missing', 'crash', 'partial', 'placeholder', 'garbage-accepted', 'truncated'}


@dataclass
class Row:
    target: str
    expression: str
    status: int
    definition: str  # lines joined by '\n'
    message: str
    flags: str          # of the recording
    further_flags: str  # our own judgement


def unescape(text):
    return re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), text)


def escape(text):
    return text.replace('\\', '\\\\').replace('\n', '\\n').replace('\t', '\\t')


def read_table(path):
    return [line.rstrip('\n').split('\t') for line in path.open()][1:]


def read_rows(probes, flags):
    flag_of = {(cells[0], cells[1]): cells[2] for cells in read_table(flags)}
    further = {(cells[0], cells[1]): cells[2] for cells in read_table(FURTHER_FLAGS)}
    return [Row(target, expression, int(status), unescape(definition), message, flag_of.get((target, expression), ''),
                further.get((target, expression), ''))
            for target, expression, status, definition, message in read_table(probes)]


def is_apart(row):
    return any(flag.split(':')[0] in FLAGS_APART for flag in f'{row.flags} {row.further_flags}'.split())


# --- answers ------------------------------------------------------------------------------------------------------

class Answers:
    """What we say in rows that are apart, and what was said at the last review."""

    def __init__(self):
        rows = read_table(ANSWERS) if ANSWERS.exists() else []
        self.known = {(target, expression): unescape(answer) for target, expression, answer, _ in rows}
        self.notes = {(target, expression): note for target, expression, _, note in rows}
        self.seen = {}

    def judge(self, row, status, definition, message, verdict):
        """None, or what is wrong with the answer."""
        key = row.target, row.expression
        first_line = message.split('\n')[0]
        answer = '\n'.join(filter(None, [definition if status == 0 else '', first_line]))
        self.seen[key] = answer
        if self.known.get(key) != answer:
            return f'was   {self.known.get(key, "(not in the list)")}'
        if status == 0 and verdict != 'different' and not self.notes[key]:
            return 'and no note tells why perf is right here'
        return None

    def rewrite(self):
        self.known.update(self.seen)
        lines = ['\t'.join([target, expression, escape(answer), self.notes.get((target, expression), '')])
                 for (target, expression), answer in sorted(self.known.items())]
        ANSWERS.write_text('\n'.join(['target\texpression\tanswer\tnote', *lines]) + '\n')


# --- equality -----------------------------------------------------------------------------------------------------

def split_argument(word):
    """NAME=FETCH:TYPE -> (NAME, FETCH, TYPE)"""
    name, _, fetch = word.partition('=') if '=' in word.split('(')[0] else ('', '', word)
    fetch, _, kind = fetch.partition(':')
    return name, fetch, kind


def is_string_for_number(theirs, ours):
    """Equal but for uncast char pointers and arrays that we fetch as strings."""
    theirs, ours = theirs.split(), ours.split()
    if len(theirs) != len(ours):
        return False
    for their_word, our_word in zip(theirs, ours):
        if their_word == our_word:
            continue
        name, fetch, kind = split_argument(their_word)
        our_name, our_fetch, our_kind = split_argument(our_word)
        if name != our_name or our_kind not in ('string', 'ustring') or kind in ('string', 'ustring'):
            return False
        if our_fetch not in (fetch, f'+0({fetch})', f'+u0({fetch})'):
            return False
    return True


@cache
def symbols(vmlinux):
    """name -> addresses, of the ELF symbol table."""
    image = pathlib.Path(vmlinux).open('rb')

    def read(offset, size):
        image.seek(offset)
        return image.read(size)

    header = struct.unpack('<16xHHIQQQIHHHHHH', read(0, 64))
    section_offset, section_count = header[5], header[11]
    sections = list(struct.iter_unpack('<IIQQQQIIQQ', read(section_offset, 64 * section_count)))
    table = next(s for s in sections if s[1] == 2)  # SHT_SYMTAB
    names = read(sections[table[6]][4], sections[table[6]][5])
    found = collections.defaultdict(set)
    for name, _, _, _, value, _ in struct.iter_unpack('<IBBHQQ', read(table[4], table[5])):
        found[names[name:names.index(b'\0', name)].decode()].add(value)
    return found


def is_same_place(vmlinux, theirs, ours):
    """Equal when both lines' places are looked up in the symbol table."""
    def resolve(line):
        words = line.split()
        symbol, _, offset = words[1].partition('+')
        return words[0], {address + int(offset or 0) for address in symbols(vmlinux)[symbol]}, words[2:]

    theirs, ours = theirs.split('\n'), ours.split('\n')
    if len(theirs) != len(ours):
        return False
    for line, our_line in zip(theirs, ours):
        (head, addresses, arguments), (our_head, our_addresses, our_arguments) = resolve(line), resolve(our_line)
        if head != our_head or arguments != our_arguments or not addresses & our_addresses:
            return False
    return True


# --- a target and its rows ----------------------------------------------------------------------------------------

def run(command, renames):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace',
                              timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        return 124, '', 'no end'
    text = done.stdout.rstrip('\n')
    for path, name in renames:
        text = text.replace(path, name)
    return done.returncode, text, done.stderr.strip()


def judge(row, status, definition, vmlinux):
    """'equal', 'string' or 'different'"""
    if row.status != 0 or status != 0:
        return 'equal' if (row.status == 0) == (status == 0) else 'different'
    if row.definition == definition or (vmlinux and is_same_place(vmlinux, row.definition, definition)):
        return 'equal'
    return 'string' if is_string_for_number(row.definition, definition) else 'different'


def compare(title, rows, commands, options, renames=(), vmlinux=None):
    """`commands` gives a row's command. Returns (passed, failed)."""
    if options.sample is not None and len(rows) > options.sample:
        rows = random.Random(os.environ.get('DTP_SEED', '1')).sample(rows, options.sample)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda row: run(commands(row), renames), rows))
    count, apart, answers_changed = collections.Counter(), collections.Counter(), 0
    for row, (status, definition, message) in zip(rows, answers):
        for path, name in renames:
            message = message.replace(path, name)
        verdict = judge(row, status, definition, vmlinux)
        if is_apart(row):
            changed = options.answers.judge(row, status, definition, message, verdict)
            if changed and not options.rebase:
                answers_changed += 1
                print(f'ANSWER  {row.target}: {row.expression}')
                print(f'    {changed}\n    ours  {definition or message}'.replace('\n', '\n          '))
        (apart if is_apart(row) else count)[verdict] += 1
        if verdict == 'different' and (options.verbose or not is_apart(row)):
            print(f'{"apart" if is_apart(row) else "DIFFERENT"}  {row.target}: {row.expression}')
            print(f'    perf  {row.definition or row.message}'.replace('\n', '\n          '))
            print(f'    ours  {definition or message}'.replace('\n', '\n          '))
            if is_apart(row):
                print(f'    why   {row.flags} {row.further_flags}')
    compared = count['equal'] + count['different']
    print(f'{title}: {count["equal"]} of {compared} equal; '
          f'{count["string"]} strings for numbers; {apart.total()} apart, {apart["different"]} of them differ, {answers_changed} answers are not those of the list')
    judged = [row for row in rows if row.further_flags]
    if judged:
        print('    apart by our own judgement, not by the recording\'s: '
              + '; '.join(f'{row.expression} ({row.further_flags})' for row in judged))
    return (count['equal'] + count['string'] + apart.total() - answers_changed, count['different'] + answers_changed)


def find_vmlinux(series):
    """(path, None) or (None, reason)"""
    done = subprocess.run([ROOT / 'tests/guest/kernels.sh', 'vmlinux', series], stdout=subprocess.PIPE, text=True)
    path = done.stdout.strip()
    if done.returncode != 0:
        return None, f'no vmlinux of {series} can be had here'
    if not path.endswith(KERNELS[series]):
        return None, f'recorded with {KERNELS[series]}, which is gone; this is {path}'
    return path, None


def compare_kernel(series, program, options):
    vmlinux, reason = find_vmlinux(series)
    if reason:
        print(f'skip {series}: {reason}')
        return 0, 0, 1
    release = KERNELS[series]
    flags = HERE / f'perf-flags-{release}.tsv'

    def command(row):
        return [program, 'probe', '-k', vmlinux, '-D', row.expression]

    plain = compare(series, read_rows(HERE / f'perf-probe-{release}.tsv', flags), command, options)
    kprobes = compare(f'{series}, return probes of a kernel with kprobes',
                      read_rows(HERE / f'perf-probe-{release}-kprobe-readme.tsv', flags), command, options, vmlinux=vmlinux)
    return plain[0] + kprobes[0], plain[1] + kprobes[1], 0


def find_modules():
    """{name of the file: its path}; empty: they cannot be had here"""
    done = subprocess.run([ROOT / 'tests/guest/kernels.sh', 'modules', '6.1'], stdout=subprocess.PIPE, text=True)
    directory = pathlib.Path(done.stdout.strip() or '/nowhere')
    return {path.name: path for path in directory.glob(f'usr/lib/debug/lib/modules/{KERNELS["6.1"]}/**/*.ko')}


def compare_modules(program, options):
    release = KERNELS['6.1']
    paths = find_modules()
    if not paths:
        print(f'skip modules: those of {release} cannot be had here')
        return 0, 0, 1
    rows = read_rows(HERE / f'perf-probe-modules-{release}.tsv', HERE / f'perf-flags-modules-{release}.tsv')
    passed, failed = compare('modules of 6.1', rows,
                             lambda row: [program, 'probe', '-m', paths[row.target.split('@')[0]], '-D', row.expression],
                             options)
    return passed, failed, 0


def compare_userland(program, options):
    paths = {path.name: path for path in (ROOT / 'tests/fixtures/programs').iterdir()}
    skipped = 0
    for name, (path, digest) in SYSTEM_FILES.items():
        path = pathlib.Path(path).resolve()
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            paths[name] = path
        else:
            print(f'skip {name}: another build than the recorded one')
            skipped += 1
    rows = read_rows(HERE / 'perf-probe-userland.tsv', HERE / 'perf-flags-userland.tsv')
    rows = [row for row in rows if row.target in paths]
    renames = [(str(path), name) for name, path in paths.items()]
    renames.sort(key=lambda rename: -len(rename[0]))
    passed, failed = compare('userland', rows, lambda row: [program, 'probe', '-x', paths[row.target], '--exact-entry', '-D', row.expression],
                             options, renames)
    return passed, failed, skipped


INDEXED = ['vfs_*', 'tcp_set_*', 'ext4_*@fs/ext4/inode.c', 'fsnotify_access', 'kmalloc', 'ktime_get*@kernel/time/timekeeping.c',
           'fs/read_write.c:468', 'include/linux/fs.h:2100', 'no_such_function', 'fdget', 'do_sys_open*', 'sk_*', 'v*_r??d', 'dup*',
           'vfs_read name', 'vfs_read len', 'vfs_read i', 'vfs_read jiffies', 'vfs_read PIDTYPE_SID', 'vfs_read NR_CPUS',
           'vfs_read debug', 'vfs_read version', 'vfs_read __func__', 'vfs_read init_task.pid', 'vfs_read no_such_variable',
           'vfs_read debug@i8042.c', 'vfs_read ROQ']


def compare_index(program, _):
    """What is found by the index must be what is found without it. The index is made by the second search."""
    vmlinux, reason = find_vmlinux('6.1')
    if reason:
        print(f'skip index: {reason}')
        return 0, 0, 1
    failed = 0
    with tempfile.TemporaryDirectory() as cache:
        def ask(request, *options):
            done = subprocess.run([program, 'probe', '-k', vmlinux, '--max-probes', '10000', *options, '-D', *request.split()],
                                  capture_output=True, text=True, env=os.environ | {'XDG_CACHE_HOME': cache})
            return done.returncode, done.stdout, done.stderr
        for _ in range(2):
            ask('no_such_function')
        if not list(pathlib.Path(cache).glob('dtracepp/debug/*.names')):
            print('FAIL the second search made no index')
            return 0, 1, 0
        for request in INDEXED:
            if ask(request) != ask(request, '--no-cache'):
                print(f'FAIL {request}: the index finds something else')
                failed += 1
    print(f'index: {len(INDEXED) - failed} of {len(INDEXED)} searches equal')
    return len(INDEXED) - failed, failed, 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('targets', nargs='*', metavar='TARGET', default=['6.1', '6.12', 'modules', 'userland', 'index'])
    options.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    options.add_argument('--verbose', action='store_true', help='also print the rows that may differ')
    options.add_argument('--rebase', action='store_true', help='rewrite answers.tsv')
    options.add_argument('--sample', type=int, metavar='N', help='of each table N rows, which DTP_SEED chooses')
    args = options.parse_args()
    args.answers = Answers()
    program = args.program.resolve()
    if not program.exists():
        sys.exit(f'{program} is not built')
    other = {'modules': compare_modules, 'userland': compare_userland, 'index': compare_index}
    totals = [other[target](program, args) if target in other else compare_kernel(target, program, args)
              for target in args.targets]
    if args.rebase:
        args.answers.rewrite()
    passed, failed, skipped = map(sum, zip(*totals))
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
