// SPDX-License-Identifier: LGPL-2.1-or-later
// The token: where it comes from, and what it says. It is kept for this tab alone.

const KEY = 'rivulet-token';

/** Takes `#token=…` out of the address, where it would stay in the history; it was never sent. */
function takeFromFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) {
    return;
  }
  history.replaceState(null, '', location.pathname + location.search);
  sessionStorage.setItem(KEY, token.trim());
}

export function loadToken() {
  takeFromFragment();
  return sessionStorage.getItem(KEY);
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

function decode(part) {
  const bytes = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
}

/** What a token claims; the daemon says whether that is so. `null` where it is no token. */
export function readClaims(token) {
  try {
    const claims = decode(token.split('.')[1]);
    return typeof claims === 'object' ? claims : null;
  } catch {
    return null;
  }
}

/** Of those streams, the ones that it is good for following. */
export function followable(claims, streams) {
  const { streams: named } = claims ?? {};
  return Array.isArray(named) ? streams.filter(({ name }) => named.includes(name)) : streams;
}

/** Of those streams, the ones that it is good for publishing to. */
export function publishable(claims, streams) {
  const named = [claims?.publish ?? []].flat();
  return streams.filter(({ name }) => named.includes(name));
}
