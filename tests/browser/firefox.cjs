// SPDX-License-Identifier: LGPL-2.1-or-later
// Firefox for drive.cjs, by WebDriver BiDi, which it speaks itself, and puppeteer. What drive.cjs
// takes of playwright's interface is here of the same name and meaning, but for pictures and time.
'use strict';

const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

/** Settings of Firefox's own for what playwright calls media features and their values. */
const MEDIA = {
  colorScheme: ['layout.css.prefers-color-scheme.content-override', { dark: 0, light: 1 }],
  reducedMotion: ['ui.prefersReducedMotion', { 'no-preference': 0, reduce: 1 }],
};
const LANGUAGES = 'intl.accept_languages';

/** A page of puppeteer's, driven as one of playwright's. */
class Page {
  constructor(page, settings) {
    this.page = page;
    this.settings = settings;
    this.keyboard = { press: (key) => this.press(key), type: (text) => page.keyboard.type(text) };
  }

  on(...listener) {
    this.page.on(...listener);
  }

  goto(url) {
    return this.page.goto(url);
  }

  reload() {
    return this.page.reload();
  }

  evaluate(code) {
    return this.page.evaluate(code);
  }

  /** `Shift+Tab` is Tab while Shift is down. */
  async press(keys) {
    const held = keys.split('+');
    const key = held.pop();
    for (const name of held) await this.page.keyboard.down(name);
    await this.page.keyboard.press(key);
    for (const name of held.reverse()) await this.page.keyboard.up(name);
  }

  setViewportSize(size) {
    return this.page.setViewport(size);
  }

  /** For all pages: they are settings of the user's. */
  async emulateMedia(media) {
    for (const [feature, value] of Object.entries(media)) {
      const [name, values] = MEDIA[feature];
      await this.settings.set(name, values[value]);
    }
  }

  close() {
    return this.page.close();
  }
}

/** A container of puppeteer's, whose pages share what those of a profile do. */
class Context {
  constructor(context, settings) {
    this.context = context;
    this.settings = settings;
    this.offline = false;
  }

  async newPage() {
    const page = await this.context.newPage();
    if (this.offline) await page.setOfflineMode(true);
    return new Page(page, this.settings);
  }

  async setOffline(offline) {
    this.offline = offline;
    for (const page of await this.context.pages()) await page.setOfflineMode(offline);
  }

  async close() {
    await this.context.close();
    await this.settings.reset();
  }
}

/** The browser's settings, which a page of its own may change while it runs. */
class Settings {
  constructor(page) {
    this.page = page;
    this.changed = new Set();
  }

  set(name, value) {
    this.changed.add(name);
    const type = typeof value === 'number' ? 'Int' : 'String';
    return this.page.evaluate(`Services.prefs.set${type}Pref(${JSON.stringify([name, value]).slice(1, -1)})`);
  }

  async reset() {
    for (const name of this.changed)
      await this.page.evaluate(`Services.prefs.clearUserPref(${JSON.stringify(name)})`);
    this.changed.clear();
  }
}

class Browser {
  constructor(browser, settings, process) {
    this.browser = browser;
    this.settings = settings;
    this.process = process;
  }

  version() {
    return this.browser.version();
  }

  async newContext({ locale, ...options } = {}) {
    for (const name of Object.keys(options)) throw new Error(`firefox.cjs has no option ${name}`);
    if (locale) await this.settings.set(LANGUAGES, locale);
    return new Context(await this.browser.createBrowserContext(), this.settings);
  }

  async close() {
    const ended = new Promise((resolve) => { this.process.once('close', resolve); });
    await this.browser.close();
    await ended;
  }
}

/**
 * Starts it with a home and a profile of its own. It ends with this process, however that ends, and
 * where that is not by SIGKILL, the home is removed.
 */
function start(program, flags) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'rivulet-firefox-'));
  const browser = spawn('setpriv', ['--pdeathsig', 'KILL', program, '--headless', '--no-remote',
    '--profile', home, '--remote-debugging-port', '0', '--remote-allow-system-access', ...flags,
    'about:config'], { env: { ...process.env, HOME: home }, stdio: ['ignore', 'ignore', 'pipe'] });
  process.on('exit', () => {
    browser.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  return browser;
}

/** Where it listens. */
function endpoint(browser) {
  return new Promise((resolve, reject) => {
    const said = [];
    browser.on('error', reject);
    browser.on('close', () => reject(new Error(said.join('\n'))));
    readline.createInterface({ input: browser.stderr }).on('line', (line) => {
      said.push(line);
      const found = /^WebDriver BiDi listening on (ws:.*)$/.exec(line);
      if (found) resolve(`${found[1]}/session`);
    });
  });
}

exports.launch = async (modules, program, flags) => {
  const puppeteer = require(path.join(modules, 'puppeteer-core'));
  const process = start(program, flags);
  const browser = await puppeteer.connect({ browserWSEndpoint: await endpoint(process),
    protocol: 'webDriverBiDi', defaultViewport: { width: 1280, height: 720 } });
  const [page] = await browser.pages();
  return new Browser(browser, new Settings(page), process);
};
