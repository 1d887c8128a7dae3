// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that says what a test has it say, also what rivuletd never would; and waiting for it.
import { once } from 'node:events';
import { createServer } from 'node:http';

const PATIENCE = Number(process.env.RIVULET_TEST_PATIENCE ?? 30) * 1000;

/** Waits until the function returns what is true; returns that. */
export async function until(condition) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not in time: ${condition}`);
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}

/** A token of a user, which nobody has signed. */
export function tokenOf(sub) {
  return `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`;
}

/**
 * @param context of node:test, with whose test it ends
 * @param answer (request, response, number), or several, the last one for ever
 * @returns {{url, requests}} `requests` is what was asked so far
 */
export async function serve(context, ...answers) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1](request, response, requests.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** An answer that begins a stream with a text, and ends it or not. */
export function stream(text, { end = false, type = 'text/event-stream; charset=utf-8' } = {}) {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': type });
    response.write(text);
    if (end) response.end();
  };
}

/** An answer with a status, and what else may be in its head. */
export function status(number, head = {}, body = '') {
  return (_, response) => response.writeHead(number, head).end(body);
}

export function event(id, type, data = '{}') {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
