// The table, the time line and the distribution of the page. Texts of the recording become text nodes only.
(() => {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const space = 'http://www.w3.org/2000/svg';
  const hues = [208, 33, 152, 4, 275, 55, 320, 185, 215];
  const count = (number) => number.toLocaleString('en');
  // The same for numbers that are texts, since they may be greater than a script can count.
  const grouped = (text) => text.replace(/\B(?=(\d{3})+(\.|$))/g, ',');

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    Object.assign(made, attributes);
    made.append(...children);
    return made;
  }

  function shape(name, attributes, ...children) {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // Sorts by the column whose head is clicked: numbers from the greatest on, texts from the first on; then the reverse.
  function sortable(table) {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    const numberIn = (text) => Number(text.replace(/ %$/, ''));
    heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
      const rows = Array.from(body.rows, (row) => [row.cells[column].textContent, row]);
      const areNumbers = rows.every(([text]) => text !== '' && Number.isFinite(numberIn(text)));
      const last = head.getAttribute('aria-sort');
      const descending = last ? last === 'ascending' : areNumbers;
      rows.sort(([a], [b]) => (areNumbers ? numberIn(a) - numberIn(b) : a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1));
      heads.forEach((each) => each.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      body.append(...rows.map(([, row]) => row));
    }));
  }

  // About that many round numbers from 0 to the greatest.
  function ticks(greatest, wanted) {
    const raw = greatest / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
    return Array.from({length: Math.floor(greatest / step * (1 + 1e-9)) + 1}, (_, i) => Number((i * step).toPrecision(12)));
  }

  function time(seconds) {
    for (const [unit, name] of [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs']])
      if (seconds >= unit) return `${Number((seconds / unit).toPrecision(4))} ${name}`;
    return seconds === 0 ? '0' : `${Number((seconds * 1e9).toPrecision(4))} ns`;
  }

  function rate(number) {
    for (const [unit, name] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']])
      if (number >= unit) return Number((number / unit).toPrecision(4)) + name;
    return String(Number(number.toPrecision(4)));
  }

  function drawRates(place, {step, lines}) {
    const height = 190, left = 56, top = 8;
    const steps = lines[0].hits.length;
    const greatest = Math.max(...lines.map((line) => Math.max(...line.hits))) / step;
    const keys = lines.map((line, i) => {
      const key = element('span', {className: 'key'}, element('i'), line.event);
      key.style.setProperty('--hue', hues[i]);
      return key;
    });
    const reading = element('span', {className: 'key'});
    const svg = shape('svg', {role: 'img', 'aria-label': 'events per second over time'});
    place.append(element('div', {className: 'keys'}, ...keys, reading), svg);

    const draw = () => {
      const width = Math.max(100, svg.clientWidth - left - 12);
      const x = (at) => left + at / steps * width;
      const y = (perSecond) => top + height - perSecond / greatest * height;
      svg.replaceChildren();
      for (const tick of ticks(greatest, 4)) {
        svg.append(shape('line', {class: 'axis', x1: left, x2: left + width, y1: y(tick), y2: y(tick)}),
          shape('text', {x: left - 6, y: y(tick) + 4, 'text-anchor': 'end'}, rate(tick) + '/s'));
      }
      for (const tick of ticks(steps * step, Math.max(2, width / 150)))
        svg.append(shape('text', {x: x(tick / step), y: top + height + 18, 'text-anchor': 'middle'}, time(tick)));
      lines.forEach((line, i) => {
        // Each step is a level of its own.
        const levels = line.hits.map((hits, at) => `${x(at).toFixed(1)} ${y(hits / step).toFixed(1)}H${x(at + 1).toFixed(1)}`);
        const path = 'M' + levels.join('L');
        const area = shape('path', {class: 'area', d: `${path}V${y(0)}H${left}Z`});
        const border = shape('path', {d: path});
        for (const drawn of [area, border]) drawn.style.setProperty('--hue', hues[i]);
        svg.append(area, border);
      });
      const cursor = shape('line', {class: 'cursor', y1: top, y2: top + height, visibility: 'hidden'});
      svg.append(cursor);
      svg.onmousemove = (event) => {
        const at = Math.floor((event.clientX - svg.getBoundingClientRect().left - left) / width * steps);
        const inside = at >= 0 && at < steps;
        cursor.setAttribute('visibility', inside ? 'visible' : 'hidden');
        cursor.setAttribute('x1', x(at + 0.5));
        cursor.setAttribute('x2', x(at + 0.5));
        reading.textContent = inside ? `${time(at * step)}: ` + lines.map((line) => count(line.hits[at])).join(', ') + ' hits' : '';
      };
      svg.onmouseleave = () => {
        cursor.setAttribute('visibility', 'hidden');
        reading.textContent = '';
      };
    };
    draw();
    window.addEventListener('resize', draw);
  }

  function drawDistribution(place, {facts, ranges}) {
    const all = ranges.reduce((sum, range) => sum + range[2], 0);
    const greatest = Math.max(...ranges.map((range) => range[2]));
    const rows = element('div', {className: 'ranges'});
    for (const [first, last, hits] of ranges) {
      const bar = element('i');
      bar.style.width = hits === 0 ? '0' : `max(1px, ${100 * hits / greatest}%)`;
      rows.append(element('span', {}, grouped(first)),
        element('span', {className: 'to'}, first === last ? '' : `to ${grouped(last)}`),
        element('span', {className: 'bar'}, bar), element('span', {}, `${count(hits)}  ·  ${(100 * hits / all).toFixed(2)} %`));
    }
    place.replaceChildren(
      element('div', {className: 'facts'}, ...facts.map(([name, value]) => element('span', {}, name, element('b', {}, grouped(value))))),
      rows);
  }

  document.querySelectorAll('table.hits').forEach(sortable);
  if (data.rates.lines.length > 0) drawRates(document.getElementById('rates'), data.rates);
  const field = document.getElementById('field');
  if (field && data.numbers.length > 0) {
    const show = () => drawDistribution(document.getElementById('distribution'), data.numbers[field.selectedIndex]);
    field.append(...data.numbers.map((numbers) => element('option', {}, `${numbers.event}: ${numbers.field}`)));
    field.addEventListener('change', show);
    show();
  }
})();
