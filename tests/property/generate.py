"""Random C and C++ programs that print their own values, and what to ask of them.

A program has random types, objects of them filled with random bytes, and functions that get pointers to the objects. Each
function is probed once; it prints the value of every expression that the probe fetches. The text of an expression is the
same for the compiler and for dtrace++, so a wrong generator does not compile.
"""
import random
from dataclasses import dataclass, field

FIELDS_PER_EVENT = 40
STRUCTS = 9


@dataclass
class Scalar:
    name: str
    bits: int
    is_signed: bool
    kind: str = 'integer'  # integer bool enum float
    is_const: bool = False  # C++ wants such a member initialised


@dataclass
class Text:  # char * with limit 0, else char[limit]
    limit: int


@dataclass
class Pointer:  # to an object of a pool, by its own type or as void *
    target: 'Aggregate'
    is_void: bool = False


@dataclass
class PointerToScalar:
    target: Scalar


@dataclass
class PointerToPointer:
    target: 'Aggregate'


@dataclass
class Array:
    element: object
    counts: list


@dataclass
class Member:
    name: str  # '': anonymous
    type: object
    bits: int = 0


@dataclass
class Aggregate:
    tag: str  # '': anonymous
    is_union: bool = False
    is_packed: bool = False
    members: list = field(default_factory=list)
    bases: list = field(default_factory=list)

    @property
    def ref(self):
        return f'{"union" if self.is_union else "struct"} {self.tag}'


@dataclass
class Event:
    point: str
    name: str
    fields: list = field(default_factory=list)  # (name, expression)
    may_be_refused: bool = False  # values that the compiler may keep where no fetch-arg reads them


INTEGERS = [Scalar(*integer) for integer in (
    ('char', 8, True), ('signed char', 8, True), ('unsigned char', 8, False), ('short', 16, True), ('unsigned short', 16, False),
    ('int', 32, True), ('unsigned int', 32, False), ('long', 64, True), ('unsigned long', 64, False), ('long long', 64, True),
    ('unsigned long long', 64, False), ('u8_t', 8, False), ('s16_t', 16, True, 'integer', True), ('volatile int', 32, True),
    ('const unsigned short', 16, False, 'integer', True), ('wide_t', 64, False))]
BOOL = Scalar('bool', 8, False, 'bool')
ENUMS = [Scalar('enum plain', 32, False, 'enum'), Scalar('enum negative', 32, True, 'enum')]
FLOATS = [Scalar('float', 32, True, 'float'), Scalar('double', 64, True, 'float')]

ENUMERATORS = ['plain_a', 'plain_b', 'plain_c', 'negative_a', 'negative_b', 'negative_c']

PROLOGUE = r'''
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#define noinline __attribute__((noinline))
#define container_of(p, t, m) ((t *)((char *)(p) - offsetof(t, m)))
#define S(event, name, e) printf("%s %s %lld\n", event, name, (long long)(e))
#define U(event, name, e) printf("%s %s %llu\n", event, name, (unsigned long long)(e))
#define P(event, name, e) printf("%s %s %llu\n", event, name, (unsigned long long)(size_t)(e))
#define T(event, name, e) printf("%s %s '%s\n", event, name, (const char *)(e))
typedef unsigned char u8_t;
typedef const short int s16_base;
typedef s16_base s16_t;
typedef unsigned long wide_base;
typedef wide_base wide_t;
enum plain { plain_a, plain_b = 7, plain_c = 1000000 };
enum negative { negative_a = -5, negative_b, negative_c = 70000 };
static volatile unsigned long long state = SEED;
noinline unsigned long long rnd(void) {
  unsigned long long x = state;
  x ^= x << 13; x ^= x >> 7; x ^= x << 17;
  return state = x;
}
noinline void fill(void *p, size_t n) { for (size_t i = 0; i < n; i++) ((unsigned char *)p)[i] = (unsigned char)(rnd() >> 13); }
noinline void letters(char *p, size_t n) {
  size_t length = rnd() % n;
  for (size_t i = 0; i < length; i++) p[i] = (char)('a' + rnd() % 26);
  p[length] = 0;
}
noinline void touch(const void *a, const void *b, const void *c, long long d) { __asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d) : "memory"); }
static const char *const words[] = {"alpha", "b", "", "delta and more", "eps"};
'''


class Program:
    def __init__(self, seed, is_cpp):
        self.random = random.Random(seed)
        self.is_cpp = is_cpp
        self.seed = self.random.getrandbits(63) | 1
        self.structs = []
        self.functions = []  # texts
        self.calls = []
        self.events = []
        self.make_types()
        self.make_functions()

    # --- types ----------------------------------------------------------------------------------------------------

    def scalar(self, plain):
        kind = self.random.random()
        if kind < 0.75:
            return self.random.choice([i for i in INTEGERS if not (self.is_cpp and i.is_const)])
        if kind < 0.85:
            return self.random.choice(ENUMS)
        if kind < 0.92 or plain:
            return self.random.choice(FLOATS)
        return BOOL

    def member_type(self, depth, plain):
        """`plain`: any bytes are a value of it."""
        choice = self.random.random()
        if choice < 0.40:
            return self.scalar(plain)
        if choice < 0.52:
            counts = [self.random.randint(1, 5) for _ in range(self.random.choice((1, 1, 2, 3)))]
            return Array(self.random.choice(INTEGERS[:12]), counts)
        if choice < 0.55 and depth < 2:
            return Array(self.aggregate('', depth + 1, plain), [self.random.randint(1, 3)])
        smaller = [s for s in self.structs if not s.is_packed and (not plain or is_plain(s))]
        if choice < 0.66 and smaller:
            inner = self.random.choice(smaller)
            return Array(inner, [self.random.randint(1, 3)]) if self.random.random() < 0.4 else inner
        if choice < 0.74 and depth < 2:
            return self.aggregate('', depth + 1, plain)
        if plain:
            return self.scalar(plain)
        if choice < 0.80:
            return Text(0)
        if choice < 0.82:
            return Text(self.random.randint(2, 20))
        if choice < 0.83:
            return PointerToPointer(None)
        if choice < 0.84:
            return Array(Pointer(None), [self.random.randint(1, 3)])
        if choice < 0.90:
            return PointerToScalar(self.random.choice(INTEGERS[1:12]))
        return Pointer(None, is_void=choice > 0.97)

    def aggregate(self, tag, depth, plain):
        result = Aggregate(tag, is_union=self.random.random() < (0.35 if depth else 0.1))
        plain = plain or result.is_union
        result.is_packed = not result.is_union and self.random.random() < 0.2
        for _ in range(self.random.randint(2, 4) if depth else self.random.randint(4, 12)):
            result.members += self.bitfields(result) if self.random.random() < 0.3 else [self.member(result, depth, plain)]
        if self.is_cpp and not depth and not result.is_union and not result.is_packed and self.random.random() < 0.5:
            result.bases = [s for s in self.structs if not s.is_union and not s.is_packed and self.random.random() < 0.3][:2]
            if any(shared_base(a, b) for a in result.bases for b in result.bases if a is not b):
                result.bases = result.bases[:1]
        return result

    def member(self, parent, depth, plain):
        type_ = self.member_type(depth, plain)
        if parent.is_packed and isinstance(strip_array(type_), (Aggregate, Pointer, PointerToPointer)):
            type_ = self.scalar(plain)
        anonymous = isinstance(type_, Aggregate) and not type_.tag and self.random.random() < 0.6
        return Member('' if anonymous else self.name(), type_)

    def bitfields(self, parent):
        members = []
        for _ in range(self.random.randint(1, 6)):
            base = self.random.choice([i for i in INTEGERS if not (self.is_cpp and i.is_const)] + ENUMS[:1])
            if base.kind == 'enum':
                base, bits = ENUMS[0], self.random.randint(21, 31)
            else:  # packed: more than eight bytes cannot be read, and clang describes the widest ones as if they were aligned
                bits = self.random.randint(1, min(base.bits - 1, 57) if parent.is_packed else base.bits)
            members.append(Member(self.name(), base, bits))
            if self.random.random() < 0.1 and not parent.is_union:
                members.append(Member('', INTEGERS[5], -1))  # int : 0
        return members

    def name(self):
        self.names = getattr(self, 'names', 0) + 1
        return f'm{self.names}'

    def make_types(self):
        for number in range(STRUCTS):
            self.structs.append(self.aggregate(f'S{number}', 0, False))
        for struct in self.structs:
            for pointer in pointers(struct):
                pointer.target = self.random.choice(self.structs)

    # --- expressions ----------------------------------------------------------------------------------------------

    def expression(self, type_, text, depth=0):
        """A way from `text`, an lvalue of `type_`, to something that can be fetched: (text, printer), or None."""
        if isinstance(type_, Scalar):
            if type_.kind == 'float':
                return None
            if type_.kind == 'integer' and depth and self.random.random() < 0.08:
                smaller = [i for i in INTEGERS[:11] if i.bits <= type_.bits]
                cast = self.random.choice(smaller)
                return f'({cast.name}){text}', 'S' if cast.is_signed else 'U'
            return text, 'S' if type_.is_signed else 'U'
        if isinstance(type_, Text):
            return text, 'T'
        if isinstance(type_, PointerToScalar):
            return self.random.choice(((text, 'P'), *[(f'*{text}', 'S' if type_.target.is_signed else 'U')] * 2))
        if isinstance(type_, Pointer):
            if depth > 3 or self.random.random() < 0.2:
                return text, 'P'
            if type_.is_void:
                text = f'(({type_.target.ref} *){text})'
            return self.expression_in(type_.target, text + '->', depth + 1)
        if isinstance(type_, PointerToPointer):
            if depth > 3:
                return text, 'P'
            text = self.random.choice((f'(*{text})', f'{text}[0]'))
            return self.expression_in(type_.target, text + '->', depth + 1)
        if isinstance(type_, Array):
            return self.expression(type_.element, text + ''.join(f'[{self.random.randrange(n)}]' for n in type_.counts), depth)
        return self.expression_in(type_, text + '.', depth)

    def expression_in(self, aggregate, prefix, depth):
        choices = [m for m in aggregate.members if m.bits >= 0]
        if aggregate.bases and self.random.random() < 0.3:
            return self.expression_in(self.random.choice(aggregate.bases), prefix, depth)
        member = self.random.choice(choices)
        if not member.name:
            return self.expression_in(member.type, prefix, depth)
        if member.bits:
            return prefix + member.name, 'S' if member.type.is_signed else 'U'
        return self.expression(member.type, prefix + member.name, depth + 1)

    def around(self, struct, text):
        """A member of what holds another one, by the address of that."""
        named = [m.name for m in struct.members if m.name and not m.bits]
        if not named:
            return None
        inner = self.random.choice(named)
        return self.expression_in(struct, f'container_of(&{text}->{inner}, {struct.ref}, {inner})->', 1)

    def cast(self, struct, text):
        """Of a pointer to another one: to numbers, in C++ to a base."""
        bases = all_bases(struct)[1:]
        if bases and self.random.random() < 0.7:
            base = self.random.choice(bases)
            return self.expression_in(base, f'(({base.ref} *){text})->', 1)
        type_ = self.random.choice(INTEGERS[2:11])
        return f'(({type_.name} *){text})[{self.random.randrange(max(1, 32 // type_.bits))}]', 'S' if type_.is_signed else 'U'

    def expressions(self, roots, count):
        found = {}
        for _ in range(count * 6):
            if len(found) == count:
                break
            type_, text = self.random.choice(roots)
            special = self.random.random() if isinstance(type_, Pointer) else 1
            if special < 0.08:
                made = self.around(type_.target, text)
            elif special < 0.16:
                made = self.cast(type_.target, text)
            else:
                made = self.expression(type_, text)
            if made:
                found.setdefault(made[0], made[1])
        return list(found.items())

    # --- functions ------------------------------------------------------------------------------------------------

    def event(self, point, name, expressions, may_be_refused=False):
        """Registers the event; returns the lines that print its values."""
        event = Event(point, name, may_be_refused=may_be_refused)
        self.events.append(event)
        lines = []
        for index, (text, printer) in enumerate(expressions):
            event.fields.append((f'f{index}', text))
            lines.append(f'  {printer}("{name}", "f{index}", {text});')
        return lines

    def make_functions(self):
        for number, struct in enumerate(self.structs):
            self.make_entry(number, struct)
            if self.is_cpp and number % 3 == 0:
                self.make_method(number, struct)
            if self.is_cpp and number % 3 == 1:
                self.make_reference(number, struct)
            if number % 2:
                self.make_return(number, struct)
            else:
                self.make_line(number, struct)

    def scalars(self, count):
        return [self.random.choice(INTEGERS[:12] + ENUMS + [BOOL]) for _ in range(count)]

    def make_entry(self, number, struct):
        parameters = [(Pointer(struct), 'p', f'{struct.ref} *p')]
        other = self.random.choice(self.structs)
        parameters.append((Pointer(other), 'q', f'{other.ref} *q'))
        parameters += [(s, f'k{i}', f'{s.name} k{i}') for i, s in enumerate(self.scalars(6))]  # the last two on the stack
        roots = [(type_, text) for type_, text, _ in parameters[2:]]
        fixed = [(text, 'S' if type_.is_signed else 'U') for type_, text in roots]
        roots = [(struct, '(*p)')] + [parameters[0][:2], parameters[1][:2]] * 8
        roots += [(struct, f'pool_{struct.tag}[0]'), (other, f'global_{other.tag}')]
        chosen = fixed + [e for e in self.expressions(roots, FIELDS_PER_EVENT - len(fixed)) if e not in fixed]
        chosen.append((f'sizeof({struct.ref})', 'U'))
        chosen.append((self.random.choice(ENUMERATORS), 'S'))
        name = f'e{number}'
        lines = self.event(f'{name}', name, chosen)
        arguments = ', '.join(declaration for _, _, declaration in parameters)
        self.functions.append('\n'.join([f'noinline void {name}({arguments})', '{', '  touch(p, q, 0, 0);', *lines, '}']))
        values = ', '.join(f'({s.name})rnd()' if s.kind != 'bool' else '(bool)(rnd() & 1)' for s, _, _ in parameters[2:])
        self.calls.append(f'{name}(&pool_{struct.tag}[{self.random.randrange(2)}], &pool_{other.tag}[1], {values});')

    def make_method(self, number, struct):
        """Its members by `this` and by their own names."""
        name = f'm{number}'
        chosen = self.expressions([(Pointer(struct), 'this')], FIELDS_PER_EVENT // 4)
        own = {}
        for _ in range(FIELDS_PER_EVENT):
            made = self.expression_in(struct, '', 1)
            if made and len(own) < FIELDS_PER_EVENT // 4:
                own.setdefault(made[0], made[1])
        lines = self.event(f'{struct.tag}::method', name, [e for e in chosen if e[0] != 'this'] + list(own.items()))
        self.functions.append('\n'.join([f'noinline void {struct.tag}::method(int k)', '{', '  touch(this, 0, 0, k);', *lines, '}']))
        self.calls.append(f'global_{struct.tag}.method({number});')

    def make_reference(self, number, struct):
        name = f'f{number}'
        chosen = self.expressions([(struct, 'r'), (struct, 'c')], FIELDS_PER_EVENT // 2)
        lines = self.event(name, name, chosen)
        self.functions.append('\n'.join([f'noinline void {name}({struct.ref} &r, const {struct.ref} &c)', '{', '  touch(&r, &c, 0, 0);', *lines, '}']))
        self.calls.append(f'{name}(global_{struct.tag}, pool_{struct.tag}[1]);')

    def make_return(self, number, struct):
        name, scalar = f'r{number}', self.random.choice(INTEGERS[:11])
        chosen = self.expressions([(Pointer(struct), '$retval')], FIELDS_PER_EVENT // 2)
        chosen = [e for e in chosen if e[0] != '$retval' and not e[0].startswith('*')]
        lines = [line.replace('$retval', 'result') for line in self.event(f'{name}%return', name, chosen)]
        self.functions.append(f'noinline {struct.ref} *{name}({struct.ref} *p) {{ touch(p, 0, 0, 0); return p + 1; }}')
        self.calls.append('{ %s *result = %s(&pool_%s[0]);\n%s\n}' % (struct.ref, name, struct.tag, '\n'.join(lines)))
        name = f'v{number}'
        kind = ('s' if scalar.is_signed else 'u') + str(scalar.bits)
        lines = self.event(f'{name}%return', name, [(f'$retval:{kind}', 'S' if scalar.is_signed else 'U')])
        lines = [line.replace(f'$retval:{kind}', 'result') for line in lines]
        self.functions.append(f'noinline {scalar.name} {name}(int k) {{ touch(0, 0, 0, k); return ({scalar.name})rnd(); }}')
        self.calls.append('{ %s result = %s(%d);\n%s\n}' % (scalar.name, name, number, '\n'.join(lines)))

    def make_line(self, number, struct):
        name = f'l{number}'
        locals_ = [(s, f'k{i}') for i, s in enumerate(self.scalars(3))]
        roots = [(struct, 'object')] * 2 + [(Pointer(struct), 'inner')] * 2 + [(Array(INTEGERS[6], [4]), 'numbers')]
        fixed = [(text, 'S' if type_.is_signed else 'U') for type_, text in locals_]
        chosen = fixed + [e for e in self.expressions(roots, FIELDS_PER_EVENT // 2) if e not in fixed]
        body = ['{']
        body += [f'  {s.name} {text} = ({s.name})(rnd() >> {0 if s.kind != "bool" else 63});' for s, text in locals_]
        body += [f'  {struct.ref} object = pool_{struct.tag}[1];', '  unsigned int numbers[4]; fill(numbers, sizeof numbers);',
                 f'  {struct.ref} *inner = p + (k & 1);']
        body.append('  touch(&object, numbers, inner, k);')
        lines = self.event(f'{name}:{len(body)}', name, chosen, may_be_refused=True)
        body += lines + ['  touch(&object, numbers, inner, k);', '}']
        self.functions.append('\n'.join([f'noinline void {name}({struct.ref} *p, int k)', *body]))
        self.calls.append(f'{name}(pool_{struct.tag}, {number});')

    # --- text -----------------------------------------------------------------------------------------------------

    def text(self):
        parts = [PROLOGUE.replace('SEED', f'{self.seed}ull')]
        if self.is_cpp:
            parts.append('extern "C" {')
        parts += [f'{s.ref};' for s in self.structs]
        parts += [f'{declare_aggregate(s, self.is_cpp)};\n{s.ref} global_{s.tag};\nstatic {s.ref} pool_{s.tag}[2];' for s in self.structs]
        parts += self.functions
        if self.is_cpp:
            parts.append('}')
        parts.append('int main(void) {')
        for s in self.structs:
            for target in (f'global_{s.tag}', f'pool_{s.tag}[0]', f'pool_{s.tag}[1]'):
                parts.append(f'  fill((void *)&{target}, sizeof {target});')
                parts += initialise(s, target)
        parts += ['  ' + call for call in self.calls] + ['  return 0;', '}', '']
        return '\n'.join(parts)


def strip_array(type_):
    return type_.element if isinstance(type_, Array) else type_


def is_plain(type_):
    type_ = strip_array(type_)
    if isinstance(type_, Aggregate):
        return all(is_plain(m.type) for m in type_.members) and all(map(is_plain, type_.bases))
    return isinstance(type_, Scalar) and type_.kind != 'bool'


def all_bases(aggregate):
    return [aggregate] + [b for base in aggregate.bases for b in all_bases(base)]


def shared_base(a, b):
    return any(x is y for x in all_bases(a) for y in all_bases(b))


def pointers(aggregate):
    for member in aggregate.members:
        type_ = strip_array(member.type)
        if isinstance(type_, (Pointer, PointerToPointer)) and type_.target is None:
            yield type_
        elif isinstance(type_, Aggregate) and not type_.tag:
            yield from pointers(type_)


def declare(type_, name):
    if isinstance(type_, Array):
        return declare(type_.element, name + ''.join(f'[{n}]' for n in type_.counts))
    if isinstance(type_, Text):
        return f'char {name}[{type_.limit}]' if type_.limit else f'const char *{name}'
    if isinstance(type_, Pointer):
        return f'void *{name}' if type_.is_void else f'{type_.target.ref} *{name}'
    if isinstance(type_, PointerToPointer):
        return f'{type_.target.ref} **{name}'
    if isinstance(type_, PointerToScalar):
        return f'{type_.target.name} *{name}'
    if isinstance(type_, Aggregate):
        return f'{type_.ref} {name}' if type_.tag else f'{declare_aggregate(type_)} {name}'
    return f'{type_.name} {name}'


def declare_aggregate(aggregate, with_method=False):
    def line(member):
        if member.bits == 0:
            return declare(member.type, member.name)
        return f'{declare(member.type, member.name)} : {max(member.bits, 0)}'

    word = 'union' if aggregate.is_union else 'struct'
    bases = ' : ' + ', '.join('public ' + b.tag for b in aggregate.bases) if aggregate.bases else ''
    packed = ' __attribute__((packed))' if aggregate.is_packed else ''
    return f'{word}{packed} {aggregate.tag}{bases} {{ ' + ' '.join(line(m) + ';' for m in aggregate.members) + (' void method(int k);' if with_method else '') + ' }'


def initialise(aggregate, target):
    """Statements that give values to what must not be random bytes."""
    lines = []
    for base in aggregate.bases:
        lines += initialise(base, target)
    for member in aggregate.members:
        path = f'{target}.{member.name}' if member.name else target
        lines += initialise_object(member.type, path)
    return lines


def initialise_object(type_, path):
    if isinstance(type_, Array):
        if not isinstance(type_.element, (Aggregate, Pointer)):
            return []
        return [line for i in range(type_.counts[0]) for line in initialise_object(type_.element, f'{path}[{i}]')]
    if isinstance(type_, Aggregate):
        return initialise(type_, path)
    if isinstance(type_, Text):
        return [f'  letters({path}, {type_.limit});' if type_.limit else f'  {path} = words[rnd() % 5];']
    if isinstance(type_, Pointer):
        return [f'  {path} = &pool_{type_.target.tag}[rnd() & 1];']
    if isinstance(type_, PointerToPointer):
        return [f'  {{ static {type_.target.ref} *target = &pool_{type_.target.tag}[0]; {path} = &target; }}']
    if isinstance(type_, PointerToScalar):
        return [f'  {{ static {type_.target.name} target; fill(&target, sizeof target); {path} = &target; }}']
    if type_.kind == 'bool':
        return [f'  {path} = rnd() & 1;']
    return []
