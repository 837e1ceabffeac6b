#!/usr/bin/env python3
"""Kernel definitions against BTF, by an independent reader: the same chain of offsets must come of the same expression.

  by_btf.py [6.1|6.12...]

Taken are the rows at a function's entry whose arguments are a parameter followed by members and indexes. Of rows where perf
is right the recorded definition is looked at, of the others our answer. The register of a parameter is that of the calling
convention.
"""
import re
import struct
import sys
from dataclasses import dataclass

import compare

REGISTERS = ['%di', '%si', '%dx', '%cx', '%r8', '%r9']
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO = range(1, 14)
VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(14, 20)
BYTES_EACH = {ENUM: 8, FUNC_PROTO: 8, STRUCT: 12, UNION: 12, DATASEC: 12, ENUM64: 12}
BYTES_MORE = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}


@dataclass
class Type:
    kind: int
    name: str
    size_or_type: int
    members: list  # (name, type, bit offset, bit size); parameters: (name, type)
    element: int = 0


class Btf:
    """Kernel documentation, bpf/btf.rst."""

    def __init__(self, data):
        _, _, _, head, types, type_bytes, texts, text_bytes = struct.unpack_from('<HBBIIIII', data)
        self.texts = data[head + texts:head + texts + text_bytes]
        self.types = [Type(0, 'void', 0, [])]
        self.functions = {}
        at, end = head + types, head + types + type_bytes
        while at < end:
            name, info, size = struct.unpack_from('<III', data, at)
            at += 12
            kind, count, flag = info >> 24 & 31, info & 0xffff, info >> 31
            one = Type(kind, self.text(name), size, [])
            if kind in (STRUCT, UNION):
                for _ in range(count):
                    member, of, bits = struct.unpack_from('<III', data, at)
                    at += 12
                    one.members.append((self.text(member), of, bits & 0xffffff if flag else bits, bits >> 24 if flag else 0))
            elif kind == FUNC_PROTO:
                for _ in range(count):
                    member, of = struct.unpack_from('<II', data, at)
                    at += 8
                    one.members.append((self.text(member), of))
            else:
                if kind == ARRAY:
                    one.element = struct.unpack_from('<I', data, at)[0]
                    one.members = [struct.unpack_from('<III', data, at)[2]]
                at += BYTES_EACH.get(kind, 0) * count + BYTES_MORE.get(kind, 0)
            if kind == FUNC:
                self.functions.setdefault(one.name, set()).add(size)
            self.types.append(one)

    def text(self, at):
        return self.texts[at:self.texts.index(b'\0', at)].decode()

    def strip(self, number):
        while self.types[number].kind in (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG):
            number = self.types[number].size_or_type
        return self.types[number]

    def size(self, number):
        one = self.strip(number)
        if one.kind == PTR:
            return 8
        return one.members[0] * self.size(one.element) if one.kind == ARRAY else one.size_or_type

    def member(self, one, name):
        """(type, bit offset, bit size), also of members without a name; or None"""
        for called, of, bits, width in one.members:
            if called == name:
                return of, bits, width
            inner = self.strip(of)
            if not called and inner.kind in (STRUCT, UNION) and (found := self.member(inner, name)):
                return found[0], bits + found[1], found[2]
        return None

    def parameter(self, function, name):
        """(type, register); None: not told, or in no register of its own"""
        protos = self.functions.get(function, set())
        if len(protos) != 1:
            return None
        parameters = self.types[next(iter(protos))].members
        for index, (called, of) in enumerate(parameters[:6]):
            if self.strip(of).kind not in (INT, PTR, ENUM, ENUM64):
                return None
            if called == name:
                return of, REGISTERS[index]
        return None


def chain(btf, function, expression):
    """(register, offsets of the dereferences, bit within the last one, bit size, type) or None: not one of ours"""
    pieces = re.findall(r'->\w+|\.\w+|\[\d+\]|^\w+', expression)
    if ''.join(pieces) != expression or not (start := btf.parameter(function, pieces[0])):
        return None
    number, register = start
    offsets, bits, width, in_memory = [], 0, 0, False
    for piece in pieces[1:]:
        one = btf.strip(number)
        is_pointer = one.kind == PTR
        if is_pointer:
            if in_memory:
                offsets.append(bits)
            bits, in_memory, number = 0, True, one.size_or_type
            one = btf.strip(number)
        if piece.startswith('['):
            if not is_pointer:
                number = one.element
            bits += int(piece[1:-1]) * btf.size(number) * 8
            continue
        found = btf.member(one, piece.lstrip('->.'))
        if not found:
            return None
        number, bits, width = found[0], bits + found[1], found[2]
    return register, offsets + ([bits] if in_memory else []), width, number


def fetched(word):
    """The same of a definition's argument, with its kind."""
    _, fetch, kind = compare.split_argument(word)
    offsets = []
    while match := re.fullmatch(r'\+(\d+)\((.*)\)', fetch):
        offsets.insert(0, int(match[1]) * 8)
        fetch = match[2]
    width = 0
    if match := re.fullmatch(r'b(\d+)@(\d+)/\d+', kind):
        width = int(match[1])
        offsets[-1:] = [offsets[-1] + int(match[2])] if offsets else []
    return fetch, offsets, width, kind


def check(btf, function, expression, word):
    """None: not comparable; else whether it is right, and what BTF says"""
    expression, _, asked = expression.partition(':')
    told = chain(btf, function, expression) if asked in ('', 'string', 'ustring') else None
    if not told:
        return None
    register, offsets, width, number = told
    ours = fetched(word)
    if ours[3] in ('string', 'ustring') and btf.strip(number).kind == PTR:
        offsets = offsets + [0]
    return ours[:3] == (register, offsets, width), f'{register} {offsets} width {width}'


def section(path, name):
    with open(path, 'rb') as file:
        header = struct.unpack('<16xHHIQQQIHHHHHH', file.read(64))
        file.seek(header[5])
        sections = list(struct.iter_unpack('<IIQQQQIIQQ', file.read(64 * header[11])))
        file.seek(sections[header[12]][4])
        names = file.read(sections[header[12]][5])
        for one in sections:
            if names[one[0]:names.index(b'\0', one[0])] == name:
                file.seek(one[4])
                return file.read(one[5])
    return None


def run(series):
    vmlinux, reason = compare.find_vmlinux(series)
    if reason:
        print(f'skip {series}: {reason}')
        return 0, 0, 1
    btf = Btf(section(vmlinux, b'.BTF'))
    release = compare.KERNELS[series]
    answers = {(target, expression): compare.unescape(answer).split('\n')[0]
               for target, expression, answer, _ in compare.read_table(compare.ANSWERS)}
    right, wrong = {False: 0, True: 0}, 0
    for row in compare.read_rows(compare.HERE / f'perf-probe-{release}.tsv', compare.HERE / f'perf-flags-{release}.tsv'):
        definition = answers.get((row.target, row.expression), '') if compare.is_apart(row) else row.definition
        words, expressions = definition.split(), row.expression.split()
        if len(words) != len(expressions) + 1 or '\n' in definition or not words[1].endswith('+0') or words[0][:2] != 'p:':
            continue
        for expression, word in zip(expressions[1:], words[2:]):
            told = check(btf, words[1][:-2], expression, word)
            if told and told[0]:
                right[compare.is_apart(row)] += 1
            elif told:
                wrong += 1
                print(f'FAIL {series}: {row.expression}: {expression}\n    BTF   {told[1]}\n    given {word}')
    print(f'{series}: {right[True]} arguments of answers and {right[False]} of perf\'s definitions are those of BTF, {wrong} are not')
    return right[True] + right[False], wrong, 0


def main():
    passed, failed, skipped = map(sum, zip(*[run(series) for series in sys.argv[1:] or compare.KERNELS]))
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
