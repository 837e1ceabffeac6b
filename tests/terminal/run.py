#!/usr/bin/env python3
"""What is done for a person at a terminal: colours, a pager, and none of both elsewhere.

Every test runs the program on a pseudo-terminal of 24 lines of 80 columns, as its controlling terminal.
"""
import fcntl
import os
import pathlib
import pty
import shutil
import struct
import sys
import tempfile
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = str(ROOT / 'build/src/cmd/dtrace++')
FIXTURES = ROOT / 'tests/fixtures'
SHORT = ['report', '-i', str(FIXTURES / 'typed.data')]
LONG = ['funcs', '-x', str(FIXTURES / 'programs/ul_go')]
TIME_LIMIT_S = 60


class Terminal:
    """The program on a terminal; `shown` is what it and its pager wrote there."""

    def __init__(self, arguments, **variables):
        environment = {'PATH': os.environ['PATH'], 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', 'HOME': '/'} | variables
        self.bytes = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
            os.execve(PROGRAM, [PROGRAM, *arguments], environment)

    def read(self):
        """Whether there was more."""
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # all who had the terminal are gone
            return False
        self.bytes += data
        return bool(data)

    @property
    def shown(self):
        return self.bytes.decode(errors='replace').replace('\r\n', '\n')

    def wait_for(self, text):
        end = time.monotonic() + TIME_LIMIT_S
        while text not in self.shown and time.monotonic() < end and self.read():
            pass
        assert text in self.shown, f'{text!r} never came: {self.shown[-500:]!r}'

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """(exit status, what was shown)"""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.shown


def show(arguments, **variables):
    return Terminal(arguments, **variables).end()


def equal(expected, seen):
    assert expected == seen, f'expected {shorten(expected)}, saw {shorten(seen)}'


def shorten(value):
    text = repr(value)
    return text if len(text) < 600 else text[:300] + ' ... ' + text[-300:]


def write_pager(folder, text):
    path = folder / 'pager'
    path.write_text('#!/bin/sh\n' + text)
    path.chmod(0o755)
    return str(path)


def plain(arguments):
    """What comes without a pager."""
    return show([*arguments, '--no-pager'])[1]


def test_long_output_goes_through_the_words_of_the_pager(folder):
    pager = write_pager(folder, 'echo "pager of $# words: $1 $2"; cat')
    whole = plain(LONG)
    assert whole.count('\n') > 24
    for name in 'PAGER', 'DTRACEPP_PAGER':
        equal((0, 'pager of 2 words: a $HOME;b\n' + whole), show(LONG, **{name: f' {pager} a  $HOME;b '}))
    equal((0, 'pager of 0 words:  \n' + whole), show(LONG, DTRACEPP_PAGER=pager, PAGER='false'))


def test_what_fits_on_the_screen_needs_no_pager(folder):
    pager = write_pager(folder, 'echo paged; cat')
    status, shown = show(SHORT, PAGER=pager)
    assert status == 0 and 'Samples: 3' in shown and 'paged' not in shown, shown
    # One line is left for the shell; long lines take several, and colours take no place.
    for first in range(30, 50):
        source = ['lines', '-x', str(FIXTURES / 'programs/ul_c'), '-s', str(FIXTURES / 'source'), f'ul_c.c:{first}-60']
        for wish in '', '1':
            rows = sum(max(1, -(-len(line) // 80)) for line in show(source, NO_COLOR='1', PAGER='cat')[1].splitlines())
            status, shown = show(source, PAGER=pager, NO_COLOR=wish)
            equal((0, rows > 23), (status, shown.startswith('paged\n')))


def test_none_is_run_where_none_is_wanted(folder):
    pager = write_pager(folder, 'echo paged; cat')
    whole = plain(LONG)
    for variables in {'PAGER': 'cat'}, {'PAGER': ''}, {'DTRACEPP_PAGER': '', 'PAGER': pager}, {'PAGER': pager, 'TERM': 'dumb'}, \
            {'PAGER': '/no/such/pager'}:
        equal((0, whole), show(LONG, **variables))
    equal((0, whole), show([*LONG, '--no-pager'], PAGER=pager))


def test_a_pager_that_is_left_early_is_no_error(folder):
    equal((0, ''), show(LONG, PAGER=write_pager(folder, 'exit 3')))
    first = plain(LONG).split('\n')[0]
    equal((0, first + '\n'), show(LONG, PAGER=write_pager(folder, 'head -n 1')))


def test_the_exit_status_is_the_commands(folder):
    # The rest of the file is missing: an error after what could be read.
    cut = folder / 'cut.data'
    content = (FIXTURES / 'typed.data').read_bytes()
    cut.write_bytes(content[:len(content) - 2000])
    status, shown = show(['report', '-i', str(cut)], PAGER=write_pager(folder, 'exit 0'))
    equal(1, status)
    assert 'error:' in shown, shown
    status, shown = show(['vars', '-x', str(FIXTURES / 'programs/ul_go'), 'nowhere', *['main.main'] * 30],
                         PAGER=write_pager(folder, 'echo paged'))
    equal(2, status)
    assert 'paged\n' in shown and "'nowhere'" in shown, shown


def test_keys_are_the_pagers(folder):
    pager = write_pager(folder, 'trap "echo interrupted; exit" INT; echo ready; while :; do read line </dev/tty; done')
    terminal = Terminal(LONG, PAGER=pager)
    terminal.wait_for('ready')
    terminal.type('\x03')
    status, shown = terminal.end()
    equal(0, status)
    assert 'interrupted' in shown, shown


def test_less_keeps_colours_and_the_text(_):
    if not shutil.which('less'):
        return 'less is not installed'
    terminal = Terminal(['lines', '-x', str(FIXTURES / 'programs/ul_c'), '-s', str(FIXTURES / 'source'), 'ul_c.c:40'])
    terminal.wait_for(':')
    terminal.type('q')
    status, shown = terminal.end()
    equal(0, status)
    assert '\033[1;32m' in shown and '\033[?1049h' not in shown, shown


RED, GREEN, END = '\033[31m', '\033[32m', '\033[0m'


def test_colours_are_for_terminals_and_can_be_refused(_):
    coloured = f'{RED}   66.67%{END}     2  127.0.0.1\n'
    report = [*SHORT, '-s', 'dest']
    assert coloured in show(report)[1], show(report)
    for arguments, variables in (report, {'NO_COLOR': '1'}), (report, {'TERM': 'dumb'}), ([*report, '--color', 'never'], {}):
        status, shown = show(arguments, **variables)
        assert status == 0 and '\033' not in shown and '   66.67%     2' in shown, shown
    # An empty NO_COLOR says nothing; who asks for colours gets them.
    assert coloured in show(report, NO_COLOR='')[1]
    assert coloured in show([*report, '--color=always'], NO_COLOR='1')[1]
    for option, is_coloured in ('auto', False), ('always', True):
        piped = os.popen(f'{PROGRAM} {" ".join(report)} --color {option}').read()
        equal(is_coloured, coloured in piped)


def test_an_error_has_its_word_and_its_caret_in_colour(_):
    command = [*SHORT, '-s', 'siz']
    equal((2, "\033[1;31merror:\033[0m no event of this recording has a field 'siz'\n"
              "  -s: siz\n"
              "      \033[1;31m^^^\033[0m\n"
              "\033[1mhint:\033[0m did you mean 'size'?\n"), show(command))
    equal((2, "error: no event of this recording has a field 'siz'\n  -s: siz\n      ^^^\nhint: did you mean 'size'?\n"),
          show(command, NO_COLOR='1'))


def main():
    tests = {name[5:].replace('_', ' '): test for name, test in globals().items() if name.startswith('test_')}
    passed = failed = skipped = 0
    for name, test in tests.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                why_not = test(pathlib.Path(folder))
            except AssertionError as wrong:
                failed += 1
                print(f'FAIL {name}\n    {wrong}')
                continue
        if why_not:
            skipped += 1
            print(f'skip {name}: {why_not}')
        else:
            passed += 1
            print(f'ok   {name}')
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
