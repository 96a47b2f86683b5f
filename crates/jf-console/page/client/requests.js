import { afterStatus, at, described } from "./place.js";
let count = 0;
/** A request with an id of its own; ids are never used again, so that a repeated frame has the same bytes (§19). */
export function requestFor(members, rest) {
    count += 1;
    const id = count.toString(36);
    const { type, ...others } = members;
    return { id, text: JSON.stringify({ type, id, ...others }), isCommand: false, journeyId: members.journeyId, ...rest };
}
/** A `status` frame as a reply. */
export function statusReply(frame) {
    const document = frame["payload"];
    const seq = frame.seq ?? 0;
    const { stepId, actions } = frame;
    return {
        type: "status",
        ...described(frame, seq, afterStatus(frame.epoch, seq, document), document),
        replayed: frame["replayed"] === true,
        ...(typeof stepId === "string" && { stepId }),
        ...(Array.isArray(actions) && { actions: actions }),
    };
}
/** An `outcome` frame as a reply. */
export function outcomeReply(frame) {
    const seq = frame.seq ?? 0;
    const document = frame["payload"];
    return { type: "outcome", ...described(frame, seq, at(frame.epoch, seq), document), replayed: frame["replayed"] === true };
}
/** The reply to a start. */
export function startReply(frame) {
    if (frame.type === "status")
        return statusReply(frame);
    if (frame.type === "outcome")
        return outcomeReply(frame);
    const seq = frame.seq ?? 0;
    const document = frame["payload"];
    const replayed = frame["replayed"] === true;
    // The run of a repeated start may have ended since, and its outcome must still be delivered (SEQ-5).
    return { type: "started", ...described(frame, seq, at(frame.epoch, replayed ? seq - 1 : seq), document), replayed };
}
