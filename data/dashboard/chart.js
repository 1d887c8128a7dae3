// SPDX-License-Identifier: LGPL-2.1-or-later
// Bars of events per minute.

import { number, shortNumber, text, time } from './language.js';
import { svg } from './dom.js';

const HEIGHT = 140;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;

/** 1, 2, 5, 10, 20 …: the least that is as much. */
function roundUp(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= n);
}

function drawLine(y, width, label) {
  return svg('g', {},
    svg('line', { x1: LEFT, x2: width, y1: y, y2: y, class: 'grid' }),
    svg('text', { x: LEFT - 6, y: y + 4, class: 'end' }, label));
}

function drawTime(x, at, place) {
  return svg('text', { x, y: HEIGHT - 6, class: place }, time(at));
}

/**
 * @param {{at: number, n: number}[]} minutes the last one is this one
 * @param {number} width in CSS pixels, so that what is written has its size
 * @returns {SVGElement} an image with a name
 */
export function drawChart(minutes, width) {
  const most = roundUp(Math.max(...minutes.map(({ n }) => n)));
  const floor = HEIGHT - BOTTOM;
  const step = (width - LEFT) / minutes.length;
  const bars = minutes.map(({ at, n }, index) => {
    const height = (n / most) * (floor - TOP);
    return svg('rect', {
      x: LEFT + index * step, y: floor - height, width: step * 0.8, height, class: 'bar', 'data-n': n,
    }, svg('title', {}, `${time(at)}: ${number(n)}`));
  });
  return svg('svg', {
    viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': describe(minutes),
  }, drawLine(TOP, width, shortNumber(most)), drawLine(floor, width, number(0)), ...bars,
  drawTime(LEFT, minutes[0].at, 'start'),
  drawTime(LEFT + (width - LEFT) / 2, minutes[minutes.length / 2].at, 'middle'),
  drawTime(width, minutes.at(-1).at, 'end'));
}

/** The same in words. */
export function describe(minutes) {
  const total = minutes.reduce((sum, { n }) => sum + n, 0);
  const most = minutes.reduce((best, minute) => (minute.n > best.n ? minute : best));
  const words = [text('chartTotal', { n: total }), text('chartNow', { n: minutes.at(-1).n })];
  if (most.n > 0) {
    words.push(text('chartMost', { n: most.n, time: time(most.at) }));
  }
  return words.join(' ');
}
