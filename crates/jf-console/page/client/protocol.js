/** Names and shapes of the wire protocol (§2 to §4). */
/** The grammar of frames, and the subprotocol where the definition names none of its own (SP-2, SP-4). */
export const PROTOCOL = "journeyforge.v1";
/** Prefix of the entry of a subprotocol offer that carries a token (SP-6). */
export const TOKEN_CARRIER = "base64url.bearer.journeyforge.";
/** Prefix of `problem.type` (ENG-140). */
export const ERROR_PREFIX = "urn:journeyforge:error:";
/** The frame in a message, if it is one JSON object with a `type`. */
export function readFrame(text) {
    let value;
    try {
        value = JSON.parse(text);
    }
    catch {
        return undefined;
    }
    const isFrame = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
    return isFrame ? value : undefined;
}
