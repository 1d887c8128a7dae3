// SPDX-License-Identifier: LGPL-2.1-or-later
// The parser of rivulet.js: what WHATWG HTML, section 9.2.6, says, and the same however it is cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventStreamParser } from '../../data/web/rivulet.js';

/** [what it is, the stream, its events as [type, data, id], more of the parser] */
const CASES = [
  ['an event of each kind', 'data: a\n\nevent: x\ndata: b\nid: 1\n\ndata: c\n\n',
    [['message', 'a', ''], ['x', 'b', '1'], ['message', 'c', '1']]],
  ['carriage returns',
    'event: x\rdata: a\rdata: b\r\rdata: c\r\r', [['x', 'a\nb', ''], ['message', 'c', '']]],
  ['both', 'event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n', [['x', 'a', ''], ['message', 'b', '']]],
  ['all line ends in one',
    'data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n',
    [['message', 'a\nb\nc', ''], ['message', 'd', '']]],
  ['a line feed after a carriage return is one end',
    'data: a\r\n\ndata: b\r\r\n', [['message', 'a', ''], ['message', 'b', '']]],
  ['a byte order mark, once',
    '\ufeffdata: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n',
    [['message', 'a', ''], ['message', '\ufeffc', '']]],
  ['lines of data', 'data: a\ndata\ndata:\ndata: \ndata:  b\n\n', [['message', 'a\n\n\n\n b', '']]],
  ['empty data is an event',
    'data\n\ndata:\n\ndata\ndata\n\n',
    [['message', '', ''], ['message', '', ''], ['message', '\n', '']]],
  ['no data is none, and its type is gone',
    'event: x\nid: 1\n\ndata: a\n\n', [['message', 'a', '1']]],
  ['an id with NUL is ignored',
    'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n', [['message', 'a', '1'], ['message', 'b', '1']]],
  ['an empty id',
    'id: 1\ndata: a\n\nid\ndata: b\n\n', [['message', 'a', '1'], ['message', 'b', '']]],
  ['an id without an event', 'id: 7\n\n', [], { lastEventId: '7' }],
  ['an id whose event is not complete', 'id: 6\n\nid: 7\n', [], { lastEventId: '6' }],
  ['retry', 'retry: 250\n', [], { retry: 250 }],
  ['retry of digits only',
    'retry: 250\nretry: 3x\nretry: -1\nretry: 1.5\nretry:\nretry: +9\nretry:  8\n',
    [], { retry: 250 }],
  ['comments', ':\n: heartbeat\n:data: a\ndata: b\n\n', [['message', 'b', '']], { comments: 3 }],
  ['unknown fields', 'dataa: a\nData: b\n data: c\nx\ndata: d\n\n', [['message', 'd', '']]],
  ['colons', 'data:a:b: c\n\n', [['message', 'a:b: c', '']]],
  ['no space, and tabs', 'data:a\n\ndata:\tb\n\n', [['message', 'a', ''], ['message', '\tb', '']]],
  ['the end without an empty line', 'data: a\n\ndata: b\n', [['message', 'a', '']]],
  ['letters of one to four bytes',
    'event: ü\ndata: a ü € 🌊 \u2028 \x85\n\n', [['ü', 'a ü € 🌊 \u2028 \x85', '']]],
  ['NUL in data', 'data: a\0b\n\n', [['message', 'a\0b', '']]],
  ['of several streams',
    'id: e-1\nevent: quota/quota\ndata: {"type":"quota"}\n\n',
    [['quota/quota', '{"type":"quota"}', 'e-1']]],
];

function parse(chunks) {
  const parser = new EventStreamParser();
  const events = chunks.flatMap((chunk) => parser.feed(chunk))
    .map(({ type, data, id }) => [type, data, id]);
  const { lastEventId, retry, comments } = parser;
  return { events, lastEventId, retry, comments };
}

for (const [name, text, events, more] of CASES) {
  const bytes = new TextEncoder().encode(text);
  test(name, () => {
    const whole = parse([bytes]);
    assert.deepEqual(whole.events, events);
    for (const [key, value] of Object.entries(more ?? {})) assert.equal(whole[key], value, key);
  });
  test(`${name}, cut anywhere`, () => {
    const whole = parse([bytes]);
    for (let one = 0; one <= bytes.length; one++) {
      assert.deepEqual(parse([bytes.subarray(0, one), bytes.subarray(one)]), whole, `at ${one}`);
      for (let two = one; two <= bytes.length; two++) {
        const parts = [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)];
        assert.deepEqual(parse(parts), whole, `at ${one} and ${two}`);
      }
    }
    assert.deepEqual(parse([...bytes].map((byte) => Uint8Array.of(byte))), whole, 'everywhere');
  });
}

test('what is no UTF-8 is replaced', () => {
  const bytes = Uint8Array.of(...new TextEncoder().encode('data: a'), 0xff, 0x0a, 0x0a);
  assert.deepEqual(parse([bytes]).events, [['message', 'a\ufffd', '']]);
});

test('the id of the connection before', () => {
  const parser = new EventStreamParser('e-5');
  assert.equal(parser.feed(new TextEncoder().encode('data: a\n\n'))[0].id, 'e-5');
  assert.equal(parser.lastEventId, 'e-5');
});
