#!/usr/bin/env python3
"""Checks the source tree against the lists of ARCHITECTURE.md.

usage: layers.py [ROOT]

Which folder includes which, which folder may include a library's headers, files under 600 lines,
functions under 70 lines. Prints one line for each offence; exit status 1 if there is any.
"""
import pathlib
import re
import sys

LONGEST_FILE = 600
LONGEST_FUNCTION = 70
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def fenced_rows(text, tag):
    """The rows of the block that begins with ```TAG, split where two blanks or more are."""
    block = re.search(rf"^```{tag}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    if block is None:
        sys.exit(f"ARCHITECTURE.md has no ```{tag} list")
    return [re.split(r"\s{2,}", row.strip()) for row in block.group(1).splitlines() if row.strip()]


def read_layers(text):
    """{folder: folders it may include}. A folder names only folders that stand before it."""
    layers = {}
    for row in fenced_rows(text, "layers"):
        allowed = [] if row[1] == "-" else row[1].split()
        for name in allowed:
            if name not in layers:
                sys.exit(f"ARCHITECTURE.md: '{row[0]}' names '{name}', which does not stand before it")
        layers[row[0]] = {row[0], "dtracepp", *allowed}
    return layers


def read_libraries(text):
    """[(prefix of a header's name, folders that own it)]"""
    return [(prefix, set(row[1].split())) for row in fenced_rows(text, "libraries") for prefix in row[0].split()]


def is_test(path):
    return path.name.endswith("_test.cc")


def check_includes(path, folder, text, layers, libraries):
    for kind, name in INCLUDE.findall(text):
        owner = name.split("/")[0] if "/" in name else None
        known = layers.keys() if is_test(path) else layers[folder]
        if kind == '"' and owner not in (None, "support") and owner not in known:
            yield f"includes {name}: '{folder}' does not name '{owner}' in ARCHITECTURE.md"
        if kind == '"' and owner == "support" and not is_test(path):
            yield f"includes {name}: only tests do"
        for prefix, owners in libraries:
            here = {folder, "tests"} if is_test(path) else {folder}
            if name.startswith(prefix) and not here & owners:
                yield f"includes <{name}>: that library belongs to {', '.join(sorted(owners))}"


def blank_out(text):
    """The text with comments and literals overwritten by blanks, line by line the same."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


# The head of a function: a parameter list, what may follow it, and an opening brace.
FUNCTION = re.compile(r"\)\s*(?:const|noexcept|override|final|&&?|->\s*[\w:<>,*& ]+|:\s[^{};]*(?:\{[^{}]*\}[^{};]*)*)*\s*\{")
CONTROL = re.compile(r"\b(?:if|for|while|switch|catch|constexpr)\s*$")


def opening_parenthesis(code, closing):
    depth = 0
    for at in range(closing, -1, -1):
        depth += {")": 1, "(": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return 0


def closing_brace(code, opening):
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def long_functions(text):
    """(line, length) of the functions that are too long and are not mostly one switch."""
    code = blank_out(text)
    for head in FUNCTION.finditer(code):
        before = code[: opening_parenthesis(code, head.start())]
        if CONTROL.search(before) or not re.search(r"[\w>\]=]\s*$", before):
            continue
        opening = head.end() - 1
        body = code[opening : closing_brace(code, opening)]
        length = body.count("\n") + 1
        cases = len(re.findall(r"^\s*case\b", body, re.MULTILINE))
        if length > LONGEST_FUNCTION and cases * 3 < length:
            yield code.count("\n", 0, head.start()) + 1, length


def check_file(path, folder, layers, libraries):
    text = path.read_text()
    yield from check_includes(path, folder, text, layers, libraries)
    if (lines := text.count("\n")) > LONGEST_FILE:
        yield f"has {lines} lines, {LONGEST_FILE} are the limit"
    if not is_test(path):
        for line, length in long_functions(text):
            yield f"line {line}: a function of {length} lines, {LONGEST_FUNCTION} are the limit"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    text = (root / "ARCHITECTURE.md").read_text()
    libraries = read_libraries(text)
    layers = read_layers(text)
    files = [p for p in sorted(root.glob("src/*/*")) if p.suffix in (".h", ".cc", ".c")]
    folders = {p.parent.name for p in files}
    offences = [f"ARCHITECTURE.md: src/{name} is not in the list" for name in sorted(folders - layers.keys())]
    offences += [f"ARCHITECTURE.md: src/{name} does not exist" for name in sorted(layers.keys() - folders)]
    layers["dtracepp"] = {"dtracepp"}
    files += sorted(root.glob("include/dtracepp/*.h"))
    for path in files:
        if path.parent.name in layers:
            found = check_file(path, path.parent.name, layers, libraries)
            offences += [f"{path.relative_to(root)}: {offence}" for offence in found]
    for offence in offences:
        print(offence)
    failed = len({offence.split(":")[0] for offence in offences})
    print(f"{len(files) + 1 - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if offences or not files else 0)


if __name__ == "__main__":
    main()
