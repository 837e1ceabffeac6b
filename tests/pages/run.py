#!/usr/bin/env python3
"""What we draw, in a browser: recordings of a program whose stacks are known, looked at in headless Chromium.

  run.py [--program PATH] [--pictures DIR] [NAME...]

--pictures keeps a screenshot of each page, light and dark, to be looked at.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

from browser import Browser, Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / 'tests/support'))
import leftovers  # noqa: E402

HOSTILE_FUNCTION = '</script><script>window.hurt=1</script>'
HOSTILE_NAME = '"><svg onload=\x1b'  # as long as the name of a thread can be


def skip(reason):
    print(f'skip: {reason}')
    print('0 passed, 0 failed, 1 skipped')
    sys.exit()


def shell(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors='replace', **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


class Fixture:
    """Recordings, and pages made of them."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.group = f'dtpages_{os.getpid()}'
        source = ROOT / 'tests/pages/program.c'
        flags = ['-O1', '-fno-optimize-sibling-calls']
        for name in ('plain', 'hostile'):
            (folder / name).mkdir()
        shell('gcc', *flags, '-g', '-o', folder / 'plain/program', source)
        # Without debug information names come from the symbol table, where they may be anything.
        shell('gcc', *flags, '-o', folder / 'hostile/program', source)
        shell('objcopy', '--redefine-sym', f'parse={HOSTILE_FUNCTION}', folder / 'hostile/program')

    def record(self, program, data, *probes, arguments=()):
        """Each probe becomes an event of the name that it begins with."""
        points = [f'{self.group}:{probe.split()[0]}={probe}' for probe in probes]
        options = [part for point in points for part in ('-a', point)]
        shell(self.program, 'probe', '-q', '-x', self.folder / program / 'program', *options)
        try:
            shell(self.program, 'record', '-q', '--no-govern', '--call-graph', 'dwarf', '-e', f'{self.group}:*', '-o',
                  self.folder / data, '--', self.folder / program / 'program', *arguments)
        finally:
            shell(self.program, 'delete', '-q', f'{self.group}:*')

    def record_all(self):
        leaf = 'leaf text=text:string size=size'
        self.record('plain', 'plain.data', leaf)
        self.record('plain', 'two.data', leaf, 'run stack=%sp:u64')
        self.record('hostile', 'hostile.data', 'leaf text=+0(%di):string size=%si:u64', arguments=[HOSTILE_NAME])

    def report(self, *arguments):
        return shell(self.program, 'report', *arguments, cwd=self.folder)


def check(seen, expected):
    if seen != expected:
        raise AssertionError(f'expected {expected!r}, seen {seen!r}')


def frame(name):
    """The box of a function."""
    return f'[...document.querySelectorAll(".graph g")].find(g => g.querySelector("title").textContent.startsWith({name!r} + "\\n"))'


def width_of(page, name):
    """Of the whole, in percent; 0: it is not to be seen."""
    return page.run(f'(g => g.style.display === "none" ? 0 : '
                    f'Math.round(parseFloat(g.querySelector("rect").getAttribute("width"))))({frame(name)})')


def label_of(page, name):
    return page.run(f'{frame(name)}.querySelector("text").textContent')


def text_of(page, selector):
    return page.run(f'document.querySelector({selector!r}).textContent')


def zoom_and_search(page):
    """What holds for the flame graph of plain.data wherever it stands."""
    check([width_of(page, name) for name in ('program', 'main', 'parse', 'run', 'step')], [100, 100, 60, 40, 30])
    check(label_of(page, 'parse'), 'parse')
    page.click(frame('run'))
    check([width_of(page, name) for name in ('program', 'main', 'parse', 'run', 'step')], [100, 100, 0, 100, 75])
    page.click(frame('step'))
    check([width_of(page, name) for name in ('run', 'step')], [100, 100])
    page.click(frame('main'))
    check([width_of(page, name) for name in ('main', 'parse', 'run')], [100, 60, 40])
    page.click(frame('parse'))
    check(page.run('document.querySelector(".controls button").disabled'), False)
    page.click('document.querySelector(".controls button")')
    check([width_of(page, name) for name in ('main', 'parse', 'run')], [100, 60, 40])
    check(page.run('document.querySelector(".controls button").disabled'), True)

    page.key('f', control=True)
    page.type('STEP')
    check(text_of(page, '.found'), '1 frame, 30.00 %')
    check(page.run(f'{frame("step")}.classList.contains("marked")'), True)
    check(page.run(f'{frame("run")}.classList.contains("marked")'), False)
    page.key('Escape')
    check(text_of(page, '.found'), '')
    check(page.run('document.querySelectorAll(".marked").length'), 0)
    page.key('f', control=True)
    page.type('leaf')
    check(re.match(r'\d+ frames, 100\.00 %$', text_of(page, '.found')) is not None, True)
    page.key('Escape')

    page.mouse(frame('step'))
    check(text_of(page, '.details').endswith('plain/program (inlined)  ·  30 hits, 30.00 %'), True)
    fills = {name: page.run(f'getComputedStyle({frame(name)}.querySelector("rect")).fill') for name in ('run', 'step', 'program')}
    check(len(set(fills.values())), 3)


def flamegraph(fixture, browser):
    fixture.report('-i', 'plain.data', '--flamegraph', 'plain.svg')
    page = Page(browser, fixture.folder / 'plain.svg')
    zoom_and_search(page)
    return page


def flamegraph_narrow(fixture, browser):
    """Names are cut where they have no room, also in a window that becomes narrower."""
    fixture.report('-i', 'plain.data', '--flamegraph', 'plain.svg')
    page = Page(browser, fixture.folder / 'plain.svg')
    page.call('Emulation.setDeviceMetricsOverride', width=60, height=400, deviceScaleFactor=1, mobile=False)
    page.run('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
    check(label_of(page, 'parse'), 'pa…')
    check(label_of(page, 'step'), '')
    check(label_of(page, 'program'), 'program')
    return page


def flamegraph_callee(fixture, browser):
    fixture.report('-i', 'plain.data', '--flamegraph', 'callee.svg', '--order', 'callee')
    page = Page(browser, fixture.folder / 'callee.svg')
    check([width_of(page, name) for name in ('leaf', 'parse', 'step')], [100, 60, 30])
    return page


def two_events(fixture, browser):
    """Each has a graph of its own; a search counts the hits of both."""
    fixture.report('-i', 'two.data', '--flamegraph', 'two.svg')
    page = Page(browser, fixture.folder / 'two.svg')
    titles = page.run('[...document.querySelectorAll(".graph")].map(svg => svg.querySelector("title").textContent.split("\\n")[0])')
    check(sorted(titles), [f'{fixture.group}:leaf: 100 hits', f'{fixture.group}:run: 1 hits'])
    page.click(frame('step'))
    check(page.run('[...document.querySelectorAll("g")].filter(g => g.style.display === "none").length > 0'), True)
    other = f'{fixture.group}:run: 1 hits'
    check([width_of(page, other), label_of(page, other)], [100, other])
    page.key('f', control=True)
    page.type('parse')
    check(text_of(page, '.found'), '1 frame, 59.41 %')
    return page


def difference(fixture, browser):
    """The hostile program has no parse(), and no inlined functions: what step() had is run()'s."""
    fixture.report('--diff', 'hostile.data', 'plain.data', '-s', 'object', '--flamegraph', 'difference.svg')
    page = Page(browser, fixture.folder / 'difference.svg')
    colours = {name: page.run(f'{frame(name)}.getAttribute("class")') for name in ('main', 'parse', 'run', 'step')}
    check(colours, {'main': 'same', 'parse': 'grew d4', 'run': 'same', 'step': 'grew d3'})
    check(page.run(f'{frame("step")}.querySelector("title").textContent').endswith(
        '30 hits, 30.00 %; before 0 hits, 0.00 %; +30.00 points'), True)
    check(text_of(page, '.legend'), 'share grewshare shrank')
    return page


def hostile_flamegraph(fixture, browser):
    fixture.report('-i', 'hostile.data', '-s', 'comm,text', '--flamegraph', 'hostile.svg')
    page = Page(browser, fixture.folder / 'hostile.svg')
    check(page.run('window.hurt === undefined'), True)
    check(page.run('document.querySelectorAll("script").length'), 1)
    check(width_of(page, HOSTILE_FUNCTION), 60)
    check(label_of(page, HOSTILE_FUNCTION), HOSTILE_FUNCTION)
    check(label_of(page, HOSTILE_NAME.replace('\x1b', '\\x1b')), '"><svg onload=\\x1b')
    page.mouse(frame(HOSTILE_FUNCTION))
    check(text_of(page, '.details').startswith(HOSTILE_FUNCTION), True)
    check(page.run('document.querySelectorAll("script").length'), 1)
    return page


def column(page, number):
    return page.run(f'[...document.querySelectorAll(".hits tbody tr")].map(row => row.cells[{number}].textContent)')


def click_head(page, number):
    page.click(f'document.querySelectorAll(".hits th button")[{number}]')


def html(fixture, browser):
    fixture.report('-i', 'plain.data', '--html', 'plain.html', '-s', 'text')
    check((fixture.folder / 'plain.html').stat().st_mode & 0o777, 0o600)
    page = Page(browser, fixture.folder / 'plain.html')
    check(page.run('[...document.querySelectorAll("dl .number dd")].slice(0, 2).map(e => e.textContent)'), ['100', '0'])

    check(column(page, 2), ['60', '30', '10'])
    click_head(page, 2)
    check(column(page, 2), ['10', '30', '60'])
    click_head(page, 1)
    check(column(page, 1), ['</script><b>', 'three', 'two'])
    click_head(page, 1)
    check(column(page, 1), ['two', 'three', '</script><b>'])
    click_head(page, 3)
    check(column(page, 3), ['60.00 %', '30.00 %', '10.00 %'])

    hits = page.run('JSON.parse(document.getElementById("data").textContent).rates.lines.map(line => line.hits)')
    check((len(hits), sum(hits[0])), (1, 100))
    check(page.run('document.querySelectorAll("#rates path").length'), 2)
    check(page.run('/NaN|Infinity/.test(document.getElementById("rates").innerHTML)'), False)

    # parse() gives 0 to 59, step() powers of two up to 2^29, run() 7.
    check(page.run('[...document.querySelectorAll("#field option")].map(o => o.textContent)'), [f'{fixture.group}:leaf: size'])
    facts = page.run('Object.fromEntries([...document.querySelectorAll(".facts span")].map(s => [s.firstChild.data, s.lastChild.textContent]))')
    check([facts[name] for name in ('count', 'mean', 'least', 'p50', 'greatest')], ['100', '10,737,436.63', '0', '33', '536,870,912'])
    ranges = page.run('[...document.querySelectorAll(".ranges > span")].map(s => s.textContent)')
    check(ranges[:4], ['0', '', '', '1  ·  1.00 %'])
    check(ranges[12:16], ['4', 'to 7', '', '15  ·  15.00 %'])
    return page


def html_two_events(fixture, browser):
    fixture.report('-i', 'two.data', '--html', 'two.html')
    page = Page(browser, fixture.folder / 'two.html')
    check(page.run('[...document.querySelectorAll("#rates .keys i")].length'), 2)
    fields = page.run('[...document.querySelectorAll("#field option")].map(o => o.textContent)')
    check(fields, [f'{fixture.group}:leaf: size', f'{fixture.group}:run: stack'])
    page.run('document.getElementById("field").focus()')
    page.key('ArrowDown')
    check(page.run('document.querySelector(".facts b").textContent'), '1')
    return page


def html_flamegraph(fixture, browser):
    """The graph in the page does what the file of its own does."""
    fixture.report('-i', 'plain.data', '--html', 'plain.html')
    page = Page(browser, fixture.folder / 'plain.html')
    zoom_and_search(page)
    return page


def html_hostile(fixture, browser):
    fixture.report('-i', 'hostile.data', '-s', 'comm,text,symbol', '--html', 'hostile.html')
    page = Page(browser, fixture.folder / 'hostile.html')
    check(page.run('window.hurt === undefined'), True)
    check(page.run('document.querySelectorAll("script").length'), 3)
    check(column(page, 1)[0], '"><svg onload=\\x1b')
    check(column(page, 2)[0], '</script><b>')
    check(label_of(page, HOSTILE_FUNCTION), HOSTILE_FUNCTION)
    page.mouse(frame(HOSTILE_FUNCTION))
    check(text_of(page, '.details').startswith(HOSTILE_FUNCTION), True)
    return page


def html_policy(fixture, browser):
    """What a page were to run or to load besides would be refused: the policy stands should escaping ever fail."""
    fixture.report('-i', 'plain.data', '--html', 'plain.html')
    page = Page(browser, fixture.folder / 'plain.html')
    check(page.run("""new Promise(done => {
        const refused = [];
        document.addEventListener('securitypolicyviolation', event => {
          refused.push(event.effectiveDirective);
          if (refused.length === 3) done(refused.sort());
        });
        const script = document.createElement('script');
        script.textContent = 'window.hurt = 1';
        document.body.append(script);
        const picture = document.createElement('img');
        picture.src = 'other.png';
        const handler = document.createElement('div');
        handler.setAttribute('onclick', 'window.hurt = 2');
        document.body.append(handler);
        handler.click();
      })"""), ['img-src', 'script-src-attr', 'script-src-elem'])
    check(page.run('window.hurt === undefined'), True)
    page.forgive()
    return page


CASES = [flamegraph, flamegraph_narrow, flamegraph_callee, two_events, difference, hostile_flamegraph, html,
         html_two_events, html_flamegraph, html_hostile, html_policy]


def run_case(case, fixture, browser, pictures):
    page = case(fixture, browser)
    if pictures:
        for scheme in ('light', 'dark'):
            page.prefer(scheme)
            page.screenshot(pictures / f'{case.__name__}-{scheme}.png')
    check(page.complaints(), [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/src/cmd/dtrace++')
    parser.add_argument('--pictures', type=pathlib.Path)
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    if os.geteuid() != 0:
        skip('recording needs root')
    if not pathlib.Path('/sys/kernel/tracing/uprobe_events').exists():
        skip('this kernel has no uprobes')
    if shutil.which('chromium') is None:
        skip('there is no chromium')
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    program = options.program.resolve()
    leftovers.remove(program, 'dtpages')
    failed = 0
    cases = [case for case in CASES if not options.names or case.__name__ in options.names]
    with tempfile.TemporaryDirectory(prefix='dtp-pages-', ignore_cleanup_errors=True) as folder:
        fixture = Fixture(program, pathlib.Path(folder))
        fixture.record_all()
        browser = Browser(f'{folder}/profile')
        try:
            for case in cases:
                try:
                    run_case(case, fixture, browser, options.pictures)
                    print(f'ok   {case.__name__}')
                except Exception:
                    failed += 1
                    print(f'FAIL {case.__name__}')
                    print('    ' + traceback.format_exc().replace('\n', '\n    '))
        finally:
            browser.close()
    print(f'{len(cases) - failed} passed, {failed} failed, 0 skipped')
    sys.exit(failed > 0)


main()
