// SPDX-License-Identifier: LGPL-2.1-or-later
// The page on which operators see the streams: it follows them like any other client, with a token.

import { watchDaemon } from './daemon.js';
import { byId, setText } from './dom.js';
import { initLanguage, text, time } from './language.js';
import { Model } from './model.js';
import { clearPublish, initPublish, showPublish } from './publish.js';
import { Rivulet } from './rivulet.js';
import {
  followable, forgetToken, hasExpired, keepToken, loadToken, publishable, readClaims, takeToken,
} from './token.js';
import { drawAll, drawDaemon, drawModel } from './views.js';

/* Between two drawings, in ms: as often as anybody can read. */
const DRAW_EVERY = 100;
/* The daemon's bound for one connection. */
const MAX_STREAMS = 16;

const model = new Model();
const changed = new Set();
let token = loadToken();
let daemon = { up: false };
let config = null; // the last that the daemon told
let rivulet = null; // while there is a token, and a way
let state = { name: 'none' }; // or as Rivulet's
let drawing = null;

// ---- drawing ----

function draw() {
  drawing = null;
  drawModel(model, changed);
  changed.clear();
}

function drawSoon() {
  drawing ??= setTimeout(draw, DRAW_EVERY);
}

function findProblem() {
  if (config === null || !daemon.up) {
    return daemon.known ? text('problemConfig') : '';
  }
  if (config.url === null) {
    return text('problemUrl');
  }
  if (!config.allowedOrigins.includes(location.origin)) {
    return text('problemOrigin', { origin: location.origin });
  }
  if (state.reason === 'failed') {
    return text('problemStreams', { url: config.url });
  }
  return daemon.storeError === null ? '' : text('problemStore', { error: daemon.storeError });
}

/* The token is not good, so that another is needed. */
function isRefused() {
  return state.name === 'closed' && state.reason !== 'failed';
}

function describeClosed() {
  if (state.reason !== 'unauthorized') {
    return text('stateClosed', { error: state.error });
  }
  return text(hasExpired(readClaims(token)) ? 'stateExpired' : 'stateInvalid');
}

function describeState() {
  switch (state.name) {
    case 'connecting': return text('stateConnecting');
    case 'open': return text('stateOpen', { user: readClaims(token)?.sub ?? '?' });
    case 'waiting': return text('stateWaiting', { error: state.error, time: time(state.at, true) });
    case 'closed': return describeClosed();
    default: return text('stateNone');
  }
}

function drawState() {
  const claims = readClaims(token ?? '');
  const problem = findProblem();
  byId('state').dataset.state = state.name;
  setText(byId('state-text'), describeState());
  setText(byId('problem'), problem);
  byId('problem').hidden = problem === '';
  byId('again').hidden = state.reason !== 'failed';
  byId('forget').hidden = token === null;
  byId('token-section').hidden = token !== null && !isRefused();
  showPublish(config?.publish ? publishable(claims, config.streams) : []);
  drawDaemon(daemon, config?.streams ?? []);
  setText(byId('version'), config === null ? 'Rivulet' : `Rivulet ${config.version}`);
}

// ---- following ----

function setState(now) {
  state = now.name === 'waiting' ? { ...now, at: Date.now() + now.delay } : now;
  drawState();
}

function onEvent(stream, data) {
  model.apply(stream, data, Date.now());
  changed.add(stream);
  drawSoon();
}

function mayConnect() {
  return token !== null && config !== null && config.url !== null
    && config.allowedOrigins.includes(location.origin);
}

function connect() {
  if (rivulet !== null || !mayConnect()) {
    return;
  }
  const made = new Rivulet(config.url, { token, onState: (now) => rivulet === made && setState(now) });
  rivulet = made;
  for (const { name } of followable(readClaims(token), config.streams).slice(0, MAX_STREAMS)) {
    rivulet.follow(name, (data) => rivulet === made && onEvent(name, data));
  }
}

function disconnect() {
  const last = rivulet;
  rivulet = null;
  last?.close();
  model.clear();
  clearPublish();
  drawAll(model);
}

// ---- what happens ----

function onConfig(now) {
  const last = config;
  config = now;
  if (last !== null && last.url !== now.url) {
    location.reload(); // this page may go to the address of then alone
  } else if (last !== null && JSON.stringify(last.streams) !== JSON.stringify(now.streams)) {
    disconnect();
  }
}

function onLook(now) {
  const isBack = daemon.known && !daemon.up && now.up;
  daemon = { ...now, known: true };
  if (now.up) {
    onConfig(now.config);
    connect();
  }
  if (isBack && !isRefused()) {
    rivulet?.open();
  }
  drawState();
  drawSoon();
}

function changeToken(given) {
  disconnect();
  token = given;
  setState({ name: given === null ? 'none' : 'connecting' });
  connect();
}

function onToken(event) {
  event.preventDefault();
  const given = byId('token').value.trim();
  setText(byId('token-error'), readClaims(given) === null ? text('tokenBad') : '');
  if (readClaims(given) === null) {
    byId('token').focus();
    return;
  }
  byId('token').value = '';
  keepToken(given);
  changeToken(given);
  byId('forget').focus();
}

function onForget() {
  forgetToken();
  changeToken(null);
  byId('token').focus();
}

initLanguage(byId('language'), () => {
  drawState();
  drawAll(model);
});
initPublish(() => ({ url: config.url, token }));
byId('token-form').addEventListener('submit', onToken);
byId('forget').addEventListener('click', onForget);
byId('again').addEventListener('click', () => rivulet?.open());
addEventListener('hashchange', () => {
  const given = takeToken();
  if (given !== null && given !== token) {
    changeToken(given);
  }
});
addEventListener('resize', drawSoon);
setState({ name: token === null ? 'none' : 'connecting' });
drawAll(model);
watchDaemon(onLook);
