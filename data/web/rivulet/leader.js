// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Has the connection of all tabs, and follows what any of them does.
 *
 * @module
 */

import { Connection } from './connection.js';

/** @typedef {import('../rivulet.js').State} State */
/** @typedef {import('../rivulet.js').StreamEvent} StreamEvent */
/**
 * What all tabs are told. `connected` comes before the events of a response: `fresh` says that the
 * first ones will be the streams' initial ones, `id` where it resumes. A state is of all tabs, or
 * of some.
 *
 * @typedef {{kind: 'state', state: State, members?: string[]}
 *   | {kind: 'connected', streams: string[], fresh: boolean, id: string}
 *   | {kind: 'event', event: StreamEvent}} News
 */

export class Leader {
  #connection;
  #own;
  #tell;
  /** Those of the response that comes. @type {string[]} */
  #streams = [];
  /** What each tab follows. @type {Map<string, string[]>} */
  #wanted = new Map();

  /**
   * @param {import('./connection.js').Settings} settings
   * @param {string} own of the tab that leads
   * @param {string} id of the last event that all tabs have
   * @param {(news: News) => void} tell
   */
  constructor(settings, own, id, tell) {
    this.#own = own;
    this.#tell = tell;
    this.#connection = new Connection(settings, {
      state: (state) => this.#take(state),
      connected: (streams, fresh) => {
        this.#streams = streams;
        tell({ kind: 'connected', streams, fresh, id: this.#connection.id });
      },
      event: (event) => tell({ kind: 'event', event }),
    }, id);
  }

  /** @param {string} member */
  knows(member) {
    return this.#wanted.has(member);
  }

  /**
   * A tab is told how things are.
   *
   * @param {string} member
   * @param {string[]} streams what it follows from now on
   */
  want(member, streams) {
    // Whoever opens a tab wants it now.
    if (!this.#wanted.has(member)) this.#connection.wake();
    this.#wanted.set(member, streams);
    const { state, id } = this.#connection;
    this.#tell({ kind: 'state', state });
    if (state.name === 'open')
      this.#tell({ kind: 'connected', streams: this.#streams, fresh: false, id });
    this.#update();
  }

  /** A tab was closed. @param {string} member */
  forget(member) {
    this.#wanted.delete(member);
    this.#update();
  }

  /** Has it try at once. @param {number} [attempt] only where it still waits for this one */
  wake(attempt) {
    const { state } = this.#connection;
    if (attempt === undefined) this.#connection.wake();
    else if (state.name === 'waiting' && state.attempt === attempt) this.#connection.hurry();
  }

  close() {
    this.#connection.close();
  }

  /**
   * Where the server refuses this tab's token, or streams that some tabs have added, it refuses
   * those tabs, and the rest goes on: without this one, with another that leads.
   *
   * @param {State} state
   */
  #take(state) {
    const members = state.name === 'closed' ? this.#refused(state.reason) : [];
    if (members.length === 0 || members.length === this.#wanted.size) {
      this.#tell({ kind: 'state', state });
      return;
    }
    for (const member of members) this.#wanted.delete(member);
    this.#tell({ kind: 'state', state, members });
    this.#update();
    // It will wait by then.
    queueMicrotask(() => this.#connection.wake());
  }

  /**
   * @param {import('../rivulet.js').Reason} reason
   * @returns {string[]} the members whom it is about; none for all
   */
  #refused(reason) {
    if (reason === 'unauthorized') return [this.#own];
    if (reason !== 'forbidden' && reason !== 'rejected') return [];
    return [...this.#wanted.keys()].filter((member) => this.#adds(member));
  }

  /** @param {string} member @returns {boolean} whether it follows what did not come before */
  #adds(member) {
    return (this.#wanted.get(member) ?? []).some((stream) => !this.#streams.includes(stream));
  }

  #update() {
    this.#connection.follow([...new Set([...this.#wanted.values()].flat())].sort());
  }
}
