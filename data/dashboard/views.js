// SPDX-License-Identifier: LGPL-2.1-or-later
// What the model has, on the page.

import { drawChart, describe } from './chart.js';
import { arrange, byId, element, setText, update } from './dom.js';
import { bytes, dateAndTime, duration, hasText, moment, number, text, time } from './language.js';
import { STATUSES } from './model.js';

/* Of each status, so many posts are listed. */
const MAX_POSTS = 8;

// ---- GitHub's events ----

let items = new Map(); // what tells an event apart → its item

function drawStatus(status) {
  const known = ['pending', 'processed', 'failed'].includes(status) && hasText(status);
  return element('span', { class: `badge ${known ? status : ''}` }, known ? text(status) : String(status));
}

/* A name of words with _ or / between is best broken there. */
function breakable(name) {
  return name.split(/(?<=[_/])/).flatMap((part) => [part, element('wbr')]).slice(0, -1);
}

function drawEvent(event) {
  const instant = Date.parse(event.received_at);
  return [
    element('span', { class: 'name' }, ...breakable(String(event.event))),
    element('span', { class: 'repo' }, ...breakable(String(event.repo_full_name))),
    drawStatus(event.status),
    Number.isNaN(instant)
      ? element('span', { class: 'when' }, String(event.received_at))
      : element('time', { class: 'when', datetime: event.received_at, title: dateAndTime(instant) },
        moment(instant, Date.now())),
  ];
}

/* What was not there before shows that it is new. */
function takeItem(key, event, before) {
  const item = before.get(key) ?? element('li', before.size > 0 ? { class: 'new' } : {});
  update(item, ...drawEvent(event));
  return item;
}

function drawEvents(events) {
  const before = items;
  items = new Map();
  for (const event of events ?? []) {
    let key = String(event.delivery_id);
    while (items.has(key)) {
      key += ' '; // the same id, once of everyone's and once of the user's own
    }
    items.set(key, takeItem(key, event, before));
  }
  arrange(byId('events'), [...items.values()]);
  setText(byId('events-empty'), events === null ? '–' : text('noEvents'));
  byId('events-empty').hidden = items.size > 0;
  byId('events').parentNode.hidden = items.size === 0;
}

// ---- posts ----

function drawPost(post) {
  return element('li', {}, typeof post.title === 'string' && post.title !== '' ? post.title : text('untitled', { id: String(post.id) }));
}

function drawColumn(status, { stats, posts }) {
  const found = posts?.[status] ?? [];
  const n = stats?.[status] ?? posts?.[status].length ?? null;
  const heading = text(`posts${status[0].toUpperCase()}${status.slice(1)}`);
  const column = element('section', { class: `column ${status}`, 'aria-label': heading, 'data-status': status },
    element('h3', {}, heading, ' ', element('span', { class: 'figure' }, n === null ? '–' : number(n))));
  if (found.length > 0) {
    column.append(element('ul', {}, ...found.slice(0, MAX_POSTS).map(drawPost)));
  }
  if (found.length > MAX_POSTS) {
    column.append(element('p', { class: 'quiet' }, text('postsMore', { n: Math.max(n, found.length) - MAX_POSTS })));
  }
  return column;
}

function drawPosts(model) {
  update(byId('posts'), ...STATUSES.map((status) => drawColumn(status, model)));
}

// ---- figures ----

function drawQuota(quota) {
  const { used = 0, remaining = 0 } = quota ?? {};
  const meter = byId('quota');
  setText(byId('quota-text'), quota === null ? '–' : text('quotaText', { used, total: used + remaining }));
  meter.max = Math.max(used + remaining, 1);
  meter.value = used;
  meter.high = meter.max * 0.8;
  meter.setAttribute('aria-valuetext', byId('quota-text').textContent);
}

function drawMinutes(minutes) {
  const chart = byId('chart');
  setText(byId('chart-text'), describe(minutes));
  update(chart, drawChart(minutes, Math.max(chart.clientWidth, 200)));
}

function addOther(name) {
  const section = element('section', { class: 'other', 'data-stream': name }, element('h3', {}, name),
    element('p', { class: 'quiet' }), element('pre', { tabindex: 0, role: 'group', 'aria-label': name }));
  byId('others').append(section);
  return section;
}

/* In place, so that who reads one there is not thrown out. */
function drawOthers(others) {
  const sections = new Map([...byId('others').children].map((node) => [node.dataset.stream, node]));
  byId('others-section').hidden = others.size === 0;
  for (const [name, { data, at }] of others) {
    const [, last, json] = (sections.get(name) ?? addOther(name)).children;
    setText(last, text('otherLast', { type: data.type, time: time(at, true) }));
    setText(json, JSON.stringify(data, null, 2));
    sections.delete(name);
  }
  sections.forEach((section) => section.remove());
}

const DRAWERS = {
  'github-events': ({ events }) => drawEvents(events),
  'posts-stats': drawPosts,
  quota: ({ quota }) => drawQuota(quota),
  'events-count': ({ count }) => setText(byId('count'), count === null ? '–' : number(count)),
};

/**
 * Draws what streams have told, and the chart, which moves by itself.
 * @param {Iterable<string>} changed the streams that told anything
 */
export function drawModel(model, changed) {
  drawMinutes(model.perMinute(Date.now()));
  for (const stream of changed) {
    DRAWERS[stream]?.(model);
  }
  drawOthers(model.others);
}

/** Draws all of it anew, in another language or for another user. */
export function drawAll(model) {
  items = new Map();
  drawModel(model, Object.keys(DRAWERS));
}

// ---- the daemon ----

function sumOf(metrics, name, labels = {}) {
  const found = metrics.filter((metric) => metric.name === name
    && Object.entries(labels).every(([label, value]) => metric.labels[label] === value));
  return found.reduce((sum, { value }) => sum + value, 0);
}

function describeHealth({ up, ready, stopping }) {
  if (!up) {
    return text('healthDown');
  }
  if (ready) {
    return text('healthReady');
  }
  return text(stopping ? 'healthStopping' : 'healthNotReady');
}

function describeStore(metrics) {
  if (sumOf(metrics, 'rivulet_store_up') === 0) {
    return text('storeFailed');
  }
  return text(sumOf(metrics, 'rivulet_store_durable') > 0 ? 'storeOk' : 'storeVolatile');
}

function listFacts(daemon) {
  const { metrics } = daemon;
  const facts = [['health', describeHealth(daemon)]];
  if (daemon.up) {
    const start = sumOf(metrics, 'process_start_time_seconds');
    const version = metrics.find(({ name }) => name === 'rivulet_build_info');
    facts.push(['version', version?.labels.version ?? '–'],
      ['uptime', duration(Math.max(0, Date.now() / 1000 - start))],
      ['connections', text('connectionsOf', {
        n: sumOf(metrics, 'rivulet_connections'), most: sumOf(metrics, 'rivulet_max_connections'),
      })],
      ['store', describeStore(metrics)],
      ['memory', bytes(sumOf(metrics, 'process_resident_memory_bytes'))]);
  }
  return facts;
}

function drawRow({ name }, metrics) {
  const of = { stream: name };
  const cells = [
    sumOf(metrics, 'rivulet_clients', of),
    sumOf(metrics, 'rivulet_updates_total', { ...of, verdict: 'applied' }),
    sumOf(metrics, 'rivulet_updates_total', { ...of, verdict: 'refused' }),
  ].map(number);
  return element('tr', { 'data-stream': name },
    element('th', { scope: 'row' }, name),
    ...[...cells, bytes(sumOf(metrics, 'rivulet_queued_bytes', of))].map((cell) => element('td', {}, cell)));
}

/**
 * @param {{up: boolean}} daemon what watchDaemon() saw
 * @param {{name: string}[]} streams those that are served
 */
export function drawDaemon(daemon, streams) {
  update(byId('daemon'), ...listFacts(daemon).map(([name, value]) =>
    element('div', { 'data-fact': name }, element('dt', {}, text(name)), element('dd', {}, value))));
  if (daemon.up) {
    update(byId('streams'), ...streams.map((stream) => drawRow(stream, daemon.metrics)));
  }
}
