// SPDX-License-Identifier: LGPL-2.1-or-later
// What a subscription of rivulet.js hands on where connections overlap: each event once, in order.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Subscription } from '../../data/web/rivulet/subscription.js';

function subscribe(handlers) {
  const got = [];
  const subscription = new Subscription('s', handlers ?? ((data, { id }) => got.push([id, data])));
  const event = (id, data, type = 'new') => ({ stream: 's', type, id, data: JSON.stringify(data) });
  return { got, subscription, event };
}

test('what is kept comes after what there is, without what is in that', () => {
  const { got, subscription, event } = subscribe();
  subscription.take(event('e-2', 2));
  subscription.keep();
  for (const position of [3, 4, 5, 6]) subscription.take(event(`e-${position}`, position));
  assert.deepEqual(got, []);
  subscription.prime(event('e-5', 'all', 'list'));
  subscription.begin();
  subscription.take(event('e-7', 7));
  assert.deepEqual(got, [['e-5', 'all'], ['e-6', 6], ['e-7', 7]]);
});

test('a resume that begins further back brings nothing twice', () => {
  const { got, subscription, event } = subscribe();
  subscription.begin();
  for (const position of [1, 2, 3, 2, 3, 4]) subscription.take(event(`e-${position}`, position));
  assert.deepEqual(got.map(([, data]) => data), [1, 2, 3, 4]);
});

test('views of one update have one id', () => {
  const { got, subscription, event } = subscribe();
  subscription.begin();
  subscription.take(event('e-9', 1, 'stats'));
  subscription.take(event('e-9', 2, 'posts'));
  subscription.take(event('e-9', 2, 'posts'));
  // Rendered anew without an update, as where a setting was changed.
  subscription.take(event('e-9', 3, 'stats'));
  assert.deepEqual(got.map(([, data]) => data), [1, 2, 3]);
});

test('nothing is kept where nobody asked for what there is', () => {
  const { got, subscription, event } = subscribe();
  subscription.take(event('e-1', 1));
  subscription.begin();
  assert.deepEqual(got, []);
});

test('a handler that ends it while it takes what was kept', () => {
  const got = [];
  const { subscription, event } = subscribe((data) => {
    got.push(data);
    subscription.end();
  });
  subscription.keep();
  for (const position of [1, 2, 3]) subscription.take(event(`e-${position}`, position));
  subscription.begin();
  assert.deepEqual(got, [1]);
});

test('another epoch may have smaller positions', () => {
  const { got, subscription, event } = subscribe();
  subscription.begin();
  subscription.take(event('e-9', 1));
  subscription.take(event('f-2', 2));
  assert.deepEqual(got.map(([, data]) => data), [1, 2]);
});

test('what was kept is forgotten where all begins anew', () => {
  const { got, subscription, event } = subscribe();
  subscription.keep();
  subscription.take(event('e-1', 1));
  subscription.begin(true);
  subscription.take(event('e-0', 0));
  assert.deepEqual(got.map(([, data]) => data), [0]);
});

test('a handler for a type, and none', () => {
  const got = [];
  const { subscription, event } = subscribe({ one: (data) => got.push(data) });
  subscription.begin();
  subscription.take(event('e-1', 1, 'one'));
  subscription.take(event('e-2', 2, 'two'));
  subscription.take(event('e-3', 3, '__proto__'));
  subscription.take({ ...event('e-4', 4, 'one'), stream: 'other' });
  assert.deepEqual(got, [1]);
});

test('a handler that throws is reported, and the next event comes', () => {
  const [got, reported] = [[], []];
  globalThis.reportError = (error) => reported.push(error.message);
  const { subscription, event } = subscribe((data) => {
    if (data === 1) throw new Error('no');
    got.push(data);
  });
  subscription.begin();
  subscription.take(event('e-1', 1));
  subscription.take(event('e-2', 2));
  assert.deepEqual([got, reported], [[2], ['no']]);
});
