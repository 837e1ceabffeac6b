"""Probes of test runs: groups are called PREFIX_PID or PREFIX_PID_NUMBER, after the process that has to remove them."""
import pathlib
import re
import subprocess


def remove(program, prefix):
    """Removes the probes of runs that were killed. Those of runs that are alive are left alone."""
    events = pathlib.Path('/sys/kernel/tracing/uprobe_events')
    listed = events.read_text() if events.exists() else ''
    groups = {match[1]: match[2] for match in re.finditer(rf'[pr]\d*:({prefix}_(\d+)(?:_\d+)?)/', listed)}
    for group, pid in groups.items():
        if not pathlib.Path('/proc', pid).exists():
            print(f'removing the probes of {group}, whose run is gone')
            subprocess.run([program, 'delete', '-q', f'{group}:*'], capture_output=True)
