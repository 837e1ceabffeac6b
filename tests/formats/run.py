#!/usr/bin/env python3
"""What we write for other programs, opened by their readers: a recording of a program whose calls are known.

  run.py [--program PATH] [NAME...]

speedscope's own pages import its file, in headless Chromium; protoc decodes what pprof and Perfetto read, by their schemas.
"""
import argparse
import base64
import csv
import gzip
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import traceback
from collections import Counter

import messages

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / 'tests/support'), str(ROOT / 'tests/pages')]
import leftovers  # noqa: E402
from browser import Browser, Page  # noqa: E402

# What leaf() is called with, in this order; the last one by the second thread.
DEPTHS = [2, 1, 0] * 4 + [0]
SECOND = 'second \\xff<'  # the name of the second thread, made printable


class Skip(Exception):
    pass


def shell(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors='replace', **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def check(seen, expected):
    if seen != expected:
        raise AssertionError(f'expected {expected!r}, seen {seen!r}')


class Fixture:
    """The recording, and what is made of it."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.group = f'dtformats_{os.getpid()}'
        self.traced = folder / 'program'
        shell('gcc', '-O1', '-g', '-fno-optimize-sibling-calls', '-pthread', '-o', self.traced,
              ROOT / 'tests/formats/program.c')

    def record(self, data, points, *arguments):
        try:
            for point in points:
                shell(self.program, 'probe', '-q', '-x', self.traced, f'{self.group}:{point}')
            shell(self.program, 'record', '-q', '--no-govern', *arguments, '-e', f'{self.group}:*', '-o', data, '--', self.traced,
                  cwd=self.folder)
        finally:
            shell(self.program, 'delete', '-q', f'{self.group}:*')

    def record_all(self):
        self.record('stacks', ['leaf=leaf depth text=text:string', 'work=work'], '--call-graph', 'dwarf')
        # No stacks: the kernel puts addresses of its own in the place of those that functions return to.
        self.record('calls', ['leaf=leaf depth text=text:string', 'leaf=leaf%return result=$retval:s32'])

    def read(self, data, name, *arguments):
        """The bytes of a file that report writes."""
        path = self.folder / name
        out = shell(self.program, 'report', '-i', data, *arguments, cwd=self.folder)
        check(out, '')
        check(stat.S_IMODE(path.stat().st_mode), 0o600)
        check([other.name for other in self.folder.glob(f'{name}.*')], [])
        return path.read_bytes()

    def records(self, data, *arguments):
        """What script says, as JSON."""
        lines = shell(self.program, 'script', '-i', data, '--format', 'json', *arguments, cwd=self.folder)
        return [json.loads(line) for line in lines.splitlines()][1:]


def table(fixture):
    """script --format csv, by Python's reader."""
    text = shell(fixture.program, 'script', '-i', 'calls', '--format', 'csv', cwd=fixture.folder)
    rows = list(csv.DictReader(io.StringIO(text, newline=''), strict=True))
    entries = [row for row in rows if row['event'] == f'{fixture.group}:leaf']
    check([row['depth'] for row in entries], [str(depth) for depth in DEPTHS])
    check({row['text'] for row in entries}, {'work, "quoted"', ''})
    check({row['result'] for row in entries}, {''})
    check(entries[-1]['comm'], SECOND)
    check(len(rows), 2 * len(DEPTHS))
    for row, record in zip(rows, fixture.records('calls'), strict=True):
        seconds, nanoseconds = row['time'].split('.')
        check(int(seconds) * 10**9 + int(nanoseconds), record['time'])
        check(int(row['ip'], 16), record['ip'])


def speedscope_file(fixture):
    """What is in the file."""
    file = json.loads(fixture.read('stacks', 'out.json', '--speedscope', 'out.json'))
    check(file['exporter'].startswith('dtrace++ '), True)
    frames = file['shared']['frames']
    profiles = {profile['name']: profile for profile in file['profiles']}
    check({name: profile['endValue'] for name, profile in profiles.items()},
          {f'{fixture.group}:leaf': len(DEPTHS), f'{fixture.group}:work': 4})
    for profile in profiles.values():
        check(len(profile['samples']), len(profile['weights']))
        check([profile['type'], profile['unit'], profile['startValue']], ['sampled', 'none', 0])
        check(sum(profile['weights']), profile['endValue'])
    ends = Counter()
    profile = profiles[f'{fixture.group}:leaf']
    for sample, weight in zip(profile['samples'], profile['weights'], strict=True):
        names = [frames[place]['name'] for place in sample]
        ends[names[0], ' '.join(name for name in names if name in ('main', 'work', 'leaf'))] += weight
    check(dict(ends), {('program', 'main work leaf'): 4, ('program', 'main work leaf leaf'): 4,
                       ('program', 'main work leaf leaf leaf'): 4, (SECOND, 'leaf'): 1})
    check({frame['file'] for frame in frames if frame['name'] in ('leaf', 'work')}, {str(fixture.traced)})


def speedscope(fixture):
    """speedscope itself: its table of functions shows what the profile holds."""
    found = subprocess.run([ROOT / 'tests/formats/speedscope.sh'], capture_output=True, text=True)
    if found.returncode == 77:
        raise Skip(found.stderr.strip().splitlines()[-1])
    check(found.returncode, 0)
    if shutil.which('chromium') is None:
        raise Skip('there is no chromium')
    content = fixture.read('stacks', 'out.json', '--speedscope', 'out.json')
    script = fixture.folder / 'load.js'
    script.write_text(f'speedscope.loadFileFromBase64("out.json", {json.dumps(base64.b64encode(content).decode())})')
    browser = Browser(fixture.folder / 'browser')
    try:
        page = Page(browser, script)
        page.call('Page.navigate', url=f'{pathlib.Path(found.stdout.strip()).as_uri()}/index.html#localProfilePath={script}')
        browser.wait('Page.loadEventFired', page.session)
        tab = '[...document.querySelectorAll("div")].filter(e => e.textContent.endsWith("Sandwich")).at(-1)'
        wait_for(page, f'!!({tab})')
        check(f'{fixture.group}:leaf (2/2)' in page.run('document.body.innerText'), True)  # the event with most hits
        page.click(tab)
        rows = '[...document.querySelectorAll("tr")].map(row => [...row.querySelectorAll("td")].map(cell => cell.textContent))'
        wait_for(page, f'{rows}.some(row => row.at(-1) === "leaf")')
        shown = {row[-1]: [cell.split()[0] for cell in row[:2]] for row in page.run(rows) if len(row) > 2}
        # Total and self.
        check({name: shown.get(name) for name in ('leaf', 'work', 'main', 'program', SECOND)},
              {'leaf': ['13', '13'], 'work': ['12', '0'], 'main': ['12', '0'], 'program': ['12', '0'], SECOND: ['1', '0']})
    finally:
        browser.close()


def wait_for(page, condition):
    """Until a JavaScript expression is true: looks again with every picture that the page draws."""
    page.run('new Promise((done, failed) => { let left = 1200; const look = () => '
             f'({condition}) ? done() : --left > 0 ? requestAnimationFrame(look) : failed(new Error("in vain")); look(); }})')


def pprof(fixture):
    content = fixture.read('stacks', 'out.pb.gz', '--pprof', 'out.pb.gz', '-s', 'comm,depth')
    profile = messages.decode(gzip.decompress(content), 'profile.proto', 'perftools.profiles.Profile')
    check(list(messages.unknown_fields(profile)), [])
    texts = [text.decode() for text in profile['string_table']]
    check(texts[0], '')
    check(len(set(texts)), len(texts))
    check([[texts[one['type'][0]], texts[one['unit'][0]]] for one in profile['sample_type']],
          [[f'{fixture.group}:work', 'count'], [f'{fixture.group}:leaf', 'count']])
    check([texts[place] for place in profile['default_sample_type']], [f'{fixture.group}:leaf'])
    functions = {one['id'][0]: texts[one['name'][0]] for one in profile['function']}
    mappings = {one['id'][0]: texts[one['filename'][0]] for one in profile['mapping']}
    check(all(one['has_functions'] == ['true'] for one in profile['mapping']), True)
    locations = {one['id'][0]: one for one in profile['location']}
    names = {id: functions[one['line'][0]['function_id'][0]] for id, one in locations.items()}
    check(len(locations), len(profile['location']))
    seen = Counter()
    for sample in profile['sample']:
        works, leaves = sample['value']
        labels = {texts[label['key'][0]]: texts[label['str'][0]] for label in sample['label']}
        # The leaf comes first.
        stack = [names[id] for id in sample['location_id'] if names[id] in ('leaf', 'work', 'main')]
        check(works == 0 or leaves == 0, True)
        seen[labels['comm'], labels['depth'], ' '.join(stack)] += works + leaves
    check(dict(seen), {('program', '2', 'leaf work main'): 4, ('program', '1', 'leaf leaf work main'): 4,
                       ('program', '0', 'leaf leaf leaf work main'): 4, (SECOND, '0', 'leaf'): 1,
                       ('program', '-', 'work main'): 4})
    [leaf] = [one for one in profile['location'] if names[one['id'][0]] == 'leaf']
    check(mappings[leaf['mapping_id'][0]], str(fixture.traced))
    records = fixture.records('stacks', '--clock', 'wall')
    check(profile['time_nanos'], [records[0]['time']])
    check(profile['duration_nanos'], [records[-1]['time'] - records[0]['time']])


class Timeline:
    """A Perfetto trace, with what it refers to looked up."""

    def __init__(self, content):
        self.trace = messages.decode(content, 'trace.proto', 'perfetto.protos.Trace')
        self.packets = self.trace['packet']
        self.interned = {}
        self.tracks = {}
        self.events = []
        for packet in self.packets:
            check(packet['trusted_packet_sequence_id'], [1])
            for field, entries in packet.get('interned_data', [{}])[0].items():
                for entry in entries:
                    check((field, entry['iid'][0]) in self.interned, False)
                    self.interned[field, entry['iid'][0]] = entry
            if 'track_descriptor' in packet:
                [track] = packet['track_descriptor']
                self.tracks[track['uuid'][0]] = track
            if 'track_event' in packet:
                check(packet['sequence_flags'], [2])
                [event] = packet['track_event']
                self.events.append(self.look_up(packet, event))

    def look_up(self, packet, event):
        found = {'time': packet['timestamp'][0], 'type': event['type'][0], 'track': self.tracks[event['track_uuid'][0]],
                 'fields': {}}
        if 'name_iid' in event:
            found['name'] = self.text('event_names', event['name_iid'][0])
            found['category'] = self.text('event_categories', event['category_iids'][0])
        for annotation in event.get('debug_annotations', []):
            name = self.text('debug_annotation_names', annotation.pop('name_iid')[0])
            [(kind, [value])] = annotation.items()
            found['fields'][name] = (kind, value)
        if 'callstack_iid' in event:
            found['stack'] = [self.frame(id) for id in self.interned['callstacks', event['callstack_iid'][0]]['frame_ids']]
        for kind in ('counter_value', 'double_counter_value'):
            if kind in event:
                found['counter'] = event[kind][0]
        return found

    def text(self, field, iid):
        entry = self.interned[field, iid]
        return entry.get('name', entry.get('str'))[0].decode()

    def frame(self, iid):
        frame = self.interned['frames', iid]
        mapping = self.interned['mappings', frame['mapping_id'][0]]
        path = ''.join('/' + self.text('mapping_paths', part) for part in mapping['path_string_ids'])
        check('rel_pc' in frame, True)
        return self.text('function_names', frame['function_name_id'][0]), path


def threads_of(timeline, records):
    """The tracks of the two threads, by their numbers; they belong to one process."""
    threads = {track['thread'][0]['tid'][0]: track for track in timeline.tracks.values() if 'thread' in track}
    check({tid: track['thread'][0]['thread_name'][0].decode() for tid, track in threads.items()},
          {records[0]['tid']: 'program', records[-1]['tid']: SECOND})
    [process] = [track for track in timeline.tracks.values() if 'process' in track]
    check(process['process'], [{'pid': [records[0]['pid']], 'process_name': [b'program']}])
    for track in threads.values():
        check(track['parent_uuid'], process['uuid'])
        check(track['thread'][0]['pid'], [records[0]['pid']])
    return threads


def perfetto_calls(fixture):
    """Entries and returns are slices; a field is a counter."""
    content = fixture.read('calls', 'calls.trace', '--perfetto', 'calls.trace', '--counter', 'depth')
    timeline = Timeline(content)
    check(list(messages.unknown_fields(timeline.trace)), [])
    check(len(messages.decode_raw(content)['1']), len(timeline.packets))
    records = fixture.records('calls')

    # The first packet is the clock: CLOCK_MONOTONIC, with the time of day beside it.
    [snapshot] = timeline.packets[0]['clock_snapshot']
    check({clock['clock_id'][0]: clock['timestamp'][0] for clock in snapshot['clocks']},
          {3: records[0]['time'], 1: fixture.records('calls', '--clock', 'wall')[0]['time']})
    check(snapshot['primary_trace_clock'], [3])
    check(timeline.packets[1]['sequence_flags'], [1])
    check(timeline.packets[1]['trace_packet_defaults'], [{'timestamp_clock_id': [3]}])

    threads = threads_of(timeline, records)
    hits = [event for event in timeline.events if event['type'] != 'TYPE_COUNTER']
    check([event['time'] for event in hits], [record['time'] for record in records])
    for event, record in zip(hits, records, strict=True):
        check(event['track'], threads[record['tid']])
        if record['event'].endswith('__return'):
            check(event['type'], 'TYPE_SLICE_END')
            check(event['fields'], {'result': ('int_value', record['fields']['result'])})
        else:
            check(event['type'], 'TYPE_SLICE_BEGIN')
            check((event['category'], event['name']), (fixture.group, 'leaf'))
            check(event['fields'], {'depth': ('int_value', record['fields']['depth']),
                                    'text': ('string_value', record['fields']['text'].encode())})

    counters = [event for event in timeline.events if event['type'] == 'TYPE_COUNTER']
    check([event['counter'] for event in counters], DEPTHS)
    for event in counters:
        check(event['track']['name'], [f'{fixture.group}:leaf depth'.encode()])
        check(event['track']['parent_uuid'], hits[0]['track']['parent_uuid'])


def perfetto_stacks(fixture):
    """What has no return is an instant, with its stack."""
    timeline = Timeline(fixture.read('stacks', 'stacks.trace', '--perfetto', 'stacks.trace'))
    records = fixture.records('stacks')
    threads = threads_of(timeline, records)
    for event, record in zip(timeline.events, records, strict=True):
        check((event['type'], event['time']), ('TYPE_INSTANT', record['time']))
        check(event['track'], threads[record['tid']])
        # Outermost first.
        check(event['stack'], [(frame['function'], frame['module']) for frame in reversed(record['stack'])])
    check({' '.join(name for name, file in event['stack'] if file == str(fixture.traced)) for event in timeline.events},
          {'_start main work' + ' leaf' * depth for depth in range(4)} | {'second leaf'})


def perfetto_lost(fixture):
    """Returns without an entry are instants; a return ends what was called inside."""
    records = fixture.records('calls')
    # From the first return on: three returns whose entries are not there.
    first = next(record['time'] for record in records if record['event'].endswith('__return'))
    since = f'{first // 10**9}.{first % 10**9:09},'
    timeline = Timeline(fixture.read('calls', 'part.trace', '--perfetto', 'part.trace', '--time', since))
    check([event['type'][5:] for event in timeline.events],
          ['INSTANT'] * 3 + (['SLICE_BEGIN'] * 3 + ['SLICE_END'] * 3) * 3 + ['SLICE_BEGIN', 'SLICE_END'])
    check([event['name'] for event in timeline.events[:3]], ['leaf__return'] * 3)


def refused(fixture):
    """A file that cannot be made leaves nothing, and what was there stays."""
    path = fixture.folder / 'kept.json'
    path.write_text('mine')
    done = subprocess.run([fixture.program, 'report', '-i', 'stacks', '--comm', 'nobody', '--speedscope', path],
                          cwd=fixture.folder, capture_output=True, text=True)
    check((done.returncode, done.stderr), (2, "error: there are no stacks in 'stacks'\n"
                                              "hint: 'dtrace++ record -g' records them\n"))
    check(path.read_text(), 'mine')
    done = subprocess.run([fixture.program, 'report', '-i', 'calls', '--perfetto', '/dev/full'], cwd=fixture.folder,
                          capture_output=True, text=True)
    check((done.returncode, done.stderr), (1, "error: cannot write '/dev/full': no space left on device\n"))


CASES = [table, speedscope_file, speedscope, pprof, perfetto_calls, perfetto_stacks, perfetto_lost, refused]


def reason_not_to_run():
    if os.geteuid() != 0:
        return 'recording needs root'
    if not pathlib.Path('/sys/kernel/tracing/uprobe_events').exists():
        return 'this kernel has no uprobes'
    if shutil.which('protoc') is None:
        return 'there is no protoc'
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    cases = [case for case in CASES if not options.names or case.__name__ in options.names]
    if reason := reason_not_to_run():
        print(f'skip: {reason}')
        print(f'0 passed, 0 failed, {len(cases)} skipped')
        return 0
    program = options.program.resolve()
    leftovers.remove(program, 'dtformats')
    failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix='dtp-formats-', ignore_cleanup_errors=True) as folder:
        fixture = Fixture(program, pathlib.Path(folder))
        fixture.record_all()
        for case in cases:
            try:
                case(fixture)
                print(f'ok   {case.__name__}')
            except Skip as reason:
                skipped += 1
                print(f'skip {case.__name__}: {reason}')
            except Exception:
                failed += 1
                print(f'FAIL {case.__name__}')
                print('    ' + traceback.format_exc().replace('\n', '\n    '))
    print(f'{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped')
    return failed > 0


sys.exit(main())
