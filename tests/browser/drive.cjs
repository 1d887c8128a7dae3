// SPDX-License-Identifier: LGPL-2.1-or-later
// Drives a browser for tests/lib/browsers.py: takes a JSON line for each call, answers with one.
//
//   node drive.cjs chromium|firefox MODULES PROGRAM [FLAG…]
//
// {"call":"open","profile":"a","url":"http://…"} is answered with {"value":…} or {"error":"…"}. It
// ends, and the browser with it, when its input does.
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const [name, modules, program, ...flags] = process.argv.slice(2);
const { launch } = require(`./${name}.cjs`);

/** Profiles (contexts of playwright) by name: tabs of one share workers, storage and locks. */
const profiles = new Map();
/** Tabs by number. */
const tabs = new Map();
let browser;

async function profileOf(name, options) {
  if (!profiles.has(name)) profiles.set(name, await browser.newContext(options));
  return profiles.get(name);
}

/** Calls a function, given as text, in a page, also where its policy forbids eval(). */
function evaluate(page, code, argument) {
  return page.evaluate(`(${code})(${JSON.stringify(argument)})`);
}

/** What the promise comes to, unless that takes too long. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const calls = {
  /** In a profile, made with `options` of playwright's newContext() where there is none of that name. */
  async open({ profile, options, url }) {
    const page = await (await profileOf(profile, options)).newPage();
    const tab = tabs.size + 1;
    const said = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error.stack}`));
    tabs.set(tab, { page, said });
    await page.goto(url);
    return tab;
  },
  /** Calls a function, given as text, in a tab; its result, or that of its promise, is JSON. */
  run: ({ tab, code, argument, milliseconds }) =>
    within(milliseconds, evaluate(tabs.get(tab).page, code, argument)),
  /** Waits until such a function returns what is true, and returns that. */
  async wait({ tab, code, argument, milliseconds }) {
    const end = Date.now() + milliseconds;
    for (;;) {
      const value = await evaluate(tabs.get(tab).page, code, argument);
      if (value) return value;
      if (Date.now() > end) throw new Error(`not within ${milliseconds} ms`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  },
  /** Runs a script of a package in a tab, whatever the page's policy. */
  load: ({ tab, script }) => tabs.get(tab).page.evaluate(
    `${readFileSync(path.join(modules, script), 'utf8')}; undefined`),
  /** Presses a key (`Tab`, `Shift+Tab`, `Enter`) where the focus is. */
  press: ({ tab, key }) => tabs.get(tab).page.keyboard.press(key),
  type: ({ tab, text }) => tabs.get(tab).page.keyboard.type(text),
  size: ({ tab, width, height }) => tabs.get(tab).page.setViewportSize({ width, height }),
  /** `media` as of playwright's emulateMedia(), such as {colorScheme: 'dark'}. */
  media: ({ tab, media }) => tabs.get(tab).page.emulateMedia(media),
  async screenshot({ tab, file }) {
    await tabs.get(tab).page.screenshot({ path: file, fullPage: false });
  },
  said: ({ tab }) => tabs.get(tab).said,
  reload: ({ tab }) => tabs.get(tab).page.reload().then(() => undefined),
  /** From now on it is that time for the page, in ms since 1970; what waits still waits as long. */
  time: ({ tab, time }) => tabs.get(tab).page.clock.setFixedTime(time),
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
  browser = await launch(modules, program, flags);
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
