"""Which twin can tell whether a reason is true that we give for having no answer.

Three know: gdb (twin_reasons.py), the symbol table, and this machine's kernel, which is asked for a uprobe with the
arguments that perf makes of the expression and must refuse them for the same reason. That needs root.
"""
import os
import pathlib
import re
import subprocess

import compare

TRACEFS = pathlib.Path('/sys/kernel/tracing')

PLACE = r'([\w.]+(?:\+\d+|:0x[0-9a-f]+)|\S+:0x[0-9a-f]+)'

# Of a reason in gdb's hands: the check, a pattern whose groups it is given, and what else it is given.
GDB = [
    ('optimised_out', rf"'(\w+)' cannot be read at {PLACE}: it is optimised out(?: there; it lives at (.*))?", ''),
    ('computed', rf"'(\w+)' cannot be read at {PLACE}: it is computed there \((\w+)\)", ''),
    ('in_float_register', rf"'(\w+)' cannot be read at {PLACE}: it is in a floating-point register", ''),
    ('thread_local', rf"'(\w+)' cannot be read at {PLACE}: it is thread-local", ''),
    ('summed', rf"'(\w+)' is computed at {PLACE}, as %(\w+)([+-]\d+), and a fetch-arg does not add", ''),
    ('other_type', rf"'(\w+)' has at {PLACE} another type than at the first place", ''),
    ('fixed_address', r"'(\w+)' is a fixed address there", ''),
    ('no_member', r"'.*' has no member '\w+'", 'expression'),
    ('no_cast', r"'.*' is '.*', which cannot be cast", 'expression'),
    ('no_struct', r"'.*' is '.*', not a pointer or a struct", 'expression'),
    ('no_pointer', r"'.*' is '.*', not a pointer$", 'expression'),
    ('below_first', r"'.*' begins at element 0", 'expression'),
    ('virtual_base', r"'(\w+)' is in a virtual base of '(?:struct|class) (\w+)'", ''),
    ('per_cpu', r"'(\w+)' is a per-CPU variable", ''),
    ('starts_up', r"'.*' is there only while the kernel starts", 'point'),
    ('too_many', r"'\w+' is at \d+ places, 128 are allowed", 'point'),
    ('too_many_together', r"'\w+\*' is at \d+ places, 128 are allowed", 'point'),
]

# What the kernel must answer.
KERNEL = [
    (r"there is no register '%\w+'", 'Invalid register name'),
    (r"there is no '\$\w+'", r'Invalid \$-variable'),
    (r"'\$retval' is known only when the function returns", r'\$(-variable|retval)'),
    (r"'\w+' is not a name for an argument", 'Argument name must follow'),
    (r"the argument has no name before '='", 'Argument (name is not specified|has no|name)'),
    (r"there is no type after ':'", 'Unknown type'),
    (r"there is no type '\w+'", 'Unknown type'),
    (r"'.' does not begin an expression", 'Invalid fetch argument|no body'),
    (r"the name '\w+' is longer than the kernel's 32 bytes", 'too long'),
    (r"'\$(params|vars)' is not known when the function returns", r'Invalid \$-variable'),
    (r'the kernel knows no symbols of a process', 'Unknown type|Type'),
]


def gdb_check(text, point, expressions):
    """(name of the check, its arguments) or None. Of a request with several arguments the first one is meant."""
    for name, pattern, also in GDB:
        if match := re.match(pattern, text):
            place = re.sub(r'[@%;].*|:\d+$', '', point) if not re.search(r'\.c:\d+$', point) else point
            extra = {'': [], 'point': [place], 'expression': expressions[:1]}[also]
            return name, [group or '' for group in match.groups()] + extra
    return None


def left_out(message):
    """The reasons of single places that a warning lists, as those of whole requests are worded."""
    reasons = []
    for place, text in re.findall(r"^  (\S+) +('.*)$", message, re.M):
        text = re.sub(r' cannot be read:', f' cannot be read at {place}:', text)
        text = re.sub(r' is computed there, as', f' is computed at {place}, as', text)
        reasons.append(re.sub(r' has another type', f' has at {place} another type', text))
    return reasons


def is_of_symbols(text):
    return bool(re.match(r"'\*' is at more than", text))


def judge_by_symbols(path, text):
    """'' or what speaks against the reason: '*' is at more than 10000 places."""
    most = int(re.search(r'more than (\d+)', text)[1])
    listing = subprocess.run(['nm', path], capture_output=True, text=True).stdout
    count = len(re.findall(r'^\w+ [tTwW] ', listing, re.M))
    return '' if count > most else f'the symbol table has {count} functions'


def is_of_kernel(text):
    return any(re.match(pattern, text) for pattern, _ in KERNEL)


class Kernel:
    """Asks this machine's kernel whether it takes arguments, at a function of a program."""

    def __init__(self, program, offset):
        self.place = f'{program}:{offset:#x}'
        self.group = f'reasons_{os.getpid()}'
        self.is_usable = os.geteuid() == 0 and (TRACEFS / 'uprobe_events').exists() and (TRACEFS / 'error_log').exists()

    def refusal(self, kind, arguments):
        """The kernel's words, or '' if it takes them."""
        line = f'{kind}:{self.group}/e {self.place} {arguments}'
        events = os.open(TRACEFS / 'uprobe_events', os.O_WRONLY | os.O_APPEND)
        try:
            os.write(events, line.encode())
        except OSError:
            return self.said(line)
        finally:
            os.close(events)
        events = os.open(TRACEFS / 'uprobe_events', os.O_WRONLY | os.O_APPEND)
        os.write(events, f'-:{self.group}/e'.encode())
        os.close(events)
        return ''

    def said(self, line):
        """The log holds the last errors of everyone: "[time] trace_uprobe: error: WORDS / Command: LINE"."""
        entries = re.findall(r'error: (.*)\n\s*Command: (.*)', (TRACEFS / 'error_log').read_text())
        return next((words for words, command in reversed(entries) if command.strip() == line.strip()), 'refused, unsaid')

    def judge(self, text, definition):
        """'' or what speaks against a reason that is_of_kernel(); `definition` is what perf makes of the expression."""
        words = next(words for pattern, words in KERNEL if re.match(pattern, text))
        kind, _, arguments = definition.split('\n')[0].split(' ', 2)
        if text.endswith('of a process'):  # the argument before it has the same name, which is refused first
            arguments = arguments.split()[-1]
        said = self.refusal(kind[0], arguments)
        return '' if re.search(words, said) else f'the kernel says: {said or "taken"}'
