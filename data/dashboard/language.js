// SPDX-License-Identifier: LGPL-2.1-or-later
// The language of the page: its texts, numbers and times.

import { keep, recall } from './storage.js';
import { TEXTS } from './strings.js';
import { TRANSLATIONS } from './translations.js';

const KEY = 'rivulet-language';

// What the page can be shown in.
const LANGUAGES = ['en', ...Object.keys(TRANSLATIONS)];

let language = choose();
const formats = new Map();

function choose() {
  const wanted = [recall('localStorage', KEY), ...navigator.languages];
  const found = wanted.map((name) => (name ?? '').slice(0, 2)).find((name) => LANGUAGES.includes(name));
  return found ?? 'en';
}

/* Numbers and times are as the browser's user has them, where that is in the language. */
function chooseLocale() {
  return navigator.languages.find((name) => name.slice(0, 2) === language) ?? language;
}

function format(kind, options) {
  const key = JSON.stringify([language, kind.name, options]);
  if (!formats.has(key)) {
    formats.set(key, new kind(chooseLocale(), options));
  }
  return formats.get(key);
}

/** The text of that name, with what stands for {names} in it; of several forms, that of `n`. */
export function text(name, values = {}) {
  const [id, english] = TEXTS[name];
  let form = TRANSLATIONS[language]?.[id] ?? english;
  if (typeof form === 'object') {
    form = form[format(Intl.PluralRules).select(values.n)] ?? form.other;
  }
  return form.replace(/\{(\w+)\}/g, (_, key) => {
    const value = values[key];
    return typeof value === 'number' ? number(value) : String(value);
  });
}

/** Whether there is a text of that name. */
export function hasText(name) {
  return Object.hasOwn(TEXTS, name);
}

export function number(value) {
  return format(Intl.NumberFormat).format(value);
}

/** In a few characters: 12K. */
export function shortNumber(value) {
  return format(Intl.NumberFormat, { notation: 'compact' }).format(value);
}

export function bytes(value) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return format(Intl.NumberFormat, {
    style: 'unit', unit: units[index], unitDisplay: index === 0 ? 'long' : 'short', maximumSignificantDigits: 3,
  }).format(value);
}

/** A duration in seconds, in the largest unit that it has one of. */
export function duration(seconds) {
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? units.at(-1);
  return format(Intl.NumberFormat, {
    style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0,
  }).format(Math.floor(seconds / length));
}

/** An instant in ms since 1970, to the minute or the second. */
export function time(instant, seconds = false) {
  return format(Intl.DateTimeFormat, {
    hour: '2-digit', minute: '2-digit', ...(seconds && { second: '2-digit' }),
  }).format(instant);
}

export function dateAndTime(instant) {
  return format(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium' }).format(instant);
}

/** As short as it tells: the time of one of the day that `now` is in, else the day of the year. */
export function moment(instant, now) {
  const [then, today] = [new Date(instant), new Date(now)];
  if (then.toDateString() === today.toDateString()) {
    return time(instant, true);
  }
  return format(Intl.DateTimeFormat, {
    day: 'numeric', month: 'short', ...(then.getFullYear() !== today.getFullYear() && { year: 'numeric' }),
  }).format(instant);
}

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll('[data-text]')) {
    node.textContent = text(node.dataset.text);
  }
}

/* As a language calls itself, at the beginning of a line. */
function nameOf(code) {
  const name = new Intl.DisplayNames([code], { type: 'language' }).of(code);
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

/**
 * Shows the page in the user's language, and has the switch change that.
 * @param {HTMLSelectElement} select the switch
 * @param {() => void} onChange draws what is no fixed text
 */
export function initLanguage(select, onChange) {
  for (const code of LANGUAGES) {
    select.add(new Option(nameOf(code), code, code === language, code === language));
    select.options[select.options.length - 1].lang = code;
  }
  select.addEventListener('change', () => {
    language = select.value;
    keep('localStorage', KEY, language);
    translate();
    onChange();
  });
  translate();
}
