// SPDX-License-Identifier: LGPL-2.1-or-later
// Drives Chromium for tests/lib/chromium.py: takes a JSON line for each call, answers with one.
//
//   node drive.cjs MODULES CHROMIUM
//
// {"call":"open","profile":"a","url":"http://…"} is answered with {"value":…} or {"error":"…"}. It
// ends, and the browser with it, when its input does.
'use strict';

const path = require('node:path');
const readline = require('node:readline');

const [modules, executablePath] = process.argv.slice(2);
const { chromium } = require(path.join(modules, 'playwright-core'));

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Profiles (contexts of playwright) by name: tabs of one share workers, storage and locks. */
const profiles = new Map();
/** Tabs by number. */
const tabs = new Map();
let browser;

async function profileOf(name) {
  if (!profiles.has(name)) profiles.set(name, await browser.newContext());
  return profiles.get(name);
}

const calls = {
  async open({ profile, url }) {
    const page = await (await profileOf(profile)).newPage();
    const tab = tabs.size + 1;
    const said = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error.stack}`));
    tabs.set(tab, { page, said });
    await page.goto(url);
    return tab;
  },
  /** Calls a function, given as text, in a tab; its result, or that of its promise, is JSON. */
  run: ({ tab, code, argument }) => tabs.get(tab).page.evaluate(
    // evaluate() would not call a string of its own with the argument.
    ([text, value]) => (0, eval)(`(${text})`)(value), [code, argument]),
  /** Waits until such a function returns what is true, and returns that. */
  async wait({ tab, code, argument, milliseconds }) {
    const handle = await tabs.get(tab).page.waitForFunction(
      ([text, value]) => (0, eval)(`(${text})`)(value), [code, argument],
      { timeout: milliseconds, polling: 20 });
    return handle.jsonValue();
  },
  said: ({ tab }) => tabs.get(tab).said,
  close: ({ tab }) => tabs.get(tab).page.close(),
  offline: async ({ profile, offline }) => (await profileOf(profile)).setOffline(offline),
  /** Closes a profile with all its tabs. */
  async forget({ profile }) {
    await profiles.get(profile)?.close();
    profiles.delete(profile);
  },
  version: () => browser.version(),
};

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function main() {
  browser = await chromium.launch({ executablePath, args: FLAGS });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      answer({ value: await calls[request.call](request) });
    } catch (error) {
      answer({ error: String(error.message ?? error) });
    }
  }
  await browser.close();
}

main().catch((error) => {
  answer({ error: String(error.message ?? error) });
  process.exitCode = 1;
});
