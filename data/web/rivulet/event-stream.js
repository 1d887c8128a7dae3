// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Takes `text/event-stream` apart (WHATWG HTML, section 9.2.6), however its bytes are cut.
 *
 * @module
 */

/** @typedef {import('../rivulet.js').RawEvent} RawEvent */
/** @typedef {import('../rivulet.js').EventStreamParser} Declared */

/** @implements {Declared} */
export class EventStreamParser {
  /** The last id that came, which the next connection says in `Last-Event-ID`. */
  lastEventId;
  /** Milliseconds that the server last asked to wait before a new connection. @type {number?} */
  retry = null;
  /** How many comments came; servers send them to show that they are there. */
  comments = 0;

  // Not `fatal`: what is no UTF-8 becomes U+FFFD. It takes a byte order mark away.
  #decoder = new TextDecoder();
  #line = '';
  #afterReturn = false;
  #id;
  #type = '';
  /** @type {string[]} */
  #data = [];

  /** @param {string} [lastEventId] that of the connection before */
  constructor(lastEventId = '') {
    this.lastEventId = this.#id = lastEventId;
  }

  /**
   * @param {Uint8Array} bytes what came
   * @returns {RawEvent[]} the events that are complete with it
   */
  feed(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return [];
    // A line feed that belongs to a carriage return which was the last that came.
    if (this.#afterReturn && text[0] === '\n') text = text.slice(1);
    this.#afterReturn = text === '' ? false : text.endsWith('\r');
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = this.#line + lines[0];
    this.#line = /** @type {string} */ (lines.pop());
    return lines.flatMap((line) => this.#take(line) ?? []);
  }

  /** @param {string} line */
  #take(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.comments++;
      return null;
    }
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch() {
    const event = { id: this.#id, type: this.#type || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.lastEventId = this.#id;
    this.#type = '';
    this.#data = [];
    return empty ? null : event;
  }
}
