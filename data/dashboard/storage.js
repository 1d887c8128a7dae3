// SPDX-License-Identifier: LGPL-2.1-or-later
// What the browser keeps for this page. Where its user has it keep nothing, each use throws, and the
// page is to do without.

/**
 * @param {'localStorage' | 'sessionStorage'} area for ever, or for this tab alone
 * @returns {?string} what is kept by that name
 */
export function recall(area, name) {
  try {
    return window[area].getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text by a name; `null` forgets what is kept by it. */
export function keep(area, name, value) {
  try {
    if (value === null) {
      window[area].removeItem(name);
    } else {
      window[area].setItem(name, value);
    }
  } catch {
    // It lasts as long as the page.
  }
}
