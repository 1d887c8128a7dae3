// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Some streams over one response, which is asked for again when it ends.
 *
 * @module
 */

import { EventStreamParser } from './event-stream.js';

/** @typedef {import('../rivulet.js').State} State */
/** @typedef {import('../rivulet.js').StreamEvent} StreamEvent */
/**
 * @typedef {object} Settings
 * @property {string} url without a slash at its end
 * @property {() => Promise<import('../rivulet.js').Token>} token
 * @property {boolean} cookies whether the browser's cookies say who it is
 * @property {number} retries
 * @property {number} delay
 * @property {number} maxDelay
 * @property {number} silence
 */
/**
 * @typedef {object} Sink
 * @property {(state: State) => void} state
 * @property {(streams: string[], fresh: boolean) => void} [connected] before the first event;
 *   `fresh`: that will be the streams' initial ones
 * @property {(event: StreamEvent) => void} event
 * @property {() => void} [comment]
 */

/** Milliseconds. A timer of more fires at once. */
export const LONGEST = 2 ** 31 - 1;

/** How one response ended, or why there was none. */
class End extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// What a new attempt would not change. Others of 4xx say so of the request.
const REASONS = /** @type {const} */ ({ 401: 'unauthorized', 403: 'forbidden' });

/** @param {number} [status] @returns {'unauthorized' | 'forbidden' | 'rejected' | undefined} */
function reasonOf(status) {
  if (status === undefined || status < 400 || status >= 500) return undefined;
  if (status === 408 || status === 429) return undefined;
  return REASONS[/** @type {401} */ (status)] ?? 'rejected';
}

/** What the server says is wrong. @param {Response} response */
async function refusal(response) {
  const body = await response.json().catch(() => null);
  return new End(typeof body?.message === 'string' ? body.message : `HTTP ${response.status}`,
    response.status);
}

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {Promise<T>} promise what may never come
 * @returns {Promise<T>}
 */
function unless(signal, promise) {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

export class Connection {
  /** What the next response resumes from. @type {string} */
  id;
  /** @type {State} */
  state = { name: 'connecting' };
  /** @type {string[]} */
  #streams = [];
  /** @type {Set<string>} */
  #asked = new Set();
  #settings;
  #sink;
  #closed = false;
  #changed = false;
  #running = false;
  /** Attempts in a row that failed. */
  #failures = 0;
  #lastCame = 0;
  /** @type {number?} */
  #retry = null;
  #attempt = new AbortController();
  /** @type {(() => void)?} */
  #wake = null;

  /** @param {Settings} settings @param {Sink} sink @param {string} [id] */
  constructor(settings, sink, id = '') {
    this.#settings = settings;
    this.#sink = sink;
    this.id = id;
  }

  /**
   * From now on follows these streams, and resumes where it was. What is not wanted any more is
   * only left out the next time.
   *
   * @param {string[]} streams
   */
  follow(streams) {
    this.#streams = streams;
    if (!this.#running) this.#run();
    else if (streams.some((stream) => !this.#asked.has(stream))) this.#change();
  }

  /** Tries at once where it waits, or where nothing came for long, and counts from there. */
  wake() {
    this.#failures = 0;
    if (this.#wake) this.#wake();
    else if (this.#running && Date.now() - this.#lastCame > this.#settings.silence / 2) {
      this.#tell({ name: 'connecting' });
      this.#change();
    }
  }

  /** Makes the next attempt at once where it waits for that. */
  hurry() {
    if (this.state.name === 'waiting') this.#wake?.();
  }

  close() {
    this.#closed = true;
    this.#attempt.abort();
    this.#wake?.();
  }

  #change() {
    this.#changed = true;
    this.#attempt.abort();
  }

  /** @param {State} state */
  #tell(state) {
    if (this.#closed) return;
    this.state = state;
    this.#sink.state(state);
  }

  async #run() {
    this.#running = true;
    let renewed = false;
    for (;;) {
      this.#changed = false;
      if (this.#failures > 0 || this.state.name !== 'open') this.#tell({ name: 'connecting' });
      if (this.#closed) return;
      const end = await this.#respond();
      if (this.#closed) return;
      if (this.#changed) continue;
      if (end.opened) [this.#failures, renewed] = [0, false];
      // Its token may just have expired: another one is asked for, once.
      if (end.status === 401 && !renewed) {
        renewed = true;
        continue;
      }
      const reason = reasonOf(end.status);
      const error = end.message;
      if (reason || this.#failures >= this.#settings.retries) {
        this.#tell({ name: 'closed', reason: reason ?? 'failed', error });
        this.#failures = 0;
        renewed = false;
        await this.#sleep();
      } else {
        const delay = this.#delayOf(this.#failures++);
        this.#tell({ name: 'waiting', attempt: this.#failures, delay, error });
        await this.#sleep(delay);
      }
    }
  }

  /** What the server asks for comes first; from there it is doubled. @param {number} failures */
  #delayOf(failures) {
    const first = this.#retry ?? this.#settings.delay;
    const most = Math.max(first, this.#settings.maxDelay);
    return Math.min(first * 2 ** failures, most, LONGEST);
  }

  /** @param {number} [delay] without one, until it is woken */
  #sleep(delay) {
    if (this.#closed) return undefined;
    return new Promise((resolve) => {
      const timer = delay === undefined ? undefined : setTimeout(() => this.#wake?.(), delay);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve(undefined);
      };
    });
  }

  /**
   * One attempt, to its end.
   *
   * @returns {Promise<{opened: boolean, status?: number, message: string}>}
   */
  async #respond() {
    const { silence } = this.#settings;
    const attempt = (this.#attempt = new AbortController());
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const came = () => {
      clearTimeout(timer);
      this.#lastCame = Date.now();
      timer = setTimeout(() => attempt.abort(new End(`nothing came for ${silence} ms`)),
        Math.min(silence, LONGEST));
    };
    let opened = false;
    try {
      came();
      const response = await this.#ask(attempt.signal);
      opened = true;
      this.#tell({ name: 'open' });
      await this.#read(response, came);
      return { opened, message: 'the stream ended' };
    } catch (thrown) {
      const error = /** @type {any} */ (attempt.signal.aborted ? attempt.signal.reason : thrown);
      return { opened, status: error?.status, message: String(error?.message ?? error) };
    } finally {
      clearTimeout(timer);
      attempt.abort();
    }
  }

  /** @param {AbortSignal} signal @returns {Promise<Response>} of a stream */
  async #ask(signal) {
    const { url, cookies } = this.#settings;
    const streams = this.#streams;
    this.#asked = new Set(streams);
    const token = await unless(signal, this.#settings.token());
    const fresh = !this.id;
    const query = new URLSearchParams(streams.map((stream) => ['stream', stream]));
    /** @type {Record<string, string>} */
    const headers = { Accept: 'text/event-stream' };
    // What is no field's value would be in the error that says so.
    if (token && !/^[\x21-\x7e]+$/.test(token)) throw new End('the token is not one of HTTP');
    if (token) headers.Authorization = `Bearer ${token}`;
    if (this.id) headers['Last-Event-ID'] = this.id;
    const response = await fetch(`${url}/streams?${query}`, {
      headers, signal, cache: 'no-store', credentials: cookies ? 'include' : 'same-origin',
    });
    if (!response.ok) throw await refusal(response);
    // A portal, or a page for every path.
    if (!/^text\/event-stream *(;|$)/i.test(response.headers.get('Content-Type') ?? ''))
      throw new End(`${url}/streams is no event stream`);
    this.#sink.connected?.(streams, fresh);
    return response;
  }

  /** @param {Response} response @param {() => void} came */
  async #read(response, came) {
    const parser = new EventStreamParser(this.id);
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let comments = 0; ;) {
      const { done, value } = await reader.read();
      if (done || this.#closed) return;
      came();
      for (const { id, type, data } of parser.feed(value)) {
        if (this.#closed) return;
        const slash = type.indexOf('/');
        this.#sink.event({ stream: type.slice(0, slash), type: type.slice(slash + 1), id, data });
      }
      this.id = parser.lastEventId;
      this.#retry = parser.retry ?? this.#retry;
      if (parser.comments > comments) this.#sink.comment?.();
      comments = parser.comments;
    }
  }
}
