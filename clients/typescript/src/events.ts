import type { Action, At, Cursor, JourneyOutcome, JourneyStatus } from "./documents.js";
import type { EventKind } from "./protocol.js";

/** The run has a new state. */
export interface StatusEvent extends At<JourneyStatus> {
  readonly type: "status";
  /** Statuses between the event before and this one that were left out (FLOW-2). */
  readonly skipped: number;
  /** A state that was read, not one that an event of the log led to. */
  readonly snapshot: boolean;
  /** It came as the reply to a request of this client, so members of `response` may stand in it (SEQ-5, OP-4). */
  readonly reply: boolean;
  /** What can be sent next for this run on this path; absent where the definition turns links off (OP-10). */
  readonly actions?: readonly Action[];
}

/** The run has ended. Nothing follows. */
export interface OutcomeEvent<Output = unknown> extends At<JourneyOutcome<Output>> {
  readonly type: "outcome";
  /** Statuses just before it that were left out. */
  readonly skipped: number;
  /** It was read, not followed. */
  readonly snapshot: boolean;
}

/** History is missing: what was known of the run is to be replaced by the status or outcome that follows (SUB-6). */
export interface GapEvent {
  readonly type: "gap";
  /** The run. */
  readonly journeyId: string;
  /** First number that cannot be delivered any more. */
  readonly from: number;
  /** Last one. */
  readonly to: number;
  /** `retention`, `epoch` or `limit`. */
  readonly reason: string;
}

/** Everything asked for has been delivered up to here (SUB-8): a replay is over, or a filtered log has been looked at. */
export interface BookmarkEvent {
  readonly type: "bookmark";
  /** The run. */
  readonly journeyId: string;
  /** Where to go on from. */
  readonly cursor: Cursor;
}

/** What a watch tells. */
export type WatchEvent<Output = unknown> = StatusEvent | OutcomeEvent<Output> | GapEvent | BookmarkEvent;

/** How to watch. */
export interface WatchOptions {
  /**
   * `"now"`, the default: the present state, then what changes. `"live"`: only what changes. `"start"`: everything from the beginning. A
   * cursor: everything after it (SUB-4).
   */
  readonly from?: "now" | "live" | "start" | Cursor;
  /** Kinds of events; both unless said otherwise (SEQ-2). */
  readonly events?: readonly EventKind[];
  /**
   * `true`, the default: a status that has not been taken gives way to a newer one, on the server and here. `false`: every single one,
   * as long as the log has them (FLOW-2).
   */
  readonly conflate?: boolean;
}
