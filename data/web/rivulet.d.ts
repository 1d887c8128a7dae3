// SPDX-License-Identifier: LGPL-2.1-or-later

/** How the connection is. */
export type State =
  /** A response is being asked for. */
  | { name: 'connecting' }
  /** Events come as they are published. */
  | { name: 'open' }
  /** It broke off, or could not be had: the next attempt is made in `delay` milliseconds. */
  | { name: 'waiting'; attempt: number; delay: number; error: string }
  /**
   * Nothing is tried any more, until `open()`.
   *
   * - `failed`: the network or the server, in all attempts; that is tried again by itself when the
   *   network comes back or the page is looked at.
   * - `unauthorized`: 401, with a fresh token too.
   * - `forbidden`: 403, the token is not for one of the streams.
   * - `rejected`: another status of 4xx, such as 404 for a stream that there is not.
   * - `stopped`: nothing is followed, or `close()`.
   *
   * Of tabs that share, only those are refused whose token or streams it is about.
   */
  | { name: 'closed'; reason: Reason; error?: string };

export type Reason = 'failed' | 'unauthorized' | 'forbidden' | 'rejected' | 'stopped';

/** Without one, such as where nobody is logged in, the answer is 401. */
export type Token = string | null | undefined;

export interface Options {
  /**
   * The token, or, better, a function that gets one: it is called for each connection. Where it
   * throws, that counts as an attempt that failed. Without one, the browser's cookies are sent, and
   * tabs don't share.
   */
  token?: Token | (() => Token | Promise<Token>);
  /** Is called with each new state. */
  onState?: (state: State) => void;
  /**
   * Whether all tabs of a user have one connection; true unless it is false. Where they do, what
   * follows here is as the tab has it that has the connection.
   */
  share?: boolean;
  /** How many attempts in a row follow one that failed, or a connection that ended: 3. */
  retries?: number;
  /** Milliseconds before the first, unless the server says it (`retry:`): 1000. Then doubled. */
  delay?: number;
  /** Milliseconds to which that grows: 30000. What the server asks for may be longer. */
  maxDelay?: number;
  /**
   * Milliseconds without anything, heartbeats too, after which a connection is given up: 45000;
   * Infinity for never.
   */
  silence?: number;
}

/** What a handler gets beside the data. */
export interface StreamEvent<Type extends string = string> {
  /** The stream's name, such as `quota`. */
  stream: string;
  /** Such as `quota-update`. */
  type: Type;
  /** `<epoch>-<position>`. */
  id: string;
  /** The data as it came. */
  data: string;
}

export interface GithubEvent {
  delivery_id: string;
  event: string;
  repo_full_name: string;
  status: string;
  received_at: string;
  [member: string]: unknown;
}

export type PostStatus = 'draft' | 'ready' | 'scheduled' | 'published' | 'failed';

export interface Post {
  id: string | number;
  status: PostStatus;
  createdAt?: string;
  [member: string]: unknown;
}

export type PostsKey = 'drafts' | 'ready' | 'scheduled' | 'published' | 'failed';
export type Stats = Record<PostsKey, number>;
export type PostsByStatus = Record<PostsKey, Post[]>;

export interface Quota {
  used: number;
  remaining: number;
  [member: string]: unknown;
}

/** The data of all events, by stream; `type` tells them apart. */
export interface Streams {
  'github-events':
    | { type: 'events'; events: GithubEvent[] }
    | { type: 'events-update'; events: GithubEvent[] }
    | { type: 'new-event'; event: GithubEvent }
    | { type: 'event-update'; event: GithubEvent }
    | { type: 'event-delete'; eventId: string };
  'posts-stats':
    | { type: 'stats'; stats: Stats }
    | { type: 'stats-update'; stats: Stats }
    | { type: 'posts-by-status'; postsByStatus: PostsByStatus }
    | { type: 'posts-update'; postsByStatus: PostsByStatus };
  quota: { type: 'quota'; quota: Quota } | { type: 'quota-update'; quota: Quota };
  'events-count': { type: 'count'; count: number };
}

/** The data of a stream that a plugin brings. */
export interface AnyData {
  type: string;
  [member: string]: any;
}

export type DataOf<Stream extends string> = Stream extends keyof Streams
  ? Streams[Stream]
  : AnyData;
export type TypeOf<Stream extends string> = DataOf<Stream>['type'];

/** A function for all events, or one for each type; types without one are passed over. */
export type Handlers<Stream extends string> =
  | ((data: DataOf<Stream>, event: StreamEvent<TypeOf<Stream>>) => void)
  | {
      [Type in TypeOf<Stream>]?: (
        data: Extract<DataOf<Stream>, { type: Type }> extends never
          ? DataOf<Stream>
          : Extract<DataOf<Stream>, { type: Type }>,
        event: StreamEvent<Type>,
      ) => void;
    };

/** Follows streams of one Rivulet. Nothing is asked for before the first `follow()`. */
export class Rivulet {
  /**
   * @param url where it is, with a base path: `https://app.example.org/api`; relative to the page
   */
  constructor(url: string | URL, options?: Options);

  /** How the connection is, for all streams. */
  readonly state: State;

  /**
   * Follows a stream: its initial events come first, then what is published, each appended event
   * once. After a break it resumes; where the server can't, initial events come again.
   *
   * @returns a function that ends it
   */
  follow<Stream extends keyof Streams | (string & {})>(
    stream: Stream,
    handlers: Handlers<Stream>,
  ): () => void;

  /** Begins again after the state was `closed`, and tries at once where it waits. */
  open(): void;

  /** Ends the connection; what is followed is followed again after `open()`. */
  close(): void;
}

/** An event as it came. */
export interface RawEvent {
  id: string;
  type: string;
  data: string;
}

/** Takes `text/event-stream` apart (WHATWG HTML, section 9.2.6), however its bytes are cut. */
export class EventStreamParser {
  /** @param lastEventId that of the connection before */
  constructor(lastEventId?: string);
  /** The last id that came. */
  lastEventId: string;
  /** Milliseconds that the server last asked to wait before a new connection. */
  retry: number | null;
  /** How many comments came. */
  comments: number;
  /** @returns the events that are complete with these bytes */
  feed(bytes: Uint8Array): RawEvent[];
}
