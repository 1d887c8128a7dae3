// SPDX-License-Identifier: LGPL-2.1-or-later
// How rivulet.js asks for a response, and what it makes of each answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Connection } from '../../data/web/rivulet/connection.js';
import { event, serve, status, stream, until } from './server.mjs';

const SETTINGS = {
  token: async () => 'secret', cookies: false, retries: 3, delay: 1, maxDelay: 30_000,
  silence: 45_000,
};

/** One that follows quota, with all that it tells. */
async function connect(context, answers, settings = {}, sink = {}) {
  const server = await serve(context, ...answers);
  const [states, events] = [[], []];
  const connection = new Connection({ ...SETTINGS, url: server.url, ...settings }, {
    state: (state) => {
      states.push(state);
      sink.state?.(state, connection);
    },
    event: (one) => {
      events.push(one);
      sink.event?.(one, connection);
    },
  });
  context.after(() => connection.close());
  connection.follow(['quota']);
  const closed = () => until(() => states.findLast(({ name }) => name === 'closed'));
  const names = () => states.map(({ name }) => name);
  const delays = () => states.filter(({ name }) => name === 'waiting').map(({ delay }) => delay);
  return { ...server, connection, states, events, closed, names, delays };
}

test('what it asks for, and what it gets', async (context) => {
  const { connection, events, requests } = await connect(context,
    [stream(event('e-1', 'quota/quota', '{"a":1}') + event('e-2', 'a/b/c'), { end: true }),
      stream(event('e-3', 'quota/quota'))]);
  await until(() => events.length === 3);
  assert.deepEqual(events[0], { stream: 'quota', type: 'quota', id: 'e-1', data: '{"a":1}' });
  assert.deepEqual([events[1].stream, events[1].type], ['a', 'b/c']);
  assert.deepEqual(requests.map(({ url }) => url), Array(2).fill('/streams?stream=quota'));
  assert.equal(requests[0].headers.authorization, 'Bearer secret');
  assert.deepEqual(requests.map(({ headers }) => headers['last-event-id']), [undefined, 'e-2']);
  connection.follow(['quota', 'posts-stats']);
  await until(() => requests.length === 3);
  assert.equal(requests[2].url, '/streams?stream=quota&stream=posts-stats');
  assert.equal(requests[2].headers['last-event-id'], 'e-3');
});

test('attempts in a row, and another row when it is woken', async (context) => {
  const { connection, closed, delays, states, requests } = await connect(context, [status(503)]);
  assert.deepEqual(await closed(), { name: 'closed', reason: 'failed', error: 'HTTP 503' });
  assert.deepEqual([delays(), requests.length], [[1, 2, 4], 4]);
  states.length = 0;
  connection.wake();
  await closed();
  assert.deepEqual([delays(), requests.length], [[1, 2, 4], 8]);
});

test('a row begins anew where it is woken while it waits', async (context) => {
  let woken = 0;
  const { closed, requests } = await connect(context, [status(503)], {}, {
    state: ({ name, attempt }, connection) => {
      if (name === 'waiting' && attempt === 3 && woken++ === 0)
        queueMicrotask(() => connection.wake());
    },
  });
  await closed();
  assert.equal(requests.length, 7);
});

test('to hurry is no new row', async (context) => {
  const { closed, requests } = await connect(context, [status(503)], { delay: 1e6 }, {
    state: (_, connection) => queueMicrotask(() => connection.hurry()),
  });
  await closed();
  assert.equal(requests.length, 4);
});

test('a response resets the count', async (context) => {
  const [bad, good] = [status(503), stream('', { end: true })];
  const { closed, states } = await connect(context, [bad, bad, good, bad]);
  await closed();
  assert.deepEqual(states.filter(({ name }) => name === 'waiting').map(({ attempt }) => attempt),
    [1, 2, 1, 2, 3]);
});

test('delays grow to the most', async (context) => {
  const { closed, delays } = await connect(context, [status(503)],
    { retries: 5, delay: 2, maxDelay: 7 });
  await closed();
  assert.deepEqual(delays(), [2, 4, 7, 7, 7]);
});

test('the server may ask for longer ones', async (context) => {
  const { closed, delays } = await connect(context,
    [stream('retry: 9\n\n', { end: true }), status(503)], { maxDelay: 7 });
  await closed();
  assert.deepEqual(delays(), [9, 9, 9]);
});

test('a delay that is too long for a timer is not none', async (context) => {
  const { delays } = await connect(context,
    [stream('retry: 99999999999999999999\n\n', { end: true })]);
  await until(() => delays().length > 0);
  assert.deepEqual(delays(), [2 ** 31 - 1]);
});

test('silence may be allowed for ever', async (context) => {
  const slow = (request, response) => setTimeout(() => stream(':\n')(request, response), 20);
  const { names } = await connect(context, [slow], { silence: Infinity });
  await until(() => names().includes('open'));
  assert.deepEqual(names(), ['connecting', 'open']);
});

test('no retry where there are none', async (context) => {
  const { closed, requests } = await connect(context, [status(503)], { retries: 0 });
  await closed();
  assert.equal(requests.length, 1);
});

test('silence is a failure, before the answer and after it', async (context) => {
  const { events, states } = await connect(context,
    [() => {}, stream(':\n'), stream(event('e-1', 'quota/quota'))], { silence: 200 });
  await until(() => events.length === 1);
  const errors = states.filter(({ name }) => name === 'waiting').map(({ error }) => error);
  assert.deepEqual(errors, Array(2).fill('nothing came for 200 ms'));
});

test('401 asks for another token, once', async (context) => {
  const tokens = ['a', 'b', 'c', 'd'];
  const { closed, requests } = await connect(context,
    [status(401), stream('', { end: true }), status(401, {}, '{"message":"Invalid token"}')],
    { token: async () => tokens.shift() });
  assert.deepEqual(await closed(),
    { name: 'closed', reason: 'unauthorized', error: 'Invalid token' });
  assert.deepEqual(requests.map(({ headers }) => headers.authorization.at(-1)),
    ['a', 'b', 'c', 'd']);
});

for (const [number, reason, count] of [[403, 'forbidden', 1], [404, 'rejected', 1],
  [400, 'rejected', 1], [408, 'failed', 4], [429, 'failed', 4], [500, 'failed', 4]]) {
  test(`${number} is ${reason}`, async (context) => {
    const { closed, requests } = await connect(context, [status(number)]);
    assert.equal((await closed()).reason, reason);
    assert.equal(requests.length, count);
  });
}

test('a redirect is followed, with what it needs', async (context) => {
  const { events, requests } = await connect(context,
    [status(307, { Location: '/moved' }), stream(event('e-1', 'quota/quota'))]);
  await until(() => events.length === 1);
  assert.deepEqual([requests[1].url, requests[1].headers.authorization],
    ['/moved', 'Bearer secret']);
});

for (const type of ['text/html', 'text/event-stream-like', 'application/json', undefined]) {
  test(`an answer of type ${type} is none`, async (context) => {
    const answer = type ? stream(event('e-1', 'quota/quota'), { type, end: true }) : status(200);
    const { closed, events, url } = await connect(context, [answer]);
    const state = await closed();
    assert.deepEqual([state.reason, state.error], ['failed', `${url}/streams is no event stream`]);
    assert.deepEqual(events, []);
  });
}

for (const type of ['text/event-stream', 'Text/Event-Stream ;charset=utf-8']) {
  test(`an answer of type ${type} is one`, async (context) => {
    const { events } = await connect(context, [stream(event('e-1', 'quota/quota'), { type })]);
    await until(() => events.length === 1);
  });
}

for (const token of [undefined, null, '']) {
  test(`${JSON.stringify(token)} is no token`, async (context) => {
    const { closed, requests } = await connect(context, [status(401)],
      { token: async () => token });
    assert.equal((await closed()).reason, 'unauthorized');
    assert.ok(requests.every(({ headers }) => !('authorization' in headers)));
  });
}

test('a token that no header can have is in no error', async (context) => {
  const { closed, states, requests } = await connect(context, [status(401)],
    { token: async () => 'secret\nx' });
  await closed();
  assert.doesNotMatch(JSON.stringify(states), /secret/);
  assert.equal(requests.length, 0);
});

test('a token that is slow, and not wanted any more', async (context) => {
  let give;
  const { connection, requests } = await connect(context, [stream(':\n')],
    { token: () => new Promise((resolve) => { give = resolve; }) });
  const first = give;
  connection.follow(['quota', 'posts-stats']);
  await until(() => give !== first);
  first('old');
  give('new');
  await until(() => requests.length === 1);
  assert.equal(requests[0].headers.authorization, 'Bearer new');
  assert.equal(requests[0].url, '/streams?stream=quota&stream=posts-stats');
});

test('nothing is asked for once it is closed', async (context) => {
  let asked = 0;
  await connect(context, [stream(':\n')], { token: async () => { asked++; } },
    { state: (_, connection) => connection.close() });
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.equal(asked, 0);
});

test('nothing is handed on once it is closed', async (context) => {
  const { events } = await connect(context,
    [stream(event('e-1', 'quota/quota') + event('e-2', 'quota/quota'))], {},
    { event: (_, connection) => connection.close() });
  await until(() => events.length > 0);
  assert.equal(events.length, 1);
});
