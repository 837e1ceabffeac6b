// Zoom, search and labels of the flame graphs in this document. Without it they are drawings.
// A frame is <g data-at data-hits><title>name ...</title><rect/><text/></g>: numbers of hits place it.
(() => {
  'use strict';

  const textMargin = 4;
  const fewestLetters = 3;

  class Graph {
    constructor(svg) {
      this.svg = svg;
      this.hits = Number(svg.dataset.hits);
      this.frames = Array.from(svg.querySelectorAll('g'), (element) => ({
        element,
        rect: element.querySelector('rect'),
        text: element.querySelector('text'),
        lines: element.querySelector('title').textContent.split('\n'),
        at: Number(element.dataset.at),
        hits: Number(element.dataset.hits),
        depth: Number(element.dataset.depth),
        hidden: false,
      }));
      for (const frame of this.frames) {
        frame.words = frame.lines.slice(0, -1).join('\n').toLowerCase();
        frame.left = frame.at / this.hits;
        frame.width = frame.hits / this.hits;
      }
      this.frameOf = new Map(this.frames.map((frame) => [frame.element, frame]));
      this.zoomed = this.frames[0];
    }

    // The frame that a pointer event is for.
    frameAt(event) {
      return this.frameOf.get(event.target.closest('g'));
    }

    zoom(to) {
      this.zoomed = to;
      for (const frame of this.frames) {
        const above = frame.depth < to.depth && frame.at <= to.at && frame.at + frame.hits >= to.at + to.hits;
        const within = frame.depth >= to.depth && frame.at >= to.at && frame.at + frame.hits <= to.at + to.hits;
        frame.element.classList.toggle('above', above);
        const hidden = !above && !within;
        if (hidden !== frame.hidden) frame.element.style.display = hidden ? 'none' : '';
        frame.hidden = hidden;
        if (hidden) continue;
        frame.left = above ? 0 : (frame.at - to.at) / to.hits;
        frame.width = above ? 1 : frame.hits / to.hits;
        frame.rect.setAttribute('x', 100 * frame.left + '%');
        frame.rect.setAttribute('width', 100 * frame.width + '%');
      }
      this.label();
    }

    // Writes into each box as much of its name as has room there.
    label() {
      const width = this.svg.ownerSVGElement ? this.svg.width.baseVal.value : this.svg.clientWidth;
      const letter = this.letterWidth();
      for (const frame of this.frames) {
        if (frame.hidden) continue;
        const room = Math.floor((frame.width * width - 2 * textMargin) / letter);
        if (room < fewestLetters) {
          if (frame.text && frame.text.textContent !== '') frame.text.textContent = '';
          continue;
        }
        this.write(frame, room, letter);
      }
    }

    write(frame, room, letter) {
      if (!frame.text) {
        frame.text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
        frame.text.setAttribute('dx', textMargin);
        frame.text.setAttribute('y', Number(frame.rect.getAttribute('y')) + 13);
        frame.element.append(frame.text);
      }
      frame.text.setAttribute('x', 100 * frame.left + '%');
      const letters = Array.from(frame.lines[0]);
      frame.text.textContent = letters.length <= room ? frame.lines[0] : letters.slice(0, room - 1).join('') + '…';
      // Not every letter is as wide as the others.
      if (/[^ -~…]/.test(frame.text.textContent))
        while (room > 1 && frame.text.getComputedTextLength() > (room + 1) * letter)
          frame.text.textContent = letters.slice(0, --room - 1).join('') + '…';
    }

    letterWidth() {
      const probe = document.createElementNS('http://www.w3.org/2000/svg', 'text');
      probe.textContent = 'm'.repeat(20);
      this.svg.append(probe);
      const width = probe.getComputedTextLength() / 20;
      probe.remove();
      return width;
    }

    // Marks the frames whose name or file has the words. Frames within marked ones are not counted again.
    search(words) {
      const result = {frames: 0, hits: 0};
      let end = 0;
      for (const frame of this.frames) {
        const marked = words !== '' && frame.words.includes(words);
        frame.element.classList.toggle('marked', marked);
        if (!marked) continue;
        result.frames += 1;
        if (frame.at < end) continue;
        result.hits += frame.hits;
        end = frame.at + frame.hits;
      }
      this.svg.classList.toggle('searching', words !== '');
      return result;
    }
  }

  function start() {
    const graphs = Array.from(document.querySelectorAll('svg.graph'), (svg) => new Graph(svg));
    const [input, reset, found, details] = ['input', 'button', '.found', '.details'].map((what) =>
      document.querySelector('.controls ' + what));

    const zoom = (graph, frame) => {
      graph.zoom(frame);
      reset.disabled = graphs.every((each) => each.zoomed === each.frames[0]);
    };
    const resetAll = () => graphs.forEach((graph) => zoom(graph, graph.frames[0]));
    const search = () => {
      const results = graphs.map((graph) => graph.search(input.value.trim().toLowerCase()));
      const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);
      const frames = sum(results.map((result) => result.frames));
      const share = 100 * sum(results.map((result) => result.hits)) / sum(graphs.map((graph) => graph.hits));
      found.textContent = input.value.trim() === '' ? '' :
        frames === 0 ? 'no match' : `${frames} ${frames === 1 ? 'frame' : 'frames'}, ${share.toFixed(2)} %`;
    };

    for (const graph of graphs) {
      graph.svg.addEventListener('click', (event) => {
        const frame = graph.frameAt(event);
        if (frame) zoom(graph, frame);
      });
      graph.svg.addEventListener('mouseover', (event) => {
        const frame = graph.frameAt(event);
        details.textContent = frame ? frame.lines.join('  ·  ') : '';
      });
      graph.svg.addEventListener('mouseleave', () => { details.textContent = ''; });
    }
    input.addEventListener('input', search);
    reset.addEventListener('click', resetAll);
    window.addEventListener('resize', () => graphs.forEach((graph) => graph.label()));
    // Names are cut to their boxes, so that the browser's own search would not find them; a second Ctrl-F is its.
    window.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'f' && document.activeElement !== input) {
        event.preventDefault();
        input.focus();
        input.select();
      } else if (event.key === 'Escape') {
        input.value = '';
        search();
        resetAll();
      }
    });
    graphs.forEach((graph) => graph.label());
  }

  if (document.querySelector('svg.graph')) start();
})();
