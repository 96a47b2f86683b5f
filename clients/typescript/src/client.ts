import type { Cursor } from "./documents.js";
import type { ConnectionError } from "./errors.js";
import type { WatchOptions } from "./events.js";
import type { ClientState, ConnectOptions } from "./options.js";
import type { Request } from "./outbox.js";
import type { Welcome } from "./protocol.js";
import { type OutcomeReply, type StartReply, type StatusReply, outcomeReply, requestFor, startReply, statusReply } from "./requests.js";
import type { AbortSignalLike } from "./runtime.js";
import { Session } from "./session.js";
import { Watch } from "./watch.js";

/**
 * What can be sent on a path, by message type. Describe yours to have payloads and outputs checked:
 *
 * ```ts
 * interface Loans {
 *   starts: { applyForLoan: { customerId: string; amount: number; months: number; income: number } };
 *   steps: { decideLoan: { decision: "approve" | "decline"; officer: string }; signContract: { signed: boolean } };
 *   output: { status: "APPROVED" | "DECLINED"; monthly?: number };
 * }
 * const client = await connect<Loans>("wss://journeys.example.com/ws/loans");
 * ```
 */
export interface JourneyApi {
  /** Payload of each start type. */
  starts: object;
  /** Payload of each step type. */
  steps: object;
  /** Output of an outcome. */
  output: unknown;
}

/** Any types, any payloads. */
export interface AnyJourneys extends JourneyApi {
  starts: Record<string, unknown>;
  steps: Record<string, unknown>;
  output: unknown;
}

/** What every request can be told. */
export interface RequestOptions {
  /** Stops waiting for the reply. A command that was sent is not taken back. */
  readonly signal?: AbortSignalLike;
}

/** What every command can be told. */
export interface CommandOptions extends RequestOptions {
  /**
   * Idempotency key (IDEM-2): the same command with the same key has one effect, over whatever client, connection and binding. A random
   * one unless said otherwise. `false`: none; then the command is never repeated, and a lost reply is a `LostReplyError` (IDEM-1).
   */
  readonly key?: string | false;
  /** Trace context of this command (WS-024). */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
}

/** How to start. */
export interface StartOptions extends CommandOptions {
  /** Which definition, where the type starts several (RT-4). */
  readonly journeyName?: string;
  /** Told as soon as the run exists for good, where the reply takes longer (OP-3). Not told of a repetition. */
  readonly onAccepted?: (journeyId: string) => void;
}

/** How to cancel. */
export interface CancelOptions extends CommandOptions {
  /**
   * Only if the run still stands there (IDEM-9): the `seq` of what the decision was made on, or better the cursor with its epoch. Else
   * the command is refused as `seq-mismatch`.
   */
  readonly ifSeq?: number | Cursor;
}

/** How to submit. */
export interface SubmitOptions extends CancelOptions {
  /** Which step, by id or address; name it where steps share a type, or a late submission may hit the next one (RT-8). */
  readonly stepId?: string;
  /** Told as soon as the submission is taken for good, where the reply takes longer (OP-3). Not told of a repetition. */
  readonly onAccepted?: () => void;
}

type StartType<Api extends JourneyApi> = keyof Api["starts"] & string;
type StepType<Api extends JourneyApi> = keyof Api["steps"] & string;

/**
 * A client of the journeys on one path, from {@link connect}.
 *
 * It survives connections: requests wait while there is none, commands whose reply was lost are repeated without a second effect,
 * and watches go on where they were (§19). Commands for one run are carried out in the order of the calls (ORD-1).
 *
 * Requests reject with `RequestError` when the server refuses them, and with `ConnectionError` or `LostReplyError` when nothing more can
 * be heard.
 */
export class Client<Api extends JourneyApi = AnyJourneys> {
  readonly #session: Session;

  /** @internal */
  constructor(session: Session) {
    this.#session = session;
  }

  /** What the client is doing. */
  get state(): ClientState {
    return this.#session.state;
  }

  /** The settings of the present connection, or of the last one: limits, features, what is served (§4). */
  get welcome(): Welcome {
    return this.#session.welcome!;
  }

  /** Settled when the client is over: with the reason, or without one after `close()`. It never rejects. */
  get closed(): Promise<ConnectionError | undefined> {
    return this.#session.over;
  }

  /**
   * Starts a run (OP-1, OP-2). It is not watched by that: `client.watch(reply.journeyId, { from: reply.cursor })` misses nothing, however
   * much later.
   */
  start<Type extends StartType<Api>>(
    type: Type,
    payload: Api["starts"][Type],
    options: StartOptions = {},
  ): Promise<StartReply<Api["output"]>> {
    const { journeyName, onAccepted } = options;
    const members = { type, journeyName, payload: given(payload), ...(onAccepted && { ack: true }) };
    const accepted = onAccepted && ((frame: { journeyId?: string }) => onAccepted(frame.journeyId ?? ""));
    return this.#command(members, options, (frame) => startReply(frame) as StartReply<Api["output"]>, accepted);
  }

  /** Submits a step of a run (WS-032, OP-4). The reply tells where the run stands then, with the members of the step's `response`. */
  submit<Type extends StepType<Api>>(
    journeyId: string,
    type: Type,
    payload: Api["steps"][Type],
    options: SubmitOptions = {},
  ): Promise<StatusReply> {
    const { stepId, onAccepted } = options;
    const members = { type, journeyId, stepId, ...precondition(options), payload: given(payload), ...(onAccepted && { ack: true }) };
    return this.#command(members, options, statusReply, onAccepted && (() => onAccepted()));
  }

  /** Cancels a run (RT-10). A run that has ended stays as it is, and answers with its status. */
  cancel(journeyId: string, options: CancelOptions = {}): Promise<StatusReply> {
    return this.#command({ type: "cancel", journeyId, ...precondition(options) }, options, statusReply);
  }

  /** Where a run stands (`getStatus`). */
  status(journeyId: string, options: RequestOptions = {}): Promise<StatusReply> {
    return this.#ask({ type: "getStatus", journeyId }, { repeat: "freely", isCommand: false }, options, statusReply);
  }

  /** How a run ended (`getOutcome`); refused as `not-terminal` while it goes on (OP-6). To wait for it: `client.watch(journeyId).outcome()`. */
  outcome(journeyId: string, options: RequestOptions = {}): Promise<OutcomeReply<Api["output"]>> {
    const read = (frame: Parameters<typeof outcomeReply>[0]) => outcomeReply(frame) as OutcomeReply<Api["output"]>;
    return this.#ask({ type: "getOutcome", journeyId }, { repeat: "freely", isCommand: false }, options, read);
  }

  /**
   * Watches a run, wherever it was started (SUB-13): every event once, in order, across lost connections.
   *
   * A client has one watch per run at a time; it throws a `TypeError` for a second one.
   */
  watch(journeyId: string, options: WatchOptions = {}): Watch<Api["output"]> {
    return new Watch(this.#session.watch(journeyId, options));
  }

  /**
   * Shows another token (AUTH-5), on this connection and all later ones. Only where `welcome.features` has `auth`; a token from a function
   * is renewed without being asked.
   */
  authenticate(token: string): Promise<void> {
    return this.#session.authenticate(token);
  }

  /** Ends the client: watches are over, requests without a reply reject. Runs go on. */
  close(): void {
    this.#session.stop();
  }

  #command<Reply>(
    members: { type: string; journeyId?: string; ifSeq?: number | undefined },
    options: CommandOptions,
    read: (frame: Parameters<Request["settle"]>[0]) => Reply,
    accepted?: Request["accepted"],
  ): Promise<Reply> {
    const key = options.key === false ? undefined : (options.key ?? this.#session.runtime.randomKey());
    const repeat = key !== undefined || members.ifSeq !== undefined ? "safely" : "never";
    const frame = { ...members, key, trace: options.trace };
    return this.#ask(frame, { repeat, isCommand: true }, options, read, accepted);
  }

  #ask<Reply>(
    members: { type: string; journeyId?: string },
    kind: Pick<Request, "repeat" | "isCommand">,
    { signal }: RequestOptions,
    read: (frame: Parameters<Request["settle"]>[0]) => Reply,
    accepted?: Request["accepted"],
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        this.#session.forget(request.id);
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", abort);
      const request = requestFor(members, {
        ...kind,
        isCalled: true,
        settle: (frame) => (done(), resolve(read(frame))),
        fail: (error) => (done(), reject(error)),
        ...(accepted && { accepted }),
      });
      signal?.addEventListener("abort", abort);
      this.#session.request(request);
    });
  }
}

/**
 * Connects to the journeys on one path, such as `wss://journeys.example.com/ws/loans`.
 *
 * The promise is kept when requests can be sent. It rejects with `ConnectionError` when that is out of the question, or after
 * `retry.firstAttempts`; from then on the client comes back by itself, as long as the server wants it to (§17).
 */
export async function connect<Api extends JourneyApi = AnyJourneys>(
  url: string | { readonly href: string },
  options: ConnectOptions = {},
): Promise<Client<Api>> {
  const session = new Session(url, options);
  const error = await session.begin();
  if (error) throw error;
  return new Client<Api>(session);
}

function precondition({ ifSeq }: CancelOptions): { ifSeq?: number; epoch?: string } {
  if (typeof ifSeq !== "object") return ifSeq === undefined ? {} : { ifSeq };
  return { ifSeq: ifSeq.seq, ...(ifSeq.epoch !== undefined && { epoch: ifSeq.epoch }) };
}

/** A payload must be there; there is no JSON for `undefined`. */
function given(payload: unknown): unknown {
  return payload === undefined ? null : payload;
}
