"""Probes and directories of test runs, which are called after the process that has to remove them.

Groups are PREFIX_PID or PREFIX_PID_NUMBER, directories are made by directory().
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile


def directory(prefix):
    return tempfile.TemporaryDirectory(prefix=f'dtp-{prefix}-{os.getpid()}-')


def is_alive(pid):
    return pathlib.Path('/proc', pid).exists()


def events():
    """[(group, event)] of all probes in programs."""
    listing = pathlib.Path('/sys/kernel/tracing/uprobe_events')
    return re.findall(r'^[pr]\d*:([^/\s]+)/(\S+)', listing.read_text(), re.M) if listing.exists() else []


def delete(program, chosen):
    """By their whole names: a pattern spares events that the program has no record of. What ends the run spares this."""
    if chosen:
        names = [f'{group}:{event}' for group, event in chosen]
        subprocess.run([program, 'delete', '-q', *names], capture_output=True, start_new_session=True)


def delete_group(program, group):
    delete(program, [found for found in events() if found[0] == group])


def remove(program, prefix):
    """Removes what runs that were killed have left. What runs that are alive have is left alone."""
    for path in pathlib.Path(tempfile.gettempdir()).glob(f'dtp-{prefix}-*'):
        made = re.fullmatch(rf'dtp-{prefix}-(\d+)-\w+', path.name)
        if made and not is_alive(made[1]):
            shutil.rmtree(path, ignore_errors=True)
    pids = {group: re.fullmatch(rf'{prefix}_(\d+)(?:_\d+)?', group) for group, _ in events()}
    gone = {group for group, pid in pids.items() if pid and not is_alive(pid[1])}
    if gone:
        print(f'removing the probes of {", ".join(sorted(gone))}, whose runs are gone')
        delete(program, [found for found in events() if found[0] in gone])
