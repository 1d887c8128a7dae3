// SPDX-License-Identifier: LGPL-2.1-or-later
// The form that publishes an update.

import { byId, setText } from './dom.js';
import { text } from './language.js';

const EXAMPLES = {
  'github-events': () => ({
    type: 'new-event',
    event: { delivery_id: `by-hand-${Date.now()}`, event: 'push', repo_full_name: 'you/yours' },
  }),
  'posts-stats': () => ({
    type: 'post', post: { id: `by-hand-${Date.now()}`, status: 'draft', title: 'Made by hand' },
  }),
  quota: () => ({ type: 'quota', quota: { used: 3, remaining: 2 } }),
  'events-count': () => ({ type: 'count', count: 150 }),
};

/** The answer, whatever it is: { ok, words }. */
async function post(url, token, update) {
  try {
    const answer = await fetch(url, {
      method: 'POST', body: update, headers: { Authorization: `Bearer ${token}` },
    });
    const body = await answer.json();
    return answer.ok
      ? { ok: true, words: text('published', { id: body.id }) }
      : { ok: false, words: text('notPublished', { status: String(answer.status), message: body.message }) };
  } catch (error) {
    return { ok: false, words: text('notAnswered', { message: error.message }) };
  }
}

let shown = ''; // the example

function showExample() {
  const example = EXAMPLES[byId('publish-stream').value] ?? (() => ({ type: '' }));
  shown = JSON.stringify(example(), null, 2);
  byId('publish-update').value = shown;
}

/* An example that was taken would change nothing a second time. */
function renewExample() {
  if (byId('publish-update').value === shown) {
    showExample();
  }
}

function showResult({ ok, words }) {
  const result = byId('publish-result');
  result.className = ok ? 'good' : 'error';
  setText(result, words);
}

/**
 * Shows the form where there is anything to publish to, and else nothing.
 * @param {{name: string}[]} streams those that the token is good for
 */
export function showPublish(streams) {
  const select = byId('publish-stream');
  const section = byId('publish-section');
  section.hidden = streams.length === 0;
  if (select.options.length === 0 && streams.length > 0) {
    select.replaceChildren(...streams.map(({ name }) => new Option(name)));
    select.value = streams.find(({ name }) => name === 'github-events')?.name ?? streams[0].name;
    showExample();
  }
}

/** What was shown for another token goes. */
export function clearPublish() {
  byId('publish-stream').replaceChildren();
  byId('publish-audience').value = '';
  byId('publish-result').textContent = '';
}

/** @param {() => {url: string, token: string}} where */
export function initPublish(where) {
  byId('publish-stream').addEventListener('change', showExample);
  byId('publish-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const { url, token } = where();
    const audience = byId('publish-audience').value;
    const query = audience === '' ? '' : `?audience=${encodeURIComponent(audience)}`;
    showResult({ ok: true, words: text('sending') });
    const result = await post(
      `${url}/publish/${byId('publish-stream').value}${query}`, token, byId('publish-update').value);
    showResult(result);
    if (result.ok) {
      renewExample();
    }
  });
}
