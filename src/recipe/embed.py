#!/usr/bin/env python3
"""Writes a header with the text of every recipe of a folder.

usage: embed.py OUTPUT DEPFILE FOLDER
"""
import pathlib
import sys


def main():
    output, depfile, folder = map(pathlib.Path, sys.argv[1:])
    files = sorted(folder.glob('*.toml'))
    rows = ''
    for file in files:
        text = file.read_text()
        if ')~~~"' in text:
            sys.exit(f'{file}: has text that cannot be embedded')
        rows += f'    {{"{file.stem}", R"~~~({text})~~~"}},\n'
    output.write_text('#pragma once\n\n#include <string_view>\n#include <utility>\n\nnamespace dtp::recipe::embedded {\n\n'
                      'inline constexpr std::pair<std::string_view, std::string_view> recipes[] = {\n'
                      f'{rows}}};\n\n}}  // namespace dtp::recipe::embedded\n')
    # The folder itself: it changes when a file comes or goes.
    depfile.write_text(f'{output}: {folder} ' + ' '.join(map(str, files)) + '\n')


main()
