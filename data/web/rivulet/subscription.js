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

/**
 * Calls what a page has given. As with listeners of events, an error is reported, and others get
 * theirs.
 *
 * @param {() => void} call
 */
export function guard(call) {
  try {
    call();
  } catch (error) {
    if (typeof reportError === 'function') reportError(error);
    else queueMicrotask(() => { throw error; });
  }
}

export class Subscription {
  stream;
  /** Whether it has no initial events yet. */
  waits = true;
  #handlers;
  #ended = false;
  /** What comes while it is asked for what there is. @type {StreamEvent[]?} */
  #kept = null;
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

  /** Nothing is handed on any more. */
  end() {
    this.#ended = true;
  }

  /** Begins anew: initial events come again. */
  restart() {
    this.waits = true;
    this.#kept = null;
    this.#initial = '';
    this.#position = -1;
  }

  /** From now on keeps what comes over the line; what came before is in what it will get. */
  keep() {
    this.restart();
    this.#kept = [];
  }

  /** Takes what comes over the line from now on. @param {boolean} [fresh] but not what was kept */
  begin(fresh = false) {
    if (fresh) this.restart();
    const kept = this.#kept ?? [];
    this.#kept = null;
    this.waits = false;
    const [epoch, position] = split(this.#initial);
    for (const event of kept) {
      const [its, at] = split(event.id);
      if (its !== epoch || at > position) this.take(event);
    }
  }

  /** @param {StreamEvent} event that comes over the line */
  take(event) {
    if (event.stream !== this.stream) return;
    if (this.waits) this.#kept?.push(event);
    else this.prime(event);
  }

  /** @param {StreamEvent} event that is for it even while it waits */
  prime(event) {
    if (this.waits) this.#initial ||= event.id;
    if (this.#ended || event.stream !== this.stream || this.#had(event)) return;
    const handler = typeof this.#handlers === 'function' ? this.#handlers
      : Object.hasOwn(this.#handlers, event.type) ? this.#handlers[event.type] : undefined;
    if (handler) guard(() => handler(JSON.parse(event.data), event));
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
