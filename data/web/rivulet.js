// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Follows streams of a Rivulet, in pages and in Node 20 or later.
 *
 * ```js
 * import { Rivulet } from 'https://app.example.org/api/rivulet.js';
 * const rivulet = new Rivulet('https://app.example.org/api', { token: () => fetchToken() });
 * rivulet.follow('quota', ({ quota }) => show(quota));
 * ```
 *
 * All streams of a page come over one connection, and on pages from https or localhost those of all
 * tabs that are open at the same origin, as long as their tokens say the same `sub`, `iss`, `aud`
 * and `streams`; tabs of different users have nothing to do with each other.
 *
 * @module
 */

import { Connection } from './rivulet/connection.js';
import { Line, canShare } from './rivulet/line.js';
import { Subscription, guard } from './rivulet/subscription.js';

export { EventStreamParser } from './rivulet/event-stream.js';

/** @typedef {import('./rivulet.js').State} State */
/** @typedef {import('./rivulet.js').Options} Options */
/** @typedef {import('./rivulet.js').Token} Token */
/** @typedef {import('./rivulet.js').Rivulet} Declared */

// How many events a stream begins with: when they have come, a tab has all that there is. Of other
// streams, it has by the first heartbeat.
/** @type {Record<string, number>} */
const INITIAL = { 'github-events': 1, 'posts-stats': 2, quota: 1, 'events-count': 1 };

/**
 * @param {Token} token
 * @returns {string | undefined} whom it is for, and for what; undefined where that can't be seen
 */
function identityOf(token) {
  try {
    const part = /** @type {string} */ (token).split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const { iss, sub, aud, streams } = JSON.parse(new TextDecoder().decode(bytes));
    return sub === undefined ? undefined : JSON.stringify([iss, sub, aud, streams]);
  } catch {
    return undefined;
  }
}

/** @implements {Declared} */
export class Rivulet {
  #url;
  #options;
  #settings;
  /** @type {State} */
  #state = { name: 'closed', reason: 'stopped' };
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  /** @type {Line?} */
  #line = null;
  /** Of the last token. @type {string | undefined} */
  #identity;
  /** A token that was not used yet. @type {{token: Token}?} */
  #unused = null;
  // How many tokens were asked for, and which of them is the newest that came.
  #asked = 0;
  #newest = 0;
  /** Brings late subscriptions what there is. @type {Connection?} */
  #priming = null;
  /** What comes over the line. @type {string[]} */
  #flowing = [];
  #stopped = false;
  #scheduled = false;

  /** @param {string | URL} url @param {Options} [options] */
  constructor(url, options = {}) {
    this.#url = new URL(url, globalThis.location?.href).href.replace(/\/+$/, '');
    this.#options = options;
    this.#settings = {
      url: this.#url,
      token: () => this.#token(),
      cookies: options.token === undefined,
      retries: options.retries ?? 3,
      delay: options.delay ?? 1000,
      maxDelay: options.maxDelay ?? 30_000,
      silence: options.silence ?? 45_000,
    };
  }

  get state() {
    return this.#state;
  }

  /** @param {string} stream @param {any} handlers as `rivulet.d.ts` has them, by stream */
  follow(stream, handlers) {
    const subscription = new Subscription(stream, handlers);
    this.#subscriptions.add(subscription);
    this.#schedule();
    return () => {
      subscription.end();
      if (this.#subscriptions.delete(subscription)) this.#schedule();
    };
  }

  open() {
    this.#stopped = false;
    if (this.#line) this.#wake();
    else this.#schedule();
  }

  close() {
    this.#stopped = true;
    this.#end({ name: 'closed', reason: 'stopped' });
  }

  #wake = () => {
    this.#line?.wake();
    if (this.#priming) this.#priming.wake();
    else this.#prime();
  };

  #look = () => {
    if (!globalThis.document?.hidden) this.#wake();
  };

  /** What is followed in one go is asked for at once. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const streams = [...new Set([...this.#subscriptions].map(({ stream }) => stream))];
      if (this.#stopped) return;
      if (streams.length === 0) {
        this.#end({ name: 'closed', reason: 'stopped' });
      } else if (this.#line) {
        this.#line.follow(streams);
      } else {
        this.#dial();
      }
    });
  }

  /** On the line of the user whom the last token was for. */
  #dial() {
    const shared = this.#options.share !== false && canShare() && this.#identity !== undefined;
    const name = shared ? `${this.#url} ${this.#identity}` : undefined;
    /** @type {Line} */
    const line = new Line(this.#settings, name, (news) => this.#line === line && this.#take(news));
    this.#line = line;
    globalThis.addEventListener?.('online', this.#wake);
    globalThis.document?.addEventListener('visibilitychange', this.#look);
    this.#schedule();
  }

  #hangUp() {
    this.#priming?.close();
    this.#priming = null;
    this.#line?.leave();
    this.#line = null;
    globalThis.removeEventListener?.('online', this.#wake);
    globalThis.document?.removeEventListener('visibilitychange', this.#look);
    this.#flowing = [];
    for (const subscription of this.#subscriptions) subscription.restart();
  }

  /** Whoever it is for afterwards, another token says. @param {State} state */
  #end(state) {
    this.#hangUp();
    this.#identity = undefined;
    this.#unused = null;
    this.#newest = this.#asked;
    this.#tell(state);
  }

  /**
   * A token for one attempt. Where it is for another user, all begins anew, on another line.
   *
   * @returns {Promise<Token>}
   */
  async #token() {
    if (this.#unused) {
      const { token } = this.#unused;
      this.#unused = null;
      return token;
    }
    const number = ++this.#asked;
    const { token: make } = this.#options;
    const token = typeof make === 'function' ? await make() : make;
    const identity = identityOf(token);
    // Who was slow may say who it was before.
    const late = number <= this.#newest;
    this.#newest = Math.max(this.#newest, number);
    if (identity === this.#identity) return token;
    if (late) throw new Error('there is a newer token');
    this.#identity = identity;
    this.#unused = { token };
    this.#hangUp();
    this.#dial();
    return token;
  }

  /** @param {import('./rivulet/leader.js').News} news */
  #take(news) {
    if (news.kind === 'event') {
      for (const subscription of this.#subscriptions) subscription.take(news.event);
    } else if (news.kind === 'connected') {
      for (const subscription of this.#subscriptions)
        if (news.fresh && news.streams.includes(subscription.stream)) subscription.begin(true);
      this.#flowing = news.streams;
      this.#prime();
      // Another tab has the connection.
      this.#unused = null;
    } else if (news.state.name === 'closed' && news.state.reason !== 'failed') {
      // Another tab may have what is needed.
      this.#stopped = true;
      this.#end(news.state);
    } else {
      this.#tell(news.state);
    }
  }

  /**
   * Who follows a stream that others followed before asks for what there is, on a connection that
   * ends when that has come. What comes over the line meanwhile is kept, and taken after it.
   */
  #prime() {
    const late = [...this.#subscriptions].filter((subscription) =>
      subscription.waits && this.#flowing.includes(subscription.stream));
    if (this.#priming || late.length === 0) return;
    const missing = new Map(late.map(({ stream }) => [stream, INITIAL[stream] ?? Infinity]));
    const end = () => {
      priming.close();
      this.#priming = null;
    };
    const done = () => {
      if (this.#priming !== priming) return; // a handler has closed it
      end();
      for (const subscription of late) subscription.begin();
      this.#prime();
    };
    const priming = new Connection(this.#settings, {
      state: (state) => {
        // What came before it asks is in what it will get.
        if (state.name === 'connecting') for (const subscription of late) subscription.keep();
        if (state.name !== 'closed') return;
        end();
        for (const subscription of late) subscription.restart();
        this.#take({ kind: 'state', state });
      },
      event: (event) => {
        for (const subscription of late) subscription.prime(event);
        missing.set(event.stream, (missing.get(event.stream) ?? 0) - 1);
        if ([...missing.values()].every((count) => count <= 0)) done();
      },
      comment: done,
    });
    this.#priming = priming;
    priming.follow([...missing.keys()]);
  }

  /** @param {State} state */
  #tell(state) {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    guard(() => this.#options.onState?.(state));
  }
}
