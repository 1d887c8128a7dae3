// SPDX-License-Identifier: LGPL-2.1-or-later
// The class Rivulet, where a page does what it may, at any time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { Rivulet } from '../../data/web/rivulet.js';
import { event, serve, status, stream, tokenOf, until } from './server.mjs';

const QUOTA = stream(event('e-1', 'quota/quota', '{"quota":1}'));

async function start(context, answers, options = {}) {
  const server = await serve(context, ...answers);
  const states = [];
  const rivulet = new Rivulet(server.url, { token: tokenOf('1'), delay: 1, ...options,
    onState: (state) => {
      states.push(state);
      options.onState?.(state);
    } });
  context.after(() => rivulet.close());
  return { ...server, rivulet, states };
}

const userOf = ({ headers }) =>
  JSON.parse(Buffer.from(headers.authorization.split('.')[1], 'base64url')).sub;
const usersOf = (requests) => requests.filter(({ headers }) => headers.authorization).map(userOf);

/** What is asked for now is asked for before this ends. */
async function settle(url) {
  for (let count = 0; count < 3; count++) await (await fetch(url)).body.cancel();
}

test('an onState that throws is reported, and breaks nothing', async (context) => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  const got = [];
  const { rivulet, states } = await start(context, [status(503), QUOTA],
    { onState: ({ name }) => { throw new Error(name); } });
  rivulet.follow('quota', (data) => got.push(data));
  await until(() => got.length === 1);
  assert.deepEqual(states.map(({ name }) => name), ['connecting', 'waiting', 'connecting', 'open']);
  assert.deepEqual(reported, states.map(({ name }) => name));
  rivulet.close();
  delete globalThis.reportError;
});

test('a token that comes late does not bring the user before back', async (context) => {
  const calls = [];
  const token = () => new Promise((resolve) => { calls.push(resolve); });
  const { rivulet, requests, url } = await start(context, [QUOTA], { token });
  rivulet.follow('quota', () => {});
  await until(() => calls.length === 1);
  rivulet.follow('posts-stats', () => {});
  await until(() => calls.length === 2);
  calls[1](tokenOf('new'));
  await until(() => requests.length === 1);
  calls[0](tokenOf('old'));
  await settle(url);
  assert.equal(rivulet.state.name, 'open');
  assert.deepEqual(usersOf(requests), ['new']);
});

test('nor one that was asked for before close()', async (context) => {
  const calls = [];
  const token = () => new Promise((resolve) => { calls.push(resolve); });
  const { rivulet, requests, url } = await start(context, [QUOTA], { token });
  rivulet.follow('quota', () => {});
  await until(() => calls.length === 1);
  rivulet.close();
  rivulet.open();
  await until(() => calls.length === 2);
  calls[0](tokenOf('old'));
  await settle(url);
  calls[1](tokenOf('new'));
  await until(() => rivulet.state.name === 'open');
  assert.deepEqual(usersOf(requests), ['new']);
});

test('who is another user from the next connection on', async (context) => {
  const [tokens, got] = [[tokenOf('a'), tokenOf('b')], []];
  const { rivulet, requests } = await start(context,
    [stream(event('e-9', 'quota/quota', '{"quota":1}'), { end: true }), QUOTA],
    { token: () => tokens.shift() });
  rivulet.follow('quota', ({ quota }, { id }) => got.push([quota, id]));
  await until(() => got.length === 2);
  assert.deepEqual(usersOf(requests), ['a', 'b']);
  assert.equal(requests[1].headers['last-event-id'], undefined);
});

test('a stream that is followed once more, and can not be had at once', async (context) => {
  const got = [];
  const { rivulet, states } = await start(context,
    [QUOTA, status(503), QUOTA], { retries: 0 });
  rivulet.follow('quota', () => {});
  await until(() => rivulet.state.name === 'open');
  rivulet.follow('quota', (data) => got.push(data));
  await until(() => rivulet.state.name === 'closed');
  rivulet.open();
  await until(() => got.length === 1 && rivulet.state.name === 'open');
  assert.equal(states.at(-2).name, 'closed');
});

test('close() while it gets what there is', async (context) => {
  const got = [];
  const { rivulet, requests } = await start(context, [QUOTA]);
  rivulet.follow('quota', () => {});
  await until(() => rivulet.state.name === 'open');
  rivulet.follow('quota', (data) => {
    got.push(data);
    if (got.length === 1) rivulet.close();
  });
  await until(() => got.length === 1);
  assert.deepEqual(rivulet.state, { name: 'closed', reason: 'stopped' });
  rivulet.open();
  await until(() => got.length === 2);
  assert.equal(requests.length, 3);
});

test('who does not follow any more gets nothing, in the middle of what there is', async (context) => {
  const [got, ended] = [[], []];
  const { rivulet } = await start(context, [stream(''), stream(
    [1, 2, 3].map((number) => event(`e-${number}`, 'weather/wind', '{}')).join('') + ':\n')]);
  rivulet.follow('weather', () => {});
  await until(() => rivulet.state.name === 'open');
  const stop = rivulet.follow('weather', () => {
    got.push(1);
    stop();
  });
  rivulet.follow('weather', (_, { id }) => ended.push(id));
  await until(() => ended.length === 3);
  assert.equal(got.length, 1);
});

test('the state where nothing is followed any more', async (context) => {
  const { rivulet, requests } = await start(context, [QUOTA]);
  const stop = rivulet.follow('quota', () => {});
  await until(() => rivulet.state.name === 'open');
  stop();
  await until(() => requests[0].destroyed);
  assert.deepEqual(rivulet.state, { name: 'closed', reason: 'stopped' });
  const got = [];
  rivulet.follow('quota', (data) => got.push(data));
  await until(() => got.length === 1);
});

test('follow() after close() waits for open()', async (context) => {
  const { rivulet, requests } = await start(context, [QUOTA]);
  rivulet.close();
  rivulet.follow('quota', () => {});
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.equal(requests.length, 0);
  rivulet.open();
  await until(() => rivulet.state.name === 'open');
});

for (const end of ['rivulet.close()', 'stop()']) {
  test(`a program ends after ${end}`, async (context) => {
    const { url } = await serve(context, QUOTA);
    const program = spawn(process.execPath, ['--input-type=module', '--eval', `
      import { Rivulet } from ${JSON.stringify(import.meta.resolve('../../data/web/rivulet.js'))};
      const rivulet = new Rivulet(${JSON.stringify(url)}, { token: 'x' });
      const stop = rivulet.follow('quota', () => ${end});`], { stdio: 'inherit' });
    context.after(() => program.kill());
    assert.deepEqual(await once(program, 'exit'), [0, null]);
  });
}
