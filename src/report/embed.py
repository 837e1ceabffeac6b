#!/usr/bin/env python3
"""Writes a header with the text of scripts and styles, so that what we print needs no other files.

usage: embed.py OUTPUT FILE...

name.js becomes `embedded::name_js`. A script also has `embedded::name_js_hash`, as a Content-Security-Policy names it.
"""
import base64
import hashlib
import pathlib
import re
import sys

# What would end the element, or the CDATA section, that the text is written into.
UNFIT = re.compile(r'</(script|style)|]]>|<!--', re.IGNORECASE)


def constant(name, text):
    return f'inline constexpr std::string_view {name} = R"~~~({text})~~~";\n'


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    text = '#pragma once\n\n#include <string_view>\n\nnamespace dtp::report::embedded {\n\n'
    for file in files:
        content = '\n' + file.read_text()
        if UNFIT.search(content) or ')~~~"' in content:
            sys.exit(f'{file}: has text that cannot be embedded')
        name = file.name.replace('.', '_')
        text += constant(name, content)
        if file.suffix == '.js':
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            text += constant(f'{name}_hash', f'sha256-{digest}')
    output.write_text(text + '\n}  // namespace dtp::report::embedded\n')


main()
