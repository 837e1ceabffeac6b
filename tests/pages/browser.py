"""A headless Chromium, told what to do through a pipe (--remote-debugging-pipe): JSON with a NUL behind each message.

https://chromedevtools.github.io/devtools-protocol/ describes the methods. Nothing here waits for a time: each step waits
for the browser's answer.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import signal
import subprocess
import time

PATIENCE = 60  # seconds until a browser that does not answer fails the test


class Browser:
    def __init__(self, folder):
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()
        # The browser reads from 3 and writes to 4; neither of ours may be one of them.
        ours = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read_commands, write_answers)]

        def prepare():
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        self.process = subprocess.Popen(
            ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars',
             '--disable-background-networking', '--disable-dev-shm-usage', '--remote-debugging-pipe',
             f'--user-data-dir={folder}', '--window-size=1200,900', 'about:blank'],
            pass_fds=(3, 4), preexec_fn=prepare, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        for fd in (read_commands, write_answers, *ours):
            os.close(fd)
        self.received = b''
        self.last_id = 0
        self.events = []

    def close(self):
        try:
            self.call('Browser.close')
            self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def message(self, deadline):
        while b'\0' not in self.received:
            if not select.select([self.answers], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError('the browser does not answer')
            chunk = os.read(self.answers, 1 << 20)
            if not chunk:
                raise EOFError('the browser has ended')
            self.received += chunk
        text, self.received = self.received.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.last_id += 1
        request = {'id': self.last_id, 'method': method, 'params': parameters}
        if session:
            request['sessionId'] = session
        os.write(self.commands, json.dumps(request).encode() + b'\0')
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self.message(deadline)
            if message.get('id') == self.last_id:
                if 'error' in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message['result']
            self.events.append(message)

    def wait(self, method, session):
        """The next event of that name, also when it has come already."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for at, event in enumerate(self.events):
                if event.get('method') == method and event.get('sessionId') == session:
                    return self.events.pop(at)
            self.events.append(self.message(deadline))


class Page:
    """A file in a tab of its own."""

    def __init__(self, browser, path):
        self.browser = browser
        target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        self.url = pathlib.Path(path).absolute().as_uri()
        self.call('Page.navigate', url=self.url)
        browser.wait('Page.loadEventFired', self.session)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails']['exception'].get('description'))
        return answer['result'].get('value')

    def mouse(self, script, *kinds):
        """Moves the mouse into the middle of the element that the expression gives, and clicks."""
        x, y = self.run(f'(e => {{ e.scrollIntoView({{block: "center"}}); const b = e.getBoundingClientRect(); '
                        f'return [b.x + b.width / 2, b.y + b.height / 2]; }})({script})')
        for kind in ('mouseMoved', *kinds):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def click(self, script):
        self.mouse(script, 'mousePressed', 'mouseReleased')

    def key(self, key, control=False):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, modifiers=2 if control else 0)

    def type(self, text):
        self.call('Input.insertText', text=text)

    def prefer(self, scheme):
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def screenshot(self, path):
        size = self.call('Page.getLayoutMetrics')['cssContentSize']
        shot = self.call('Page.captureScreenshot', captureBeyondViewport=True, clip={**size, 'scale': 1})
        pathlib.Path(path).write_bytes(base64.b64decode(shot['data']))

    def forgive(self):
        """What there was to complain of until now was meant."""
        self.run('0')
        self.browser.events = [event for event in self.browser.events if event.get('sessionId') != self.session]

    def complaints(self):
        """What the page did that it should not: errors, messages, dialogs, requests for anything else."""
        self.run('0')  # whatever was under way has been told by now
        found = []
        for event in self.browser.events:
            if event.get('sessionId') != self.session:
                continue
            method, parameters = event.get('method'), event.get('params', {})
            if method in ('Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded',
                          'Page.javascriptDialogOpening'):
                found.append(json.dumps(parameters)[:500])
            elif method == 'Network.requestWillBeSent' and parameters['request']['url'] != self.url:
                found.append('asks for ' + parameters['request']['url'])
        return found
