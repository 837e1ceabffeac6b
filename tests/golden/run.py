#!/usr/bin/env python3
"""Golden tests: what a user sees, byte for byte.

  run.py [--rebase] [--program PATH] [NAME...]

A case is a text file beside this one. It is a list of blocks:

  # What the block shows.
  requires: vmlinux-6.1
  $ dtrace++ probe -k $VMLINUX_6_1 -D 'vfs_read count'
  status: 0
  stdout:
    p:probe/vfs_read vfs_read+0 count=%dx:x64

A command goes on in lines that start with "> ". "stdout:" and "stderr:" are left out when there is nothing; their text is
indented by two columns. The blocks of a file run one after the other in one empty directory, under bash, with dtrace++
first in PATH. $FIXTURES is tests/fixtures. Paths of this machine appear by their variable's name.
--rebase rewrites what is expected from what is seen; review it as text.
"""
import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TIME_LIMIT_S = 300  # with sanitizers, on a machine that has other work


# --- what a block may require -------------------------------------------------------------------------------------

@cache
def vmlinux(series):
    found = subprocess.run([ROOT / 'tests/guest/kernels.sh', 'vmlinux', series], stdout=subprocess.PIPE, text=True)
    return found.stdout.strip()


def readable(path):
    return os.access(path, os.R_OK)


def has_tracefs_file(name):
    return os.path.exists('/sys/kernel/tracing/' + name)


# Each name: whether it holds here, and what is said when it does not.
REQUIREMENTS = {
    'vmlinux-6.1': (lambda: vmlinux('6.1'), 'no vmlinux of 6.1'),
    'vmlinux-6.12': (lambda: vmlinux('6.12'), 'no vmlinux of 6.12'),
    'gcc': (lambda: shutil.which('gcc'), 'no gcc'),
    'llvm-objcopy': (lambda: shutil.which('llvm-objcopy-19'), 'no llvm-objcopy'),
    'llvm-dwp': (lambda: shutil.which('llvm-dwp-19'), 'no llvm-dwp'),
    'dwp': (lambda: shutil.which('dwp'), 'no dwp'),
    'clang': (lambda: shutil.which('clang'), 'no clang'),
    'xz': (lambda: shutil.which('xz'), 'no xz'),
    'debuginfod': (lambda: shutil.which('debuginfod'), 'no debuginfod'),
    'dwz': (lambda: shutil.which('dwz'), 'no dwz'),
    'root': (lambda: os.geteuid() == 0, 'not root'),
    'btf': (lambda: readable('/sys/kernel/btf/vmlinux'), 'this kernel has no BTF'),
    'nobtf': (lambda: not readable('/sys/kernel/btf/vmlinux'), 'this kernel has BTF'),
    'tracefs': (lambda: has_tracefs_file('uprobe_events'), 'no tracefs with uprobes here'),
    'notracefs': (lambda: not has_tracefs_file('uprobe_events'), 'tracefs is mounted'),
    'kprobes': (lambda: has_tracefs_file('kprobe_events'), 'this kernel has no kprobes'),
    'cgroups': (lambda: re.search(r' cgroup2? ', pathlib.Path('/proc/self/mounts').read_text()), 'no control groups'),
    'nokprobes': (lambda: has_tracefs_file('uprobe_events') and not has_tracefs_file('kprobe_events'),
                  'this kernel has kprobes, or no tracefs'),
}


def unmet(names):
    """The first reason for which a block cannot run here, or None."""
    for name in names:
        if name not in REQUIREMENTS:
            return f'unknown requirement {name}'
        holds, reason = REQUIREMENTS[name]
        if not holds():
            return reason
    return None


# --- the file format ----------------------------------------------------------------------------------------------

@dataclass
class Block:
    lead: list = field(default_factory=list)  # comments and blank lines above the command
    requires: list = field(default_factory=list)
    command: list = field(default_factory=list)
    expected: list = field(default_factory=list)

    def head(self):
        requires = ['requires: ' + ' '.join(self.requires)] if self.requires else []
        return self.lead + requires + ['$ ' + self.command[0]] + ['> ' + line for line in self.command[1:]]


def parse(text):
    blocks, lead, requires = [], [], []
    for line in text.split('\n'):
        if line.startswith('$ '):
            blocks.append(Block(lead, requires, [line[2:]]))
            lead, requires = [], []
        elif line.startswith('requires: '):
            requires = line.split()[1:]
        elif line.startswith('#'):
            lead.append(line)
        elif not blocks:
            if line:
                raise ValueError(f'expected a command, got: {line}')
        elif line.startswith('> ') and not blocks[-1].expected:
            blocks[-1].command.append(line[2:])
        elif not lead and not requires:
            blocks[-1].expected.append(line)
    for block in blocks:
        strip_end(block.expected)
    return blocks, lead


def strip_end(lines):
    """Blank lines at the end of a block separate it from the next one: they cannot be compared."""
    while lines and not lines[-1].strip():
        lines.pop()


def section(name, text):
    if not text:
        return []
    lines = text.split('\n')
    if lines[-1] == '':
        lines.pop()
    else:
        lines[-1] += '\\ no newline'
    return [name + ':'] + ['  ' + line if line.strip() else '' for line in lines]


# --- running ------------------------------------------------------------------------------------------------------

def environment(program, directory, blocks):
    needed = {name for block in blocks for name in block.requires}
    variables = {'FIXTURES': str(ROOT / 'tests/fixtures')}
    for series in ('6.1', '6.12'):
        if 'vmlinux-' + series in needed and vmlinux(series):
            variables['VMLINUX_' + series.replace('.', '_')] = vmlinux(series)
    fixed = {'PATH': f'{program.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
             'HOME': directory, 'TMP': directory, 'LC_ALL': 'C.UTF-8', 'NO_COLOR': '1', 'COLUMNS': '80'}
    return fixed | variables, variables | {'TMP': directory}


def see(block, directory, env, placeholders):
    """What the block's command does here, as lines of the file format."""
    try:
        done = subprocess.run(['bash', '-c', '\n'.join(block.command)], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors='backslashreplace', timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        return [f'no end within {TIME_LIMIT_S} s']
    lines = [f'status: {done.returncode}'] + section('stdout', done.stdout) + section('stderr', done.stderr)
    names = sorted(placeholders.items(), key=lambda item: -len(item[1]))
    for name, path in names:
        lines = [line.replace(path, '$' + name) for line in lines]
    strip_end(lines)
    return lines


@dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    report: list = field(default_factory=list)


def run_case(path, program, rebase):
    result = Result()
    blocks, tail = parse(path.read_text())
    with tempfile.TemporaryDirectory(prefix='golden.') as directory:
        env, placeholders = environment(program, directory, blocks)
        for block in blocks:
            reason = unmet(block.requires)
            if reason:
                result.skipped += 1
                result.report.append(f'skip {path.stem}: $ {block.command[0]}\n     {reason}')
                continue
            seen = see(block, directory, env, placeholders)
            if seen == block.expected:
                result.passed += 1
            elif rebase:
                block.expected = seen
                result.report.append(f'new  {path.stem}: $ {block.command[0]}')
            else:
                result.failed += 1
                diff = difflib.unified_diff(block.expected, seen, 'expected', 'seen', lineterm='')
                result.report.append(f'FAIL {path.stem}: $ {block.command[0]}\n' + '\n'.join('  ' + line for line in diff))
    if rebase:
        text = '\n\n'.join('\n'.join(block.head() + block.expected) for block in blocks)
        path.write_text(text + '\n' + ''.join('\n' + line for line in tail))
    return result


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('names', nargs='*', metavar='NAME')
    options.add_argument('--rebase', action='store_true')
    options.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    args = options.parse_args()
    program = args.program.resolve()
    if not program.exists():
        sys.exit(f'{program} is not built')
    paths = [HERE / (re.sub(r'\.txt$', '', name) + '.txt') for name in args.names] or sorted(HERE.glob('*.txt'))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda path: run_case(path, program, args.rebase), paths))
    for result in results:
        for entry in result.report:
            print(entry)
    passed, failed, skipped = (sum(getattr(result, name) for result in results) for name in ('passed', 'failed', 'skipped'))
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
