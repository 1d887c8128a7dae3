// SPDX-License-Identifier: LGPL-2.1-or-later
// Chromium for drive.cjs, by playwright.
'use strict';

const path = require('node:path');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Resolves to a browser of playwright. */
exports.launch = (modules, executablePath, flags) => {
  const { chromium } = require(path.join(modules, 'playwright-core'));
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
};
