const here = globalThis;
/** The real thing. */
export const RUNTIME = {
    now: () => here.performance.now(),
    setTimeout: (callback, ms) => here.setTimeout(callback, ms),
    clearTimeout: (timer) => here.clearTimeout(timer),
    random: () => Math.random(),
    randomKey() {
        // Not `randomUUID`: pages that are not served securely have none.
        const bytes = here.crypto.getRandomValues(new Uint8Array(16));
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    },
};
/** The WebSocket of the place, if it has one. */
export function globalWebSocket() {
    return here.WebSocket;
}
/** Unpadded base64url of a token (SP-6). Tokens are visible ASCII, as in a header. */
export function base64url(token) {
    return here.btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
/** Length in UTF-8, without making a copy. */
export function utf8Length(text) {
    let bytes = text.length;
    for (let index = 0; index < text.length; index += 1) {
        const unit = text.charCodeAt(index);
        // Three bytes for one unit, but four for the two units of a pair.
        if (unit > 0x7ff)
            bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
        else if (unit > 0x7f)
            bytes += 1;
    }
    return bytes;
}
