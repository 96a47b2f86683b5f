import type { At, Cursor, JourneyStatus } from "./documents.js";
import type { ServerFrame } from "./protocol.js";

/** A place in a log. */
export function at(epoch: string | undefined, seq: number): Cursor {
  return epoch === undefined ? { seq } : { epoch, seq };
}

/**
 * Where to go on from after a status. One that tells of the end has the number of the outcome, and does not deliver it (SEQ-5); one that
 * was left out for its size may be such a one.
 */
export function afterStatus(epoch: string | undefined, seq: number, document: JourneyStatus | undefined): Cursor {
  return at(epoch, document?.phase === "RUNNING" ? seq : seq - 1);
}

/** What frames with documents have in common. */
export function described<Document>(
  frame: ServerFrame,
  seq: number,
  cursor: Cursor,
  document: Document | undefined,
): At<Document> {
  const href = frame["href"];
  return { journeyId: frame.journeyId ?? "", seq, cursor, document, ...(typeof href === "string" && { href }) };
}
