// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows a stream of new events with a client that people have; prints a JSON line for each event.
//
//   node client.mjs CLIENT URL <TOKEN
//
// It is run in a folder with node_modules. Each client is set up as its README says.
import { readFileSync } from 'node:fs';

const [client, url] = process.argv.slice(2);
const token = readFileSync(0, 'utf8').trim();
const headers = { Authorization: `Bearer ${token}` };
const types = ['events', 'events-update', 'new-event', 'event-update', 'event-delete'];

function print(type, id, data) {
  process.stdout.write(`${JSON.stringify({ type, id, data: data && JSON.parse(data) })}\n`);
}

function listen(source) {
  for (const type of types)
    source.addEventListener(type, (event) => print(type, event.lastEventId, event.data));
}

/** As its README has it for headers. */
const withHeaders = {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
};

const follow = {
  async 'eventsource 2'() {
    const { default: EventSource } = await import('eventsource-2');
    listen(new EventSource(url, { headers }));
  },
  async 'eventsource 3'() {
    const { EventSource } = await import('eventsource-3');
    listen(new EventSource(url, withHeaders));
  },
  async 'eventsource 4'() {
    const { EventSource } = await import('eventsource-4');
    listen(new EventSource(url, withHeaders));
  },
  async 'event-source-polyfill'() {
    const { EventSourcePolyfill } = (await import('event-source-polyfill')).default;
    listen(new EventSourcePolyfill(url, { headers, withCredentials: true }));
  },
  async 'fetch-event-source'() {
    // It asks a page whether it is seen, for which there has to be one.
    globalThis.window = globalThis;
    globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = (await import('@microsoft/fetch-event-source')).default;
    await fetchEventSource(url, {
      headers,
      openWhenHidden: true,
      onmessage: ({ event, id, data }) => event && print(event, id, data),
      // A response that ended properly is no error to it.
      onclose() { throw new Error('again'); },
      onerror() {},
    });
  },
  async 'eventsource-client'() {
    const { createEventSource } = await import('eventsource-client');
    createEventSource({ url, headers, onMessage: ({ event, id, data }) => print(event, id, data) });
  },
  /** The client of Rivulet itself, as npm packs and installs it. */
  async 'rivulet-client'() {
    const { Rivulet } = await import('rivulet-client');
    const { origin, searchParams } = new URL(url);
    const rivulet = new Rivulet(`${origin}/api`, { token });
    for (const stream of searchParams.getAll('stream'))
      rivulet.follow(stream, (_, { type, id, data }) => print(type, id, data));
  },
};

await follow[client]();
