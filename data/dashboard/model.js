// SPDX-License-Identifier: LGPL-2.1-or-later
// What the streams have told, as it is now.

export const STATUSES = ['drafts', 'ready', 'scheduled', 'published', 'failed'];
export const MINUTES = 60;
const MINUTE = 60_000;
const MAX_EVENTS = 50;

/* Date has milliseconds alone, and of these as many digits as there are. */
function isBefore(one, other) {
  const [before, after] = [one, other].map((text) => Date.parse(text));
  const [digits, others] = [one, other].map((text) => (/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(9, '0'));
  return before < after || (before === after && digits < others);
}

/* Newest first; of the same instant, the newest accepted first. */
function insert(events, event) {
  const found = events.findIndex((other) => !isBefore(event.received_at, other.received_at));
  events.splice(found < 0 ? events.length : found, 0, event);
  events.length = Math.min(events.length, MAX_EVENTS);
}

export class Model {
  constructor() {
    this.clear();
  }

  clear() {
    this.events = null; // as all of them, until it is told
    this.stats = null;
    this.posts = null;
    this.quota = null;
    this.count = null;
    this.others = new Map(); // name → { data, at }
    this.minutes = new Map(); // minute since 1970 → events
  }

  /** Of minutes, the last 60 of which `now` is in the last: how many events each had. */
  perMinute(now) {
    const last = Math.floor(now / MINUTE);
    return Array.from({ length: MINUTES }, (_, index) => {
      const minute = last - MINUTES + 1 + index;
      return { at: minute * MINUTE, n: this.minutes.get(minute) ?? 0 };
    });
  }

  #tally(now) {
    const minute = Math.floor(now / MINUTE);
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1);
    for (const old of this.minutes.keys()) {
      if (old <= minute - MINUTES) {
        this.minutes.delete(old);
      }
    }
  }

  /**
   * @param {string} stream the stream's name
   * @param {{type: string}} data an event's data
   * @param {number} now ms since 1970
   */
  apply(stream, data, now) {
    switch (`${stream}/${data.type}`) {
      case 'github-events/events':
      case 'github-events/events-update':
        this.events = data.events;
        break;
      case 'github-events/new-event':
        this.events ??= [];
        insert(this.events, data.event);
        this.#tally(now);
        break;
      case 'github-events/event-update':
      case 'github-events/event-delete':
        break; // the list follows, and has it right also where an id is everyone's and the user's own
      case 'posts-stats/stats':
      case 'posts-stats/stats-update':
        this.stats = data.stats;
        break;
      case 'posts-stats/posts-by-status':
      case 'posts-stats/posts-update':
        this.posts = data.postsByStatus;
        break;
      case 'quota/quota':
      case 'quota/quota-update':
        this.quota = data.quota;
        break;
      case 'events-count/count':
        this.count = data.count;
        break;
      default:
        this.others.set(stream, { data, at: now });
    }
  }
}
