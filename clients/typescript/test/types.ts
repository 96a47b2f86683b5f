// Types of the public names. This file is compiled, not run; a directive that no error follows is an error itself.
import {
  type BookmarkEvent,
  type Client,
  type Cursor,
  type ErrorCode,
  type JourneyOutcome,
  type JourneyStartResponse,
  type JourneyStatus,
  type OutcomeEvent,
  type StartReply,
  type StatusReply,
  type WatchEvent,
  type WebSocketConstructor,
  RequestError,
  connect,
} from "@journeyforge/client";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => undefined;

interface Loans {
  starts: { apply: { amount: number } };
  steps: { decide: { decision: "approve" | "decline" }; sign: boolean };
  output: { status: "APPROVED" };
}

declare const any: Client;
declare const loans: Client<Loans>;
declare const cursor: Cursor;

export async function commands() {
  same<Client<Loans>, Awaited<ReturnType<typeof connect<Loans>>>>(true);

  const started = await loans.start("apply", { amount: 1 });
  same<typeof started, StartReply<{ status: "APPROVED" }>>(true);
  if (started.type === "started") same<typeof started.document, JourneyStartResponse | undefined>(true);
  if (started.type === "status") same<typeof started.document, JourneyStatus | undefined>(true);
  if (started.type === "outcome") same<typeof started.document, JourneyOutcome<{ status: "APPROVED" }> | undefined>(true);
  // @ts-expect-error: no such start
  await loans.start("decide", { decision: "approve" });
  // @ts-expect-error: not the payload of it
  await loans.start("apply", { amount: "1" });

  same<StatusReply, Awaited<ReturnType<typeof loans.submit<"sign">>>>(true);
  await loans.submit("run", "sign", true, { ifSeq: 4, stepId: "signature", key: false });
  await loans.submit("run", "decide", { decision: "approve" }, { ifSeq: cursor, signal: AbortSignal.timeout(5) });
  // @ts-expect-error: not the payload of it
  await loans.submit("run", "decide", { decision: "maybe" });
  // @ts-expect-error: a start takes no precondition
  await loans.start("apply", { amount: 1 }, { ifSeq: 1 });
  // @ts-expect-error: nor does a read take a key
  await loans.status("run", { key: "k" });

  const { document } = await loans.outcome("run");
  same<NonNullable<typeof document>["output"], { status: "APPROVED" } | null>(true);

  await any.start("whatever", [1]);
  same<NonNullable<Awaited<ReturnType<typeof any.outcome>>["document"]>["output"], unknown>(true);
}

export async function watching() {
  const watch = loans.watch("run", { from: cursor, events: ["outcome"], conflate: false });
  for await (const event of watch) {
    same<typeof event, WatchEvent<{ status: "APPROVED" }>>(true);
    // @ts-expect-error: a gap has none
    event.cursor;
    if (event.type === "bookmark") same<typeof event, BookmarkEvent>(true);
    if (event.type === "outcome") same<typeof event, OutcomeEvent<{ status: "APPROVED" }>>(true);
    if (event.type === "status" && event.document) same<typeof event.document.phase, "RUNNING" | "SUCCEEDED" | "FAILED">(true);
  }
  // @ts-expect-error: no such place
  loans.watch("run", { from: "yesterday" });
  const last: OutcomeEvent<{ status: "APPROVED" }> = await watch.outcome();
  return last;
}

export async function options() {
  const make: WebSocketConstructor = WebSocket;
  const signal: AbortSignal = AbortSignal.timeout(5);
  await connect(new URL("wss://journeys.test/ws"), { WebSocket: make, signal, token: async () => "t", retry: { maxMs: 5 } });
  // @ts-expect-error: readonly
  (await connect("ws://x")).state = "closed";
  const error: unknown = undefined;
  if (error instanceof RequestError) same<typeof error.effect, "none" | "unknown">(true);
  if (error instanceof RequestError) same<typeof error.code, ErrorCode>(true);
  const another: ErrorCode = "https://example.test/problems/of-a-proxy";
  return another;
}
