"""Runs inside gdb: what a definition fetches, compared with what gdb reads for the same expression at the same place.

Two readers that know nothing of each other look at the same registers and the same memory: a fetch-arg interpreter as
small as the kernel's documentation of it (class Fetch), and gdb, which has a DWARF reader of its own.

A job is a JSON object in the file that $DTP_TWIN_JOB names; the answers go to its "out":
  program, symbols, rows: [[id, function, lines of the definition, [[name, expression, has a type]...]]...]
  reasons: [[id, function, check of twin_reasons.py, its arguments]...]
  mode "process": every line runs the program up to the probe. The memory is the program's own; a null pointer on the way
      is led to words that point to one another.
  mode "frozen": the program is no process (a kernel, a module, which gdb relocates). A process `pid` that does nothing
      lends its registers and 16 MB at `pool`, in which every word points to another one, so that chains of any length can
      be followed.
"""
import json
import os
import random
import re
import struct
import sys

import gdb

REGISTERS = 'ax bx cx dx si di bp sp r8 r9 r10 r11 r12 r13 r14 r15 ip flags'.split()
POOL_BYTES = 16 << 20
POOL_IN_STACK_BYTES = 1 << 14
# gcc begins an inlined function where none of its instructions is yet: gdb sees it only from the first one on.
LATEST_ENTRY_BYTES = 256
PROLOGUE_INSTRUCTIONS = 16
SYMBOLS = {}  # name -> address in the file
SLIDE = 0     # where gdb thinks that the file lies


class Unreadable(Exception):
    pass


def gdb_register(name):
    wide = name if name.startswith('r') else {'flags': 'eflags'}.get(name, 'r' + name)
    return int(gdb.parse_and_eval('$' + wide)) & (2**64 - 1)


def read_memory(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address & (2**64 - 1), size))
    except gdb.MemoryError as error:
        raise Unreadable(f'no memory at {address:#x}') from error


class Fetch:
    """The kernel's fetch-args, as Documentation/trace/kprobetrace.rst and uprobetracer.rst describe them."""

    def __init__(self, text, probe_address, probe_offset):
        self.base = probe_address - probe_offset
        self.fetch, self.kind = self.split(text)
        self.last_read = None  # the address of the outermost memory access

    @staticmethod
    def split(text):
        name, equals, rest = text.partition('=')
        text = rest if equals and re.fullmatch(r'\w+', name) else text
        fetch, _, kind = text.rpartition(':') if ':' in text and '"' not in text else (text, '', '')
        return fetch, kind

    def value(self):
        """An integer, bytes of a string, or Unreadable is raised."""
        kind = self.kind or 'x64'
        if kind in ('string', 'ustring'):
            address = self.address(self.fetch)
            self.last_read = address
            return self.string(address)
        field = re.fullmatch(r'b(\d+)@(\d+)/(\d+)', kind)
        word = self.word(self.fetch, (int(field[3]) if field else self.bits()) // 8)
        if field:
            return word >> int(field[2]) & (1 << int(field[1])) - 1
        return word

    def bits(self):
        kind = self.kind or 'x64'
        if field := re.fullmatch(r'b(\d+)@(\d+)/(\d+)', kind):
            return int(field[1])
        width, count = re.fullmatch(r'(?:[usx](\d+)|symbol)(?:\[(\d+)\])?', kind).groups()
        return int(width or 64) * int(count or 1)

    def string(self, address):
        text = b''
        while not text.endswith(b'\0') and len(text) < 4096:
            text += read_memory(address + len(text), 1)
        return text[:-1]

    def word(self, fetch, size):
        if re.match(r'[+-]u?\d+\(|@', fetch):
            address = self.address(fetch)
            self.last_read = address
            return int.from_bytes(read_memory(address, size), 'little')
        return self.plain(fetch) & (1 << 8 * size) - 1

    def address(self, fetch):
        """Of what the outermost operator reads."""
        deref = re.fullmatch(r'([+-])u?(\d+)\((.*)\)', fetch)
        if deref:
            return (self.word(deref[3], 8) + int(deref[1] + deref[2])) & 2**64 - 1
        if fetch.startswith('@+'):
            return self.base + int(fetch[2:], 0)
        if fetch.startswith('@'):
            symbol, offset = re.fullmatch(r'@(\w+)([+-]\d+)?', fetch).groups()
            return symbol_address(symbol) + int(offset or 0)
        return self.plain(fetch)

    def plain(self, fetch):
        if fetch.startswith('\\'):
            return int(fetch[1:], 0)
        if fetch.startswith('%'):
            assert fetch[1:] in REGISTERS, fetch
            return gdb_register(fetch[1:])
        if fetch == '$stack':
            return gdb_register('sp')
        stack = re.fullmatch(r'\$stack(\d+)', fetch)
        return int.from_bytes(read_memory(gdb_register('sp') + 8 * int(stack[1]), 8), 'little')


def symbol_address(name):
    """A module's symbols are where gdb puts them."""
    return SYMBOLS[name] + SLIDE if SYMBOLS else int(gdb.parse_and_eval(f"(unsigned long)&'{name}'"))


def gdb_expression(text):
    """Of our language in gdb's: the two differ in what is not C."""
    text = re.sub(r'(?<![\w$])%(\w+)', lambda m: '$' + (m[1] if m[1].startswith('r') else 'r' + m[1]), text)
    deref = re.fullmatch(r'([+-]\d+)\((.*)\)', text)
    return f'(char *)((unsigned long)({deref[2]}) {deref[1]})' if deref else text


def raw(value):
    """The bytes of a value as one number, least significant first, and its bits."""
    plain = value.type.strip_typedefs()
    if plain.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return int(value.address) & 2**64 - 1, 64
    if plain.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        number = 0
        for field in plain.fields():
            part, bits = raw(value[field])
            number |= (part & (1 << (field.bitsize or bits)) - 1) << field.bitpos
        return number, plain.sizeof * 8
    if plain.code == gdb.TYPE_CODE_FLT or (plain.sizeof > 8 and plain.code == gdb.TYPE_CODE_INT):
        return int.from_bytes(read_memory(int(value.address), plain.sizeof), 'little'), plain.sizeof * 8
    if plain.code == gdb.TYPE_CODE_ARRAY:
        return int.from_bytes(read_memory(int(value.address), 8), 'little'), 64
    return int(value) & (1 << plain.sizeof * 8) - 1, plain.sizeof * 8


def referenced(value):
    is_reference = value.type.strip_typedefs().code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF)
    return value.referenced_value() if is_reference else value


def shown(value):
    """What stands for an object of the standard library: a std::string's text, the pointer of a smart one."""
    inner = referenced(value)
    name = inner.type.strip_typedefs().unqualified().name or ''
    if name.startswith('std::__cxx11::basic_string<'):
        return inner['_M_dataplus']['_M_p']
    if name.startswith('std::shared_ptr<'):
        return inner['_M_ptr']
    if name.startswith('std::unique_ptr<'):
        return inner['_M_t'].address.cast(gdb.lookup_type('unsigned long').pointer()).dereference()
    return value


def gdb_string(value):
    plain = value.type.strip_typedefs()
    address = value.address if plain.code == gdb.TYPE_CODE_ARRAY else value
    return Fetch('', 0, 0).string(int(address) & 2**64 - 1)


def bit_size(expression, value):
    """Of a bitfield; 0: it is none."""
    parent = re.fullmatch(r'(.*)(->|\.)(\w+)', expression)
    if not parent:
        return 0
    owner = gdb.parse_and_eval(parent[1])
    type_ = owner.type.strip_typedefs()
    while type_.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF):
        type_ = type_.target().strip_typedefs()
    return find_bit_size(type_, parent[3]) or 0


def find_bit_size(type_, name):
    for field in type_.fields():
        if field.name == name:
            return field.bitsize
        inner = field.type.strip_typedefs()
        if (not field.name or field.is_base_class) and inner.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            found = find_bit_size(inner, name)
            if found is not None:
                return found
    return None


def evaluate(expression):
    """A parameter that only a view of gcc's has, which gdb does not read: what the caller knows by the same name."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        frame = gdb.selected_frame()
        if 'optimized out' not in str(error) or frame.type() != gdb.INLINE_FRAME:
            raise
        frame.older().select()
        try:
            return gdb.parse_and_eval(expression)
        finally:
            frame.select()


def compare(expression, fetch, has_type, is_frozen):
    """'' or what differs."""
    expression = gdb_expression(expression)
    value = shown(evaluate(expression))
    if fetch.fetch.startswith('@') and is_frozen:  # there is no memory, but the place is known
        return '' if fetch.address(fetch.fetch) == int(value.address) else f'reads {fetch.address(fetch.fetch):#x}, gdb {value.address}'
    ours = fetch.value()
    if isinstance(ours, bytes):
        theirs = gdb_string(value)
        return '' if ours == theirs else f'read {ours!r}, gdb {theirs!r}'
    theirs, bits = raw(value)
    bits = bit_size(expression, value) or bits
    if not has_type and fetch.kind and fetch.bits() != bits:
        return f'read {fetch.bits()} bits of {bits}'
    if has_type and (field := re.fullmatch(r'b\d+@(\d+)/\d+', fetch.kind)):
        theirs >>= int(field[1])
    mask = (1 << min(bits, fetch.bits())) - 1
    return '' if ours & mask == theirs & mask else f'read {ours & mask:#x}, gdb {theirs & mask:#x}'


def is_called(name, function):
    return bool(re.search(rf'(^|::){re.escape(function)}(\(|<|$)', name))


def has_name(frame, function):
    if not function or is_called(frame.name() or '', function):
        return True
    return re.match(rf'{re.escape(function)} in section', gdb.execute(f'info symbol {frame.pc():#x}', to_string=True)) or is_alias(function, frame.pc())


def is_alias(function, pc):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&'{function}'")) == pc
    except gdb.error:
        return False


def is_inlined_there(pc, function):
    block = gdb.block_for_pc(pc)
    while block:
        if block.function and is_called(block.function.name, function):
            return True
        block = block.superblock
    return False


def compare_filled(expression, fetch, has_type, machine):
    """Compares, then again with random bits where the value came from."""
    for _ in range(4):
        try:
            difference = compare(expression, fetch, has_type, isinstance(machine, Frozen))
            break
        except (gdb.error, gdb.MemoryError, Unreadable) as error:
            difference = f'{error}'
            if isinstance(machine, Frozen) or not lead_somewhere(expression, machine):
                break
    if difference and isinstance(machine, Process) and fetch.last_read and is_there_soon(expression, fetch.last_read):
        return ''
    if difference or fetch.last_read is None or not machine.is_writable(fetch.last_read):
        return difference
    kept = read_memory(fetch.last_read, 8)
    gdb.selected_inferior().write_memory(fetch.last_read, machine.random.randbytes(8))
    try:
        return compare(expression, fetch, has_type, isinstance(machine, Frozen))
    finally:
        gdb.selected_inferior().write_memory(fetch.last_read, kept)


def is_there_soon(expression, address):
    """A local variable of clang's has its place once the frame stands, which gdb does not foresee."""
    if int(gdb.parse_and_eval(expression).address or address) == address:
        return False
    for _ in range(PROLOGUE_INSTRUCTIONS):
        gdb.execute('stepi')
        if int(gdb.parse_and_eval(expression).address or 0) == address:
            return True
    return False


def lead_somewhere(expression, machine):
    """Gives the first null pointer of a chain something to point to. False: there is none."""
    steps = re.split(r'->', expression)
    for count in range(1, len(steps)):
        prefix = '->'.join(steps[:count])
        if int(gdb.parse_and_eval(prefix)) == 0:
            gdb.execute(f'set var {prefix} = {machine.pointer()}')
            return True
    return False


def select_frame(function):
    """That of the function, also where it is inlined. False: it is not here."""
    frame = gdb.newest_frame()
    while frame:
        if has_name(frame, function):
            frame.select()
            return True
        if frame.type() != gdb.INLINE_FRAME:
            return False
        frame = frame.older()
    return False


def is_out_of_reach(name):
    """A parameter that `$params` leaves out: gdb cannot read it either, or no fetch-arg could hold it."""
    try:
        value = gdb.parse_and_eval(name)
        code = value.type.strip_typedefs().code
        if value.is_optimized_out or code == gdb.TYPE_CODE_FLT:
            return True
        if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_ARRAY):
            return value.type.sizeof > 8 or value.address is None
        variable = re.search(r'\w+', name)[0]
        return value.address is None and 'complex DWARF' in gdb.execute(f'info address {variable}', to_string=True)
    except (gdb.error, gdb.MemoryError):
        return True


def frame_parameters():
    block = gdb.selected_frame().block()
    while block.function is None:
        block = block.superblock
    return [symbol.name for symbol in block if symbol.is_argument and symbol.name]


def leaves(expression, type_):
    """The expressions of a struct's members, of all within it too; a member with one member stands for that."""
    type_ = type_.strip_typedefs()
    if type_.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return [expression]
    found = []
    for field in type_.fields():
        if hasattr(field, 'bitpos'):  # else it is static
            inner = f'{expression}.{field.name}' if field.name and not field.is_base_class else expression
            members = leaves(inner, field.type)
            found += [inner] if len(members) == 1 else members
    return found


def expand(name, expression, words):
    """A whole struct's members, if the words have their names, or what of these the kernel takes; else nothing."""
    try:
        value = gdb.parse_and_eval(gdb_expression(expression))
    except gdb.error:  # what leads to it is compared later
        return []
    if value.type.strip_typedefs().code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) or shown(value) is not value:
        return []
    stem = name or re.search(r'\w+$', expression)[0]
    whole = f'({expression})'
    members, told = [], [name_of(word) for word in words]
    for member in leaves(whole, value.type):
        if told and f'_{stem}{member[len(whole):]}'.replace('.', '_').endswith(f'_{told[0]}'):
            members.append(member)
            told.pop(0)
        elif not is_out_of_reach(member):
            return []
    return [] if told else members


def variable_of(name):
    """A variable of this name, or the member of one whose name begins so: p.x of p_x."""
    try:
        gdb.parse_and_eval(name)
        return name
    except gdb.error:
        pass
    for end in (at for at, letter in enumerate(name) if letter == '_' and at > 0):
        try:
            value = gdb.parse_and_eval(name[:end])
        except gdb.error:
            continue
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            for member in leaves(name[:end], value.type):
                # An address of IPv6 is shown as its bytes.
                if member.replace('.', '_') in (name, f'{name}_in6_u_u6_addr8'):
                    return member
    return name


def check_line(function, words, arguments, address, offset, machine):
    """What differs in one line of a definition."""
    if not select_frame(function):
        return [f'gdb finds no {function} at {address:#x} but {gdb.newest_frame().name()}']
    expressions = []
    for name, expression, has_type in arguments:
        if expression not in ('$params', '$vars'):
            expressions.append((expression, has_type))
            continue
        expanded = [variable_of(re.sub(r'_\d+$', '', name_of(word))) for word in words]
        # A bitfield comes without its sign.
        expressions += [(name, ':b' not in word) for name, word in zip(expanded, words)][:len(words) - len(expressions)]
        if expression == '$params':
            for parameter in set(frame_parameters()) - {re.match(r'\w+', name)[0] for name in expanded}:
                if not is_out_of_reach(parameter):
                    return [f'{parameter} is left out, gdb can read it']
    if len(arguments) == 1 and words and (members := expand(arguments[0][0], expressions[0][0], words)):
        expressions = [(member, False) for member in members]
    if not arguments and words:  # of USDT
        expressions = [(f'$_probe_arg{i}', True) for i in range(len(words))]
    if len(expressions) != len(words):
        return [f'{len(words)} arguments for {len(expressions)} expressions']
    differences = []
    if words and words[-1] == '$retval':
        gdb.execute('finish')
        gdb.set_convenience_variable('returned', gdb.history(0))
        expressions = [('$returned', True)]
        words = ['%ax:s32']
    for (expression, has_type), word in zip(expressions, words):
        difference = compare_filled(expression, Fetch(word, address, offset), has_type, machine)
        if difference:
            differences.append(f'{expression} as {word}: {difference}')
    return differences


def name_of(word):
    return word.partition('=')[0] if '=' in word else word


def write_pool(machine, size):
    """Words that all point to one another."""
    gdb.selected_inferior().write_memory(machine.pool, struct.pack(f'<{size // 8}Q', *(machine.pointer() for _ in range(size // 8))))


def set_registers(machine, names):
    for name in names:
        gdb.execute(f'set ${name if name.startswith("r") else "r" + name} = {machine.pointer()}')


def first_seen(address, function):
    """Where gdb sees the function."""
    for later in range(address, address + LATEST_ENTRY_BYTES):
        if function and is_inlined_there(later, function):
            return later
    return address


class Frozen:
    """Registers and memory without a program that runs."""

    def __init__(self, job):
        self.program = job['program']
        gdb.execute(f'attach {job["pid"]}')
        self.pool = job['pool']
        self.random = random.Random(7)
        write_pool(self, POOL_BYTES)
        set_registers(self, REGISTERS[:-2])
        gdb.execute(f'symbol-file {job["program"]}')
        global SLIDE
        SYMBOLS.update(job['symbols'])
        if SYMBOLS:
            SLIDE = int(gdb.parse_and_eval('(unsigned long)&_text')) - SYMBOLS['_text']

    def pointer(self):
        return self.pool + POOL_BYTES // 4 + 8 * self.random.randrange(POOL_BYTES // 16)

    def place(self, line):
        symbol, offset = re.fullmatch(r'(?:\w+:)?([\w.]+)\+(\d+)', line.split(' ')[1]).groups()
        return symbol_address(symbol) + int(offset), 0

    def stop_at(self, address, function):
        gdb.execute(f'set $rip = {first_seen(address, function)}')
        return True

    def is_writable(self, address):
        return self.pool <= address < self.pool + POOL_BYTES - 8


class Process:
    """The program itself, run up to the probe for each row."""

    def __init__(self, job):
        self.program = job['program']
        gdb.execute(f'file {self.program}')
        gdb.execute('set disable-randomization on')
        gdb.execute('set args one two three >/dev/null')
        self.random = random.Random(7)

    def place(self, line):
        offset = int(re.search(r':0x([0-9a-f]+)', line.split(' ')[1])[1], 16)
        gdb.execute('starti')
        for mapping in open(f'/proc/{gdb.selected_inferior().pid}/maps'):
            begin, end, permissions, start, path = re.match(r'(\w+)-(\w+) (\S+) (\w+) \S+ \d+\s*(.*)', mapping).groups()
            begin, end, start = int(begin, 16), int(end, 16), int(start, 16)
            if path == self.program and 'x' in permissions and start <= offset < start + end - begin:
                return begin + offset - start, offset
        raise Unreadable(f'{offset:#x} is no code')

    def stop_at(self, address, function):
        breakpoint = gdb.Breakpoint(f'*{address:#x}', internal=True)
        gdb.execute('continue')
        is_there = bool(gdb.selected_inferior().pid) and gdb.newest_frame().pc() == address
        breakpoint.delete()
        if not is_there:
            self.put_there(address, function)
            return True
        self.make_pool()
        for _ in range(8 if is_there else 0):  # gdb stands before an inlined function; then a step does not move
            if has_name(gdb.newest_frame(), function) or not is_inlined_there(address, function):
                break
            gdb.execute('step')
        return is_there and gdb.newest_frame().pc() == address

    def make_pool(self):
        self.pool = (gdb_register('sp') & ~7) - (1 << 15)
        write_pool(self, POOL_IN_STACK_BYTES)

    def put_there(self, address, function):
        """The program does not come by: with registers made up."""
        gdb.execute('starti')
        breakpoint = gdb.Breakpoint('main', internal=True)
        gdb.execute('continue')
        breakpoint.delete()
        self.make_pool()
        set_registers(self, [name for name in REGISTERS[:-2] if name != 'sp'])
        gdb.execute(f'set $rip = {first_seen(address, function)}')

    def pointer(self):
        return self.pool + POOL_IN_STACK_BYTES // 4 + 8 * self.random.randrange(POOL_IN_STACK_BYTES // 16)

    def is_writable(self, address):
        return True


def check(machine, function, lines, arguments):
    differences = []
    for line in lines:
        words = [word for word in re.findall(r'(?:[^\s"]|"[^"]*")+', line)][2:]
        address, offset = machine.place(line)
        if not machine.stop_at(address, function):
            differences.append(f'never there: {line}')
            continue
        differences += [f'{line}: {difference}' for difference in check_line(function, words, arguments, address, offset, machine)]
    return differences


def main():
    with open(os.environ['DTP_TWIN_JOB']) as file:
        job = json.load(file)
    for setting in ('confirm off', 'pagination off', 'debuginfod enabled off', 'auto-load no', 'auto-solib-add off',
                    'print elements 0', 'backtrace limit 12', 'unwindonsignal on', 'language auto'):
        gdb.execute('set ' + setting)
    machine = (Frozen if job['mode'] == 'frozen' else Process)(job)
    answers = {}
    for key, function, lines, arguments in job['rows']:
        try:
            answers[key] = check(machine, function, lines, arguments)
        except (gdb.error, Unreadable) as error:
            answers[key] = [f'{error}']
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.modules['twin_gdb'] = sys.modules['__main__']
    import twin_reasons
    for key, function, name, arguments in job['reasons']:
        try:
            difference = twin_reasons.check(machine, name, function, arguments)
        except (gdb.error, Unreadable) as error:
            difference = f'{error}'
        answers.setdefault(key, [])
        answers[key] += [f'{name} {arguments}: {difference}'] if difference else []
    with open(job['out'], 'w') as file:
        json.dump(answers, file)


if __name__ == '__main__':
    main()
    gdb.execute('kill')
