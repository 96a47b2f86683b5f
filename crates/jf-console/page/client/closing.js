/** A peer that went silent, as noticed here; the server has the same code for it (HB-1, HB-4). */
export const LIVENESS_TIMEOUT = 4504;
const TRY_LATER_MS = 5_000;
const RATE_ABUSE_MS = 30_000;
/** The table of close codes; unknown ones of 44xx stop, everything else backs off (ERR-6). */
export function reactionTo(code) {
    switch (code) {
        case 1000: // done
        case 1002: // framing: the same bytes would be refused again
        case 1003:
        case 1007:
        case 1009:
            return { kind: "stop" };
        case 1013:
            return { kind: "retry", atLeastMs: TRY_LATER_MS };
        case 4401:
            return { kind: "renew" };
        case 4429:
            return { kind: "retry", atLeastMs: RATE_ABUSE_MS };
        case 4510:
            return { kind: "on-demand" };
        default:
            return code >= 4400 && code <= 4499 ? { kind: "stop" } : { kind: "retry", atLeastMs: 0 };
    }
}
