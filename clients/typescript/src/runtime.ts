/** What the package asks of the place it runs in. Tests give their own, with a clock that is moved by hand. */
export interface Runtime {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls back once, after so many milliseconds. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Takes that back. */
  clearTimeout(timer: unknown): void;
  /** Uniformly between 0 and 1. */
  random(): number;
  /** A key of a command; at least 122 random bits (IDEM-8). */
  randomKey(): string;
}

/** The part of a WebSocket that is used. Browsers, Node.js 22 and the `ws` library have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** Makes connections; the global `WebSocket` is one. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** The part of an `AbortSignal` that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface Surroundings {
  readonly WebSocket?: WebSocketConstructor;
  readonly performance: { now(): number };
  readonly crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  btoa(text: string): string;
}

const here = globalThis as unknown as Surroundings;

/** The real thing. */
export const RUNTIME: Runtime = {
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
export function globalWebSocket(): WebSocketConstructor | undefined {
  return here.WebSocket;
}

/** Unpadded base64url of a token (SP-6). Tokens are visible ASCII, as in a header. */
export function base64url(token: string): string {
  return here.btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Length in UTF-8, without making a copy. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // Three bytes for one unit, but four for the two units of a pair.
    if (unit > 0x7ff) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
    else if (unit > 0x7f) bytes += 1;
  }
  return bytes;
}
