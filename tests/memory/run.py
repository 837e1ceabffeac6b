#!/usr/bin/env python3
"""Memory of what reads recordings does not grow with them: a large one, made of a small one's records.

Rounds are those in which a recorder empties its rings: between them records are put in order.
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = str(ROOT / 'build/src/cmd/dtrace++')
SMALL = ROOT / 'tests/fixtures/typed.data'
ROUND_BYTES, ROUNDS = 8 << 20, 32
# As the manual has it: what two rounds hold, here with the list that they are ordered by, and what a program needs.
MOST_BYTES = 3 * ROUND_BYTES + (64 << 20)
SAMPLE, FINISHED_ROUND = 9, 68
COMMANDS = {
    'script': ['script'],
    'script as JSON': ['script', '--format', 'json'],
    'report': ['report', '-s', 'comm,dest'],
    'stats': ['stats', 'size', '-s', 'comm'],
    'a page': ['report', '--html', '/dev/null'],
}


def records_of(content, begin, end):
    while begin < end:
        kind, size = struct.unpack_from('<I2xH', content, begin)
        yield kind, content[begin:begin + size]
        begin += size


def write_large(path):
    """The number of its samples."""
    content = SMALL.read_bytes()
    header = list(struct.unpack_from('<13Q', content))
    begin, size = header[5:7]
    records = list(records_of(content, begin, begin + size))
    others = b''.join(record for kind, record in records if kind not in (SAMPLE, FINISHED_ROUND))
    samples = [record for kind, record in records if kind == SAMPLE]
    repeated = ROUND_BYTES // len(b''.join(samples))
    one_round = b''.join(samples) * repeated + struct.pack('<I2xH', FINISHED_ROUND, 8)
    header[6] = len(others) + ROUNDS * len(one_round)
    moved = header[6] - size
    table = b''
    features = sum(bin(bits).count('1') for bits in header[9:13])
    for i in range(features):
        place, length = struct.unpack_from('<QQ', content, begin + size + 16 * i)
        table += struct.pack('<QQ', place + moved if place >= begin + size else place, length)
    with open(path, 'wb') as file:
        file.write(struct.pack('<13Q', *header) + content[104:begin] + others)
        for _ in range(ROUNDS):
            file.write(one_round)
        file.write(table + content[begin + size + 16 * features:])
    return len(samples) * repeated * ROUNDS


def measure(command, output):
    """(exit status, bytes of memory at most)"""
    # A process of its own: what this one holds would count as its child's.
    child = subprocess.Popen([sys.executable, '-c', 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])', *command],
                             stdout=output, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss << 10


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        large = os.path.join(folder, 'large.data')
        samples = write_large(large)
        counted = subprocess.run([PROGRAM, 'report', '-i', large], stdout=subprocess.PIPE, text=True).stdout
        assert f'# Samples: {samples} of event' in counted, counted
        for name, command in COMMANDS.items():
            with open(os.devnull, 'w') as nowhere:
                status, most = measure([PROGRAM, *command, '-i', large], nowhere)
            if status == 0 and most <= MOST_BYTES:
                passed += 1
                print(f'ok   {name} ({most >> 20} MB)')
            else:
                failed += 1
                print(f'FAIL {name}: status {status}, {most >> 20} MB of at most {MOST_BYTES >> 20} '
                      f'for {os.path.getsize(large) >> 20} MB')
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
