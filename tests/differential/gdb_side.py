"""Run by gdb: what its own reader of DWARF says of expressions at addresses. Called by live.py.

Reads {address: [expression, ...]} from the file of $DTP_QUESTIONS, prints "ANSWER address expression json" for the first
time each address is reached. An answer is a number, a text, or null and why.
"""
import json
import os

import gdb

PAGE = 4096


def value_of(expression, is_string):
    value = gdb.parse_and_eval(expression)
    code = value.type.strip_typedefs().code
    if code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        value = value.referenced_value()
        code = value.type.strip_typedefs().code
    if is_string:
        return value.string('latin-1')
    if value.is_optimized_out:
        raise gdb.error('optimised out')
    if code == gdb.TYPE_CODE_FLT or value.type.sizeof > 8 or code == gdb.TYPE_CODE_STRUCT or code == gdb.TYPE_CODE_UNION:
        data = bytes(gdb.selected_inferior().read_memory(int(value.address), value.type.sizeof))
        return int.from_bytes(data, 'little')
    return int(value)


def answer(address, expression, is_string):
    try:
        found = value_of(expression, is_string)
    except (gdb.error, RuntimeError, TypeError, ValueError) as error:
        found = [str(error)]
    print('ANSWER', address, json.dumps(expression), json.dumps(found), flush=True)


def main():
    questions = {int(address): asked for address, asked in json.load(open(os.environ['DTP_QUESTIONS'])).items()}
    for setting in ('pagination off', 'confirm off', 'debuginfod enabled off', 'breakpoint pending off'):
        gdb.execute('set ' + setting)
    gdb.execute('starti', to_string=True)
    # A position-independent program without randomisation.
    mapped = gdb.execute('info proc mappings', to_string=True)
    path = os.path.realpath(gdb.current_progspace().filename)
    base = min(int(line.split()[0], 16) for line in mapped.splitlines() if line.rstrip().endswith(path))
    is_fixed = base < 0x1000000
    base = 0 if is_fixed else base
    left = dict(questions)
    breakpoints = {address: gdb.Breakpoint(f'*{base + address:#x}', internal=True) for address in questions}
    while left:
        gdb.execute('continue', to_string=True)
        if gdb.selected_inferior().pid == 0:
            break
        address = int(gdb.parse_and_eval('(unsigned long) $pc')) - base
        breakpoints.pop(address).delete()
        for expression, is_string in left.pop(address):
            answer(address, expression, is_string)
    if gdb.selected_inferior().pid:
        gdb.execute('kill')


main()
