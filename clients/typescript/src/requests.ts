import type { Action, At, JourneyOutcome, JourneyStartResponse, JourneyStatus } from "./documents.js";
import type { Request } from "./outbox.js";
import { afterStatus, at, described } from "./place.js";
import type { ServerFrame } from "./protocol.js";

/** An asynchronous start: the run exists (OP-2). */
export interface Started extends At<JourneyStartResponse> {
  readonly type: "started";
  /** The command had been carried out before; this is its run (ENG-053, IDEM-5). */
  readonly replayed: boolean;
}

/** Where the run stands after a command, or when it was asked (OP-2, OP-4). */
export interface StatusReply extends At<JourneyStatus> {
  readonly type: "status";
  /** The command had been carried out before; this is where the run stands now (IDEM-7). */
  readonly replayed: boolean;
  /** The step the submission was applied to, by its address if the id is active more than once (RT-7). */
  readonly stepId?: string;
  /** What can be sent next for this run on this path; absent where the definition turns links off (OP-10). */
  readonly actions?: readonly Action[];
}

/** How the run ended (OP-2, OP-6). */
export interface OutcomeReply<Output = unknown> extends At<JourneyOutcome<Output>> {
  readonly type: "outcome";
  /** The command had been carried out before. */
  readonly replayed: boolean;
}

/** The reply to a start, by the mode of the definition and how far the run has come. */
export type StartReply<Output = unknown> = Started | StatusReply | OutcomeReply<Output>;

let count = 0;

/** A request with an id of its own; ids are never used again, so that a repeated frame has the same bytes (§19). */
export function requestFor(
  members: { readonly type: string; readonly journeyId?: string },
  rest: Pick<Request, "repeat" | "settle" | "fail"> & Partial<Pick<Request, "isCommand" | "isCalled" | "accepted" | "only">>,
): Request {
  count += 1;
  const id = count.toString(36);
  const { type, ...others } = members;
  return { id, text: JSON.stringify({ type, id, ...others }), isCommand: false, journeyId: members.journeyId, ...rest };
}

/** A `status` frame as a reply. */
export function statusReply(frame: ServerFrame): StatusReply {
  const document = frame["payload"] as JourneyStatus | undefined;
  const seq = frame.seq ?? 0;
  const { stepId, actions } = frame as { stepId?: unknown; actions?: unknown };
  return {
    type: "status",
    ...described(frame, seq, afterStatus(frame.epoch, seq, document), document),
    replayed: frame["replayed"] === true,
    ...(typeof stepId === "string" && { stepId }),
    ...(Array.isArray(actions) && { actions: actions as Action[] }),
  };
}

/** An `outcome` frame as a reply. */
export function outcomeReply(frame: ServerFrame): OutcomeReply {
  const seq = frame.seq ?? 0;
  const document = frame["payload"] as JourneyOutcome | undefined;
  return { type: "outcome", ...described(frame, seq, at(frame.epoch, seq), document), replayed: frame["replayed"] === true };
}

/** The reply to a start. */
export function startReply(frame: ServerFrame): StartReply {
  if (frame.type === "status") return statusReply(frame);
  if (frame.type === "outcome") return outcomeReply(frame);
  const seq = frame.seq ?? 0;
  const document = frame["payload"] as JourneyStartResponse | undefined;
  const replayed = frame["replayed"] === true;
  // The run of a repeated start may have ended since, and its outcome must still be delivered (SEQ-5).
  return { type: "started", ...described(frame, seq, at(frame.epoch, replayed ? seq - 1 : seq), document), replayed };
}
