// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * One connection for all tabs of an origin that follow the same Rivulet as the same user.
 *
 * Each tab asks for one lock (Web Locks). Who gets it leads: it has the connection, and tells the
 * others what comes on a BroadcastChannel. When its tab is closed, the browser gives the lock to
 * another one, which resumes where the first one was. Each tab also holds a lock of its own, by which
 * the leader sees that it is gone. Browsers neither freeze a page that holds a lock nor keep it for
 * going back, or should not; a leader that hangs does not answer, and another tab takes its lock.
 *
 * A SharedWorker could have the connection as well, but only where the script is of the page's own
 * origin and no bundler has moved it, and it would have to ask a tab for each token.
 *
 * @module
 */

import { LONGEST } from './connection.js';
import { Leader } from './leader.js';

/** @typedef {import('./connection.js').Settings} Settings */
/** @typedef {import('./leader.js').News} News */
/**
 * @typedef {object} Member what a tab says of itself: what it follows, and the last id that it had
 * @property {string} member
 * @property {string[]} streams
 * @property {string} id
 */
/**
 * What tabs say to the leader, and what a new one asks of them.
 * @typedef {({kind: 'want'} & Member) | {kind: 'wake', attempt?: number} | {kind: 'who'}} Request
 */

// What tabs tell one another; those with another version of it have nothing to do with each other.
const PROTOCOL = 1;

// Milliseconds that a new leader waits for the others; who is stuck says later what it follows.
const PATIENCE = 1000;

// Milliseconds in which a leader that is asked for the state says it.
const ANSWER = 5000;

const UUID_LENGTH = 36;

/** @param {string} id @returns {number} its position in the log, which only grows */
const positionOf = (id) => Number(id.slice(id.lastIndexOf('-') + 1));

/** @returns {boolean} whether tabs can share: in browsers, on pages from https or localhost */
export function canShare() {
  return typeof location === 'object' && typeof BroadcastChannel === 'function'
    && typeof navigator?.locks?.request === 'function';
}

export class Line {
  #settings;
  #receive;
  #member = '';
  #id = '';
  /** @type {string[]} */
  #streams = [];
  /** @type {Leader?} */
  #leader = null;
  /** @type {BroadcastChannel?} */
  #channel = null;
  /** While this tab is about to lead: what the others said. @type {Map<string, Member>?} */
  #others = null;
  #heard = () => {};
  #leaving = new AbortController();
  /** Ends its request for the lock, or that it leads. */
  #term = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #nudge;
  /**
   * Until the leader is asked whether it is there, or counts as gone.
   * @type {ReturnType<typeof setTimeout> | undefined}
   */
  #watch;

  /**
   * @param {Settings} settings
   * @param {string | undefined} name of the line; without one, this tab is alone
   * @param {(news: News) => void} receive
   */
  constructor(settings, name, receive) {
    this.#settings = settings;
    this.#receive = receive;
    // Where the page may not have locks, as in some frames, it is alone as well.
    if (name === undefined) this.#goAlone();
    else this.#join(`rivulet ${PROTOCOL} ${name}`).catch(() => this.#goAlone());
  }

  /** @param {string[]} streams what this tab follows from now on */
  follow(streams) {
    this.#streams = streams;
    this.#ask({ kind: 'want', ...this.#self() });
  }

  /** Tries at once where the connection waits, or nothing came for long. */
  wake() {
    this.#ask({ kind: 'wake' });
    this.#probe();
  }

  leave() {
    clearTimeout(this.#nudge);
    clearTimeout(this.#watch);
    this.#leaving.abort();
    this.#resign();
    this.#channel?.close();
  }

  /** @returns {Member} */
  #self() {
    return { member: this.#member, streams: this.#streams, id: this.#id };
  }

  #goAlone() {
    if (this.#leaving.signal.aborted) return;
    this.#leader = new Leader(this.#settings, '', '', (news) => this.#take(news));
    if (this.#streams.length > 0) this.follow(this.#streams);
  }

  /** @param {string} name */
  async #join(name) {
    const { signal } = this.#leaving;
    const member = `${name} ${crypto.randomUUID()}`;
    /** @type {Promise<void>} */
    const left = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    // Who has not its own lock yet would count as gone.
    await new Promise((resolve, reject) => {
      navigator.locks.request(member, () => {
        resolve(undefined);
        return left;
      }).catch(reject);
    });
    if (signal.aborted) return;
    this.#member = member;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#stand(name);
    this.#probe();
  }

  /** Leads as soon as nobody else does, or at once. @param {string} name @param {boolean} [steal] */
  #stand(name, steal = false) {
    this.#resign();
    const term = (this.#term = new AbortController());
    const over = new Promise((resolve) => term.signal.addEventListener('abort', resolve));
    navigator.locks.request(name, steal ? { steal } : { signal: term.signal }, async () => {
      await this.#lead(name, term.signal);
      await over;
    }).catch((error) => {
      // Another tab took it, as this one did not answer.
      if (term.signal.aborted || error?.name !== 'AbortError') return;
      this.#stand(name);
      this.#probe();
    });
  }

  #resign() {
    this.#term.abort();
    this.#leader?.close();
    this.#leader = null;
    this.#others = null;
  }

  /** Asks the leader for the state; where it does not say it, it hangs, and this tab leads. */
  #probe() {
    const channel = this.#channel;
    clearTimeout(this.#watch);
    this.follow(this.#streams);
    if (!channel || this.#leader) return;
    // Not all tabs at once.
    const delay = ANSWER * (1 + Math.random());
    this.#watch = setTimeout(() => this.#stand(channel.name, true), delay);
  }

  /** The leader is there. */
  #rest() {
    const { silence } = this.#settings;
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#probe(), Math.min(silence, LONGEST));
  }

  /** Asks the others what they follow, and leads. @param {string} name @param {AbortSignal} over */
  async #lead(name, over) {
    clearTimeout(this.#watch);
    const { held = [] } = await navigator.locks.query();
    const members = held.filter((lock) => lock.name?.slice(0, -UUID_LENGTH) === `${name} `
      && lock.name !== this.#member).length;
    if (over.aborted) return;
    const others = (this.#others = /** @type {Map<string, Member>} */ (new Map()));
    await new Promise((resolve) => {
      this.#heard = () => others.size >= members && resolve(undefined);
      setTimeout(resolve, PATIENCE);
      this.#channel?.postMessage({ kind: 'who' });
      this.#heard();
    });
    if (over.aborted) return;
    this.#others = null;
    // Of all the one that is least far, so that nobody misses anything; the others had the rest.
    const [id = ''] = [this.#self(), ...others.values()].map((other) => other.id).filter(Boolean)
      .sort((a, b) => positionOf(a) - positionOf(b));
    this.#leader = new Leader(this.#settings, this.#member, id, (news) => this.#tell(news));
    for (const other of others.values()) this.#answer({ kind: 'want', ...other });
    this.follow(this.#streams);
  }

  /** From another tab. @param {News | Request} message */
  #hear(message) {
    if (this.#leaving.signal.aborted) return;
    if (message.kind === 'want' || message.kind === 'wake') {
      this.#answer(message);
    } else if (!this.#leader) {
      this.#rest();
      if (message.kind === 'who') this.follow(this.#streams);
      else this.#take(message);
    }
  }

  /** @param {Request} request to the leader, wherever it is */
  #ask(request) {
    if (this.#leader) this.#answer(request);
    else this.#channel?.postMessage(request);
  }

  /** @param {Request} request */
  #answer(request) {
    if (request.kind === 'wake') this.#leader?.wake(request.attempt);
    if (request.kind !== 'want') return;
    const { member, streams } = request;
    if (this.#leader) {
      if (member !== this.#member && !this.#leader.knows(member)) this.#lookAfter(member);
      this.#leader.want(member, streams);
    } else if (this.#others) {
      this.#others.set(member, request);
      this.#heard();
    }
  }

  /** Its lock can be had when the tab is gone. @param {string} member */
  #lookAfter(member) {
    const { signal } = this.#term;
    navigator.locks.request(member, { signal }, () => this.#leader?.forget(member)).catch(() => {});
  }

  /** @param {News} news from this tab, which leads, to all */
  #tell(news) {
    if (this.#leaving.signal.aborted) return;
    this.#channel?.postMessage(news);
    this.#take(news);
  }

  /** @param {News} news */
  #take(news) {
    if (this.#leaving.signal.aborted) return;
    if (news.kind === 'state' && news.members && !news.members.includes(this.#member)) return;
    if (news.kind === 'event') this.#id = news.event.id || this.#id;
    else if (news.kind === 'connected') this.#id ||= news.id;
    else this.#nudgeAfter(news.state);
    this.#receive(news);
  }

  /**
   * Browsers slow the clocks of hidden tabs down: one that is seen has the leader try in time.
   *
   * @param {import('../rivulet.js').State} state
   */
  #nudgeAfter(state) {
    clearTimeout(this.#nudge);
    if (this.#leader || state.name !== 'waiting' || globalThis.document?.hidden) return;
    const { attempt, delay } = state;
    this.#nudge = setTimeout(() => this.#ask({ kind: 'wake', attempt }), delay);
  }
}
