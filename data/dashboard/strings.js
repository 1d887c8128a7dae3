// SPDX-License-Identifier: LGPL-2.1-or-later
// All that the page says, in English, marked for gettext, which has it in other languages (po/). Of each text: by
// what it is found there, and what it is here. One with several forms has those of Intl.PluralRules, chosen by {n}.

const N_ = (text) => [text, text];
const C_ = (context, text) => [`${context}\u0004${text}`, text];
const P_ = (one, other) => [one, { one, other }];

export const TEXTS = {
  skip: N_('To the content'),
  language: N_('Language'),
  again: N_('Connect again'),
  forget: N_('Forget the token'),

  stateNone: N_('Not connected: there is no token.'),
  stateConnecting: N_('Connecting …'),
  stateOpen: N_('Live, as user {user}.'),
  stateWaiting: N_('Not connected: {error}. Next attempt at {time}.'),
  stateClosed: N_('Not connected: {error}.'),
  stateExpired: N_('Not connected: the token has expired.'),
  stateInvalid: N_('Not connected: the token is not valid here.'),

  problemConfig: N_('The daemon does not answer here. This page comes back with it.'),
  problemUrl: N_('A browser has no way to the streams: they listen on no IPv4 address. Set [operators] streams-url to where a proxy serves them.'),
  problemOrigin: N_('This page may not follow the streams: add {origin} to [http] allowed-origins, and reload the daemon.'),
  problemStreams: N_('The streams cannot be reached at {url}. If browsers reach them elsewhere, set [operators] streams-url.'),
  problemStore: N_('No update is taken, as the store failed: {error}.'),

  tokenHeading: N_('A token, please'),
  tokenHelp: N_('What is shown is what the token’s user sees. “rivulet token --sub 42” makes one. It is kept for this tab alone, and goes nowhere but to the streams.'),
  token: N_('Token'),
  connect: N_('Connect'),
  tokenBad: N_('That is not a JSON Web Token: three parts with dots between.'),

  count: N_('Events so far'),
  quota: N_('Quota'),
  quotaText: N_('{used} of {total} used'),

  chart: N_('Events per minute'),
  chartTotal: P_('{n} event came in the last hour while this page was open.', '{n} events came in the last hour while this page was open.'),
  chartNow: P_('{n} in this minute.', '{n} in this minute.'),
  chartMost: P_('Peak: {n}, at {time}.', 'Peak: {n}, at {time}.'),

  events: N_('GitHub events'),
  noEvents: N_('None yet.'),
  pending: C_('event', 'pending'),
  processed: C_('event', 'processed'),
  failed: C_('event', 'failed'),

  posts: N_('Posts by status'),
  postsDrafts: C_('posts', 'Drafts'),
  postsReady: C_('posts', 'Ready'),
  postsScheduled: C_('posts', 'Scheduled'),
  postsPublished: C_('posts', 'Published'),
  postsFailed: C_('posts', 'Failed'),
  postsMore: P_('and {n} more', 'and {n} more'),
  untitled: N_('Post {id}'),

  others: N_('Other streams'),
  otherLast: N_('Last event: {type}, at {time}'),

  publish: N_('Publish an update'),
  stream: N_('Stream'),
  audience: N_('Audience'),
  audienceHelp: N_('One user; empty: everyone'),
  update: N_('Update, as JSON'),
  send: N_('Publish'),
  sending: N_('Publishing …'),
  published: N_('Published, with the id {id}.'),
  notPublished: N_('Refused ({status}): {message}'),
  notAnswered: N_('No answer, so whether it was taken is unknown: {message}'),

  daemon: N_('The daemon'),
  health: N_('State'),
  healthReady: C_('daemon', 'ready'),
  healthStopping: C_('daemon', 'stopping'),
  healthNotReady: C_('daemon', 'not ready'),
  healthDown: C_('daemon', 'does not answer'),
  version: N_('Version'),
  uptime: N_('Running for'),
  connections: N_('Connections'),
  connectionsOf: N_('{n} of {most}'),
  store: N_('Store'),
  storeOk: C_('store', 'writes to disk'),
  storeVolatile: C_('store', 'keeps nothing'),
  storeFailed: C_('store', 'failed'),
  memory: N_('Memory'),
  streams: N_('Clients and updates, by stream'),
  clients: N_('Clients'),
  applied: C_('updates', 'Applied'),
  refused: C_('updates', 'Refused'),
  queued: C_('updates', 'Waiting'),
};
