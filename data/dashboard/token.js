// SPDX-License-Identifier: LGPL-2.1-or-later
// The token: where it comes from, and what it says. It is kept for this tab alone.

import { keep, recall } from './storage.js';

const KEY = 'rivulet-token';

/**
 * Takes `#token=…` out of the address, where it would stay in the history; it was never sent.
 * @returns {?string} that token, kept from now on; `null` where there is none
 */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) {
    return null;
  }
  history.replaceState(null, '', location.pathname + location.search);
  if (token.trim() === '') {
    return null;
  }
  keepToken(token.trim());
  return token.trim();
}

/** The token of the address, else the one that is kept; `null` where there is neither. */
export function loadToken() {
  return takeToken() ?? recall('sessionStorage', KEY);
}

export function keepToken(token) {
  keep('sessionStorage', KEY, token);
}

export function forgetToken() {
  keep('sessionStorage', KEY, null);
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

/** Whether it was good until now at most, by this machine's clock. */
export function hasExpired(claims) {
  return typeof claims?.exp === 'number' && claims.exp * 1000 <= Date.now();
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
