"""Runs inside gdb: whether a reason that we give for having no answer is true, by gdb's own reader.

A check is called with the machine (twin_gdb.py), the function, and what the pattern of the reason has found in its text
(reasons.py). It returns '' or what speaks against the reason.
"""
import mmap
import re

import gdb
import twin_gdb

MOST_PLACES = 128


def go(machine, function, place):
    """Stands at a place, as 'vfs_read+0' or 'walk:0x1680'; in the frame of the function."""
    address, _ = machine.place(f'p {place}')
    return stand(machine, function, address)


def stand(machine, function, address):
    machine.stop_at(address, function)
    if not twin_gdb.select_frame(function):
        raise twin_gdb.Unreadable(f'gdb finds no {function} at {address:#x}')
    return address


def is_gone(expression):
    """gdb has no value at this pc either."""
    try:
        return gdb.parse_and_eval(expression).is_optimized_out
    except gdb.error as error:
        return 'optimized out' in str(error)


def scope_of(name, address):
    """What `info scope` says of one variable."""
    told = gdb.execute(f'info scope *{address:#x}', to_string=True)
    found = re.search(rf'^Symbol {re.escape(name)} is (.*?), length', told, re.M | re.S)
    return found[1] if found else ''


def optimised_out(machine, function, name, place, ranges=''):
    """Gone at the place; alive in the ranges, and gone again behind them."""
    address = go(machine, function, place)
    if not is_gone(name):
        return f'gdb reads {name} at {place}'
    entry = function_begin(address)
    for begin, end in re.findall(r'\+(\d+)\.\.\+(\d+)', ranges):
        for offset, lives in ((int(begin), True), (int(end) - 1, True)):
            stand(machine, function, entry + offset)
            if is_gone(name) == lives:
                return f'at {function}+{offset} gdb has {name} {"optimised out" if lives else "still"}'
    return ''


def function_begin(address):
    block = gdb.block_for_pc(address)
    while block.superblock.function or not block.function:
        block = block.superblock
    return block.start


def computed(machine, function, name, place, operation):
    """gdb shows the same operation; a value it may have all the same, from a caller that the kernel does not see."""
    told = scope_of(name, go(machine, function, place))
    return '' if operation in told else f'{name} is for gdb {told or "nothing"}'


def summed(machine, function, name, place, register, offset):
    """A value, not a place: the sum of a register or of the frame's begin (CFA) and a number."""
    told = scope_of(name, go(machine, function, place))
    sums = {(number, int(addend)) for addend, number in re.findall(r'DW_OP_breg\d+ (-?\d+) \[\$(\w+)\]\n.*DW_OP_stack_value', told)}
    if register == 'sp':
        frame = int(re.search(r'frame at (0x\w+)', gdb.execute('info frame', to_string=True))[1], 16)
        distance = frame - twin_gdb.gdb_register('sp')
        sums |= {('sp', distance + int(addend)) for addend in re.findall(r'DW_OP_fbreg (-?\d+)\n.*DW_OP_stack_value', told)}
    known = {(number.removeprefix('r') if number[1:].isalpha() else number, addend) for number, addend in sums}
    return '' if (register, int(offset)) in known else f'{name} is for gdb {told or "nothing"}'


def other_type(machine, function, name, place):
    """Not as wide as at some other place."""
    go(machine, function, place)
    here = gdb.parse_and_eval(name).type.sizeof
    others = set()
    for address in locations(function):
        stand(machine, function, address)
        others.add(gdb.parse_and_eval(name).type.sizeof)
    return '' if others - {here} else f'{name} has {here} bytes everywhere'


def in_float_register(machine, function, name, place):
    told = scope_of(name, go(machine, function, place))
    return '' if re.search(r'a variable in \$xmm\d', told) else f'{name} is for gdb {told or "nothing"}'


def thread_local(machine, function, name, place):
    go(machine, function, place)
    told = gdb.execute(f'info address {name}', to_string=True)
    return '' if 'thread-local' in told else told


def fixed_address(machine, function, name):
    """The value is a constant address: neither in a register nor in memory."""
    stand_at_entry(machine, function)
    value = gdb.parse_and_eval(name)
    is_symbol = not gdb.execute(f'info symbol {int(value):#x}', to_string=True).startswith('No symbol')
    return '' if value.address is None and is_symbol else f'{name} is for gdb {value} at {value.address}'


def stand_at_entry(machine, function):
    """gdb's breakpoint is behind the prologue; it is the block that begins at the entry."""
    stand(machine, function, function_begin(locations(function)[0]))


def refused_by_gdb(words):
    """A check that gdb refuses the expression with these words."""
    def check(machine, function, expression):
        stand_at_entry(machine, function)
        try:
            return f'for gdb it is {gdb.parse_and_eval(expression).type}'
        except gdb.error as error:
            return '' if re.search(words, str(error)) else f'gdb says {error}'
    return check


def no_pointer(machine, function, expression):
    """gdb takes an arrow for a dot; so its type is looked at."""
    value = gdb.parse_and_eval(expression.split('->')[0])
    return '' if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else f'it is {value.type}'


def no_cast(machine, function, expression):
    """Of a struct gdb casts the memory. C casts numbers and pointers."""
    stand_at_entry(machine, function)
    value = gdb.parse_and_eval(re.sub(r'^\([^()]*\)', '', expression))
    return '' if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else f'it is {value.type}'


def below_first(machine, function, expression):
    array, index = re.fullmatch(r'(.*)\[(-\d+)\]', expression).groups()
    stand_at_entry(machine, function)
    first, _ = gdb.parse_and_eval(array).type.range()
    return '' if int(index) < first else f'gdb begins at {first}'


def virtual_base(machine, function, name, derived):
    """Some base of the class that is inherited as a virtual one has the member, the class itself has none."""
    def of(type_name):
        head, _, body = gdb.execute(f'ptype {type_name}', to_string=True).partition('{')
        own = re.search(rf'\b{name}(\[\d+\])?;', body)
        bases = re.findall(r'public (virtual )?([\w:]+)', head)
        return bool(own), bases

    def search(type_name, is_virtual):
        own, bases = of(type_name)
        return (own and is_virtual) or any(search(base, is_virtual or bool(virtual)) for virtual, base in bases)
    return '' if search(derived, False) and not of(derived)[0] else f'gdb has {name} in no virtual base of {derived}'


def per_cpu(machine, function, name):
    address, begin, end = (int(gdb.parse_and_eval(f"(unsigned long)&'{symbol}'"))
                           for symbol in (name, '__per_cpu_start', '__per_cpu_end'))
    return '' if begin <= address < end else f'{address:#x} is not in {begin:#x}..{end:#x}'


def locations(point):
    breakpoint = gdb.Breakpoint(point, internal=True)
    found = [location.address for location in breakpoint.locations]
    breakpoint.delete()
    return found


def starts_up(machine, function, point):
    """All places are in code that is freed once the kernel runs."""
    begin, end = (int(gdb.parse_and_eval(f"(unsigned long)&'{symbol}'")) for symbol in ('_sinittext', '_einittext'))
    found = locations(point)
    outside = [hex(address) for address in found if not begin <= address < end]
    return f'{outside} stay' if outside else '' if found else f'gdb knows no {point}'


def too_many(machine, function, point):
    count = len(locations(point))
    return '' if count > MOST_PLACES else f'gdb has {count} places of {point}'


def too_many_together(machine, function, pattern):
    """Of a glob: the places of every string of the file that names a function, those that are only inlined too."""
    with open(machine.program, 'rb') as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        names = {found[1].decode() for found in re.finditer(rb'\0(%s\w*)(?=\0)' % pattern[:-1].encode(), data)}
    count = sum(len(locations(name)) for name in names)
    return '' if count > MOST_PLACES else f'gdb has {count} places of {pattern}'


CHECKS = {
    'optimised_out': optimised_out, 'computed': computed, 'in_float_register': in_float_register,
    'thread_local': thread_local, 'summed': summed, 'other_type': other_type, 'fixed_address': fixed_address, 'no_member': refused_by_gdb('There is no member named'),
    'no_cast': no_cast, 'no_struct': refused_by_gdb('is not a structure'), 'no_pointer': no_pointer,
    'below_first': below_first, 'virtual_base': virtual_base, 'per_cpu': per_cpu, 'starts_up': starts_up, 'too_many': too_many,
    'too_many_together': too_many_together,
}


def check(machine, name, function, arguments):
    return CHECKS[name](machine, function, *arguments)
