// SPDX-License-Identifier: LGPL-2.1-or-later
// What page authors write, checked by tsc against the types that npm packs; it is not run.
import { EventStreamParser, Rivulet } from 'rivulet-client';
import type { GithubEvent, Quota, State } from 'rivulet-client';

const rivulet = new Rivulet('https://app.example.org/api', {
  token: async () => (await fetch('/token')).text(),
  onState(state: State) {
    if (state.name === 'waiting') console.log(state.attempt + 1, state.delay, state.error);
    if (state.name === 'closed' && state.reason === 'unauthorized') rivulet.open();
    // @ts-expect-error only where it is closed
    state.reason;
  },
});

new Rivulet('https://app.example.org/api', { token: () => sessionStorage.getItem('token') });

const stop: () => void = rivulet.follow('quota', {
  quota(data, event) {
    const quota: Quota = data.quota;
    event.type satisfies 'quota';
    event.id satisfies string;
    return quota;
  },
  'quota-update': ({ quota }) => console.log(quota.used, quota.remaining, quota.plan),
});
stop();
rivulet.follow('quota', ({ quota }) => quota.used.toFixed());
rivulet.follow('events-count', { count: ({ count }) => count.toFixed() });
rivulet.follow('github-events', (data) => {
  if (data.type === 'new-event' || data.type === 'event-update') data.event satisfies GithubEvent;
  else if (data.type === 'event-delete') data.eventId.length;
  else data.events satisfies GithubEvent[];
});
rivulet.follow('posts-stats', {
  'stats-update': ({ stats }) => stats.drafts.toFixed(),
  'posts-update': ({ postsByStatus }) => postsByStatus.ready[0]?.status === 'ready',
});
rivulet.follow('weather', { 'weather-update': (data) => data.celsius });
rivulet.follow('weather', (data, { stream, type }) => [stream, type, data.celsius]);

const [event] = new EventStreamParser().feed(new Uint8Array());
event?.data satisfies string | undefined;

// @ts-expect-error there is no such type in that stream
rivulet.follow('quota', { qouta() {} });
// @ts-expect-error nor such a member
rivulet.follow('events-count', (data) => data.quota);
// @ts-expect-error of the other type
rivulet.follow('github-events', { 'event-delete': ({ event }) => event });
// @ts-expect-error it is read only
rivulet.state = { name: 'open' };
// @ts-expect-error milliseconds
new Rivulet('https://app.example.org', { delay: '1s' });
