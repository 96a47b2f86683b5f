import type { Runtime } from "./runtime.js";

/** Bounds of the time before a connection is tried again, in milliseconds. */
export interface Retry {
  /** Least time; 500 unless said otherwise. */
  readonly minMs: number;
  /** Longest time; 30 000 unless said otherwise. */
  readonly maxMs: number;
  /** Failures in a row after which the client gives up; without end unless said otherwise. */
  readonly attempts: number;
  /** The same until the first connection stands. 1 unless said otherwise, so that a wrong address shows. */
  readonly firstAttempts: number;
}

/** HB-4: full jitter between 0.5 and 30 s. */
export const RETRY: Retry = { minMs: 500, maxMs: 30_000, attempts: Infinity, firstAttempts: 1 };

/** Time to wait after so many failures in a row: drawn uniformly from a range whose end doubles (HB-4). */
export function pause(failures: number, retry: Retry, runtime: Runtime): number {
  const end = Math.min(retry.maxMs, retry.minMs * 2 ** Math.min(failures, 30));
  return Math.round(retry.minMs + runtime.random() * Math.max(0, end - retry.minMs));
}
