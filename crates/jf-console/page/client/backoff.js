/** HB-4: full jitter between 0.5 and 30 s. */
export const RETRY = { minMs: 500, maxMs: 30_000, attempts: Infinity, firstAttempts: 1 };
/** Time to wait after so many failures in a row: drawn uniformly from a range whose end doubles (HB-4). */
export function pause(failures, retry, runtime) {
    const end = Math.min(retry.maxMs, retry.minMs * 2 ** Math.min(failures, 30));
    return Math.round(retry.minMs + runtime.random() * Math.max(0, end - retry.minMs));
}
