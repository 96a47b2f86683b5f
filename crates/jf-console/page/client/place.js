/** A place in a log. */
export function at(epoch, seq) {
    return epoch === undefined ? { seq } : { epoch, seq };
}
/**
 * Where to go on from after a status. One that tells of the end has the number of the outcome, and does not deliver it (SEQ-5); one that
 * was left out for its size may be such a one.
 */
export function afterStatus(epoch, seq, document) {
    return at(epoch, document?.phase === "RUNNING" ? seq : seq - 1);
}
/** What frames with documents have in common. */
export function described(frame, seq, cursor, document) {
    const href = frame["href"];
    return { journeyId: frame.journeyId ?? "", seq, cursor, document, ...(typeof href === "string" && { href }) };
}
