// SPDX-License-Identifier: LGPL-2.1-or-later
// How the daemon is, as it tells everybody who reaches this address.

const EVERY = 3000; // ms
const PATIENCE = 10_000;

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** Prometheus' text format: a list of { name, labels, value }. */
export function parseMetrics(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match !== null) {
      const labels = {};
      for (const [, name, value] of (match[2] ?? '').matchAll(LABEL)) {
        labels[name] = value.replace(/\\./g, (escape) => ESCAPES[escape] ?? escape);
      }
      found.push({ name: match[1], labels, value: Number(match[3]) });
    }
  }
  return found;
}

/* What /readyz says. */
function readTrouble(words) {
  return {
    stopping: words === 'stopping',
    storeError: /^the store failed: (.*)$/.exec(words)?.[1] ?? null,
  };
}

async function get(path) {
  return fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
}

/* What is told of it, or { up: false } where nothing is. */
async function look() {
  try {
    const [ready, metrics, config] = await Promise.all(['readyz', 'metrics', 'config.json'].map(get));
    return {
      up: true,
      ready: ready.ok,
      ...readTrouble((await ready.text()).trim()),
      metrics: parseMetrics(await metrics.text()),
      config: await config.json(),
    };
  } catch {
    return { up: false };
  }
}

/**
 * Calls `onLook` with how it is, now and again and again: { up, ready, stopping, storeError, metrics,
 * config }, of which `config` is what sse_dashboard_render_config() says; where it does not answer,
 * { up: false }.
 */
export async function watchDaemon(onLook) {
  for (;;) {
    onLook(await look());
    await new Promise((resolve) => { setTimeout(resolve, EVERY); });
  }
}
