/**
 * Drives and watches journeys over the WebSocket protocol `journeyforge.v1`.
 *
 * Ids in the comments, such as SUB-4 or §19, are those of the protocol page of the specification.
 *
 * @packageDocumentation
 */

export { Client, connect } from "./client.js";
export type {
  AnyJourneys,
  CancelOptions,
  CommandOptions,
  JourneyApi,
  RequestOptions,
  StartOptions,
  SubmitOptions,
} from "./client.js";
export type {
  Action,
  ActiveStep,
  At,
  Cursor,
  Fault,
  JourneyOutcome,
  JourneyStartResponse,
  JourneyStatus,
  Links,
  OutcomeError,
  Phase,
  Problem,
} from "./documents.js";
export { ConnectionError, JourneyForgeError, LostReplyError, RequestError, WatchEndedError } from "./errors.js";
export type { Effect, ErrorCode } from "./errors.js";
export type { Retry } from "./backoff.js";
export type { BookmarkEvent, GapEvent, OutcomeEvent, StatusEvent, WatchEvent, WatchOptions } from "./events.js";
export type { ClientState, Close, ConnectOptions } from "./options.js";
export type { EventKind, Heartbeat, Limits, ServedJourney, Welcome } from "./protocol.js";
export type { OutcomeReply, StartReply, Started, StatusReply } from "./requests.js";
export type { AbortSignalLike, Runtime, WebSocketConstructor, WebSocketLike } from "./runtime.js";
export { Watch } from "./watch.js";
