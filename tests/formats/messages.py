"""Protocol buffers as protoc decodes them.

A message is a dict of lists: a field may come several times. What --decode_raw prints is read by decode_raw().
"""
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOKEN = re.compile(rb'\s*(?:(\w+)\s*\{|(\w+):\s*("(?:[^"\\]|\\.)*"|[^\s{}]+)|(\}))')
ESCAPE = re.compile(rb'\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|(.))')


def unescape(text):
    def one(match):
        if match[1]:
            return bytes([int(match[1], 8)])
        if match[2]:
            return bytes([int(match[2], 16)])
        return {b'n': b'\n', b'r': b'\r', b't': b'\t'}.get(match[3], match[3])
    return ESCAPE.sub(one, text)


def value(text):
    if text.startswith(b'"'):
        return unescape(text[1:-1])
    try:
        return int(text, 0)
    except ValueError:
        return text.decode()


def parse(text):
    """The text format of protocol buffers."""
    top = {}
    open_messages = [top]
    at = 0
    while match := TOKEN.match(text, at):
        at = match.end()
        if match[1]:
            inner = {}
            open_messages[-1].setdefault(match[1].decode(), []).append(inner)
            open_messages.append(inner)
        elif match[4]:
            open_messages.pop()
        else:
            open_messages[-1].setdefault(match[2].decode(), []).append(value(match[3]))
    if text[at:].strip() or len(open_messages) != 1:
        raise ValueError(f'protoc printed something else: {text[at:at + 80]!r}')
    return top


def protoc(content, *arguments):
    done = subprocess.run(['protoc', *arguments], input=content, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors='replace'))
    # It warns of text that is not UTF-8.
    if done.stderr:
        raise RuntimeError(done.stderr.decode(errors='replace'))
    return parse(done.stdout)


def decode(content, schema, message):
    return protoc(content, f'--proto_path={HERE}', f'--decode={message}', str(HERE / schema))


def decode_raw(content):
    return protoc(content, '--decode_raw')


def unknown_fields(message, path=''):
    """Fields that the schema does not have are printed by their numbers."""
    for name, values in message.items():
        if name.isdigit():
            yield path + name
        for inner in values:
            if isinstance(inner, dict):
                yield from unknown_fields(inner, f'{path}{name}.')
