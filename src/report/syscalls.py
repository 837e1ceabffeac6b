#!/usr/bin/env python3
"""Writes DTP_SYSCALL(name) for every system call that the C library's headers know.

usage: syscalls.py OUTPUT COMPILER...
"""
import pathlib
import re
import subprocess
import sys

macros = subprocess.run([*sys.argv[2:], '-E', '-dM', '-xc', '-'], input='#include <asm/unistd_64.h>\n', text=True,
                        check=True, stdout=subprocess.PIPE).stdout
names = sorted(set(re.findall(r'^#define __NR_(\w+) \d+$', macros, re.MULTILINE)))
pathlib.Path(sys.argv[1]).write_text(''.join(f'DTP_SYSCALL({name})\n' for name in names))
