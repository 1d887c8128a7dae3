// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * What one call of follow() follows: hands events on, each once, and the initial ones first.
 *
 * @module
 */

/** @typedef {import('../rivulet.js').StreamEvent} StreamEvent */
/** @typedef {(data: any, event: StreamEvent) => void} Handler */
/** @typedef {Handler | Record<string, Handler>} Handlers */

/** @param {string} id @returns {[string, number]} its epoch, and its position in the log */
function split(id) {
  const dash = id.lastIndexOf('-');
  return [id.slice(0, dash), Number(id.slice(dash + 1))];
}

export class Subscription {
  stream;
  /** Whether it has no initial events yet. */
  waits = true;
  #handlers;
  /** What came meanwhile. @type {StreamEvent[]} */
  #kept = [];
  /** The id of its initial events, in which all is that was published until then. */
  #initial = '';
  // Where it is: the position in the log, and the events that came with that id, by type.
  #epoch = '';
  #position = -1;
  /** @type {Map<string, string>} */
  #there = new Map();

  /** @param {string} stream @param {Handlers} handlers */
  constructor(stream, handlers) {
    this.stream = stream;
    this.#handlers = handlers;
  }

  /** Begins anew: initial events come again. */
  restart() {
    this.waits = true;
    this.#kept = [];
    this.#initial = '';
    this.#position = -1;
  }

  /** Takes what comes over the line from now on. @param {boolean} [fresh] but not what was kept */
  begin(fresh = false) {
    if (fresh) this.restart();
    this.waits = false;
    const [epoch, position] = split(this.#initial);
    for (const event of this.#kept.splice(0)) {
      const [its, at] = split(event.id);
      if (its !== epoch || at > position) this.take(event);
    }
  }

  /** @param {StreamEvent} event that comes over the line */
  take(event) {
    if (event.stream !== this.stream) return;
    if (this.waits) this.#kept.push(event);
    else this.prime(event);
  }

  /** @param {StreamEvent} event that is for it even while it waits */
  prime(event) {
    if (this.waits) this.#initial ||= event.id;
    if (event.stream !== this.stream || this.#had(event)) return;
    const handler = typeof this.#handlers === 'function' ? this.#handlers
      : Object.hasOwn(this.#handlers, event.type) ? this.#handlers[event.type] : undefined;
    if (!handler) return;
    try {
      handler(JSON.parse(event.data), event);
    } catch (error) {
      // As with listeners of events: it is reported, and the others get theirs.
      if (typeof reportError === 'function') reportError(error);
      else queueMicrotask(() => { throw error; });
    }
  }

  /**
   * Whether it had this event. Where two connections overlap, or one resumes for a tab that was
   * less far, events come again; ids never go backwards, and what has the same id is either another
   * view or another rendering, or the same.
   *
   * @param {StreamEvent} event
   */
  #had({ id, type, data }) {
    const [epoch, position] = split(id);
    if (epoch === this.#epoch && position < this.#position) return true;
    if (epoch !== this.#epoch || position !== this.#position) this.#there.clear();
    if (this.#there.get(type) === data) return true;
    this.#epoch = epoch;
    this.#position = position;
    this.#there.set(type, data);
    return false;
  }
}
