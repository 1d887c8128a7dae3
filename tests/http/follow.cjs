// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows one stream with a client from npm; prints a JSON line for each event.
//
//   node follow.cjs MODULES eventsource|polyfill URL TOKEN
//
// `eventsource` takes the token in ?token=, `polyfill` sends an Authorization header.
'use strict';

const path = require('node:path');

const [modules, kind, url, token] = process.argv.slice(2);
const types = ['events', 'events-update', 'new-event', 'event-update', 'event-delete', 'count'];

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function open() {
  if (kind === 'eventsource') {
    const { EventSource } = require(path.join(modules, 'eventsource'));
    return new EventSource(`${url}?token=${token}`);
  }
  const { EventSourcePolyfill } = require(path.join(modules, 'event-source-polyfill'));
  return new EventSourcePolyfill(url, {
    headers: { Authorization: `Bearer ${token}` },
    withCredentials: true,
  });
}

const source = open();
for (const type of types) {
  source.addEventListener(type, (event) => {
    print({ type, id: event.lastEventId, data: JSON.parse(event.data) });
  });
}
source.addEventListener('open', () => print({ type: 'open' }));
source.addEventListener('error', (event) => print({ type: 'error', message: event.message }));
