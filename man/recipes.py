#!/usr/bin/env python3
"""Writes the manual page of the catalog from the files of the recipes.

usage: recipes.py OUTPUT DEPFILE FOLDER
"""
import pathlib
import sys
import tomllib

GROUPS = ('cpu', 'memory', 'disk', 'files', 'network', 'processes', 'locks', 'applications')

# What is shown in a column of a kind.
UNITS = {'bytes': 'bytes', 'duration': 'duration', 'since': 'duration', 'clock': 'time of day', 'percent': '%'}

HEAD = r'''.Dd November 21, 2026
.Dt DTRACE++-RECIPES 7
.Os
.Sh NAME
.Nm dtrace++-recipes
.Nd the catalog of questions that dtrace++ answers
.Sh DESCRIPTION
Each is run by
.Ql dtrace++ recipe run NAME ,
and
.Ql dtrace++ recipe show NAME
tells what it does in commands.
With
.Fl -format Cm json
each row is an object, whose members are the columns: there bytes and nanoseconds are plain numbers.
A cost is that of each hit, for the program that is traced.
Examples are cut where it says
.Ql ... .
How to write one is in
.Xr dtrace++-recipe 1 .
'''

TAIL = r'''.Sh SEE ALSO
.Xr dtrace++ 1 ,
.Xr dtrace++-recipe 1
'''


def text(plain):
    """Lines of text, fit for roff: a sentence a line, nothing at its start that is a request."""
    lines = []
    for line in ' '.join(plain.split()).replace('\\', r'\e').replace('. ', '.\n').replace('? ', '?\n').splitlines():
        lines.append((r'\&' if line[:1] in ".'" else '') + line)
    return '\n'.join(lines) + '\n'


def literal(plain):
    lines = (r'\&' + line if line[:1] in ".'" else line for line in plain.replace('\\', r'\e').rstrip('\n').split('\n'))
    return '.Bd -literal -offset 2n\n' + '\n'.join(lines) + '\n.Ed\n'


def parameter(name, about):
    words = [about['help'].rstrip('.')]
    if 'choices' in about:
        words.append('one of ' + ', '.join(about['choices']))
    if about.get('required'):
        words.append('must be given')
    elif about.get('default'):
        words.append('the default is ' + about['default'])
    return f'.It Ar {name} No ({about["type"]})\n' + text('; '.join(words) + '.')


def column(about):
    """With its unit, where its name does not say enough."""
    value = about.get('value', '')
    name = about.get('title') or about.get('name') or value
    unit = UNITS.get(about.get('show'), '')
    return name + (f' ({unit})' if unit and unit not in name else '')


def section(recipe):
    out = f'.Ss {recipe["name"]}\n.Sy {recipe["question"]}\n.Pp\n'
    if recipe.get('description', '').strip():
        out += text(recipe['description']) + '.Pp\n'
    out += text('Columns: ' + ', '.join(map(column, recipe['columns'])) + '.')
    out += '.Pp\n' + text('Cost: ' + recipe['cost'].rstrip('.') + '.')
    if recipe.get('parameters'):
        out += '.Pp\nParameters:\n.Bl -tag -width Ds -compact -offset 2n\n'
        out += ''.join(parameter(name, about) for name, about in recipe['parameters'].items()) + '.El\n'
    if recipe.get('example', '').strip():
        out += literal(recipe['example'])
    return out


def main():
    output, depfile, folder = map(pathlib.Path, sys.argv[1:])
    files = sorted(folder.glob('*.toml'))
    recipes = [tomllib.loads(file.read_text()) for file in files]
    strays = [recipe['name'] for recipe in recipes if recipe['group'] not in GROUPS]
    if strays:
        sys.exit(f'recipes of groups that are not known here: {strays}')
    page = HEAD
    for group in GROUPS:
        chosen = [recipe for recipe in recipes if recipe['group'] == group]
        if chosen:
            page += f'.Sh {group.upper()}\n' + ''.join(map(section, chosen))
    output.write_text(page + TAIL)
    depfile.write_text(f'{output}: {folder} ' + ' '.join(map(str, files)) + '\n')


main()
