/** The documents inside frames. They are those of the HTTP API, member for member (OP-8). */

/** Whether a run goes on, or how it ended (ENG-021). */
export type Phase = "RUNNING" | "SUCCEEDED" | "FAILED";

/** Links of a document, by relation; absent where the definition turns them off (OP-9). */
export interface Links {
  readonly [relation: string]: { readonly href: string; readonly method?: string };
}

/** A step that can be submitted now (ENG-031). */
export interface ActiveStep {
  /** Id of the state. */
  readonly stepId: string;
  /** Qualified address (ENG-040), given when the state lies outside the top-level scope. */
  readonly address?: string;
  /** Type of the state. */
  readonly type: "wait" | "webhook";
  /** When the step times out, in RFC 3339. */
  readonly dueAt?: string;
}

/** The answer to an asynchronous start (ENG-023). */
export interface JourneyStartResponse {
  /** The new run. */
  readonly journeyId: string;
  /** Its definition. */
  readonly journeyName: string;
  /** Where its status can be read over HTTP. */
  readonly statusUrl: string;
  /** What can be done next over HTTP. */
  readonly _links?: Links;
}

/** Where a run stands (ENG-021). In the reply to a submission, members of the step's `response` stand beside these (OP-4). */
export interface JourneyStatus {
  /** The run. */
  readonly journeyId: string;
  /** Its definition. */
  readonly journeyName: string;
  /** Running, or how it ended. */
  readonly phase: Phase;
  /** The one state that describes the position (ENG-022). */
  readonly currentState: string;
  /** Every step that can be submitted now. */
  readonly activeSteps: readonly ActiveStep[];
  /** Commit time of the last event, in RFC 3339. */
  readonly updatedAt: string;
  /** Tags computed at the start. */
  readonly tags?: readonly string[];
  /** Attributes, each written once. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** What can be done next over HTTP. */
  readonly _links?: Links;
  /** Members of `response`, and what later versions add. */
  readonly [member: string]: unknown;
}

/** The error of a failed run (ENG-026). */
export interface OutcomeError {
  /** Stable code. */
  readonly code: string;
  /** A sentence for people. */
  readonly reason: string;
  /** Problem document, with the default envelope. */
  readonly problem?: Problem;
  /** Members of a custom envelope (ERR-4). */
  readonly [member: string]: unknown;
}

/** How a run ended (ENG-024). It never changes. */
export interface JourneyOutcome<Output = unknown> {
  /** The run. */
  readonly journeyId: string;
  /** Its definition. */
  readonly journeyName: string;
  /** How it ended. */
  readonly phase: Exclude<Phase, "RUNNING">;
  /** The stable code of ENG-027. */
  readonly status: string;
  /** Result of a success; `null` after a failure (ENG-025). */
  readonly output: Output | null;
  /** Only after a failure. */
  readonly error?: OutcomeError;
  /** Id of the rule of `spec.outcomes` that fits. */
  readonly outcomeId?: string;
  /** Tags computed at the start. */
  readonly tags?: readonly string[];
  /** Attributes, each written once. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** What can be read over HTTP. */
  readonly _links?: Links;
  /** Members of `output.response`, and what later versions add. */
  readonly [member: string]: unknown;
}

/** One fault of a payload (ENG-141). */
export interface Fault {
  /** JSON Pointer into the payload. */
  readonly pointer: string;
  /** The keyword of the schema that does not hold. */
  readonly keyword?: string;
  /** A sentence for people. */
  readonly detail?: string;
}

/** Problem Details of RFC 9457 (ERR-3). */
export interface Problem {
  /** What went wrong, such as `urn:journeyforge:error:invalid-input`. */
  readonly type: string;
  /** The same for people. */
  readonly title?: string;
  /** Status code that HTTP has for it. */
  readonly status?: number;
  /** About this occurrence. */
  readonly detail?: string;
  /** Faults of the payload, with `invalid-input`. */
  readonly errors?: readonly Fault[];
  /** Further members. */
  readonly [member: string]: unknown;
}

/** A place in the log of a run (SEQ-1, SEQ-4). It can be kept as JSON, and be continued from after any time, over any connection. */
export interface Cursor {
  /** Identity of the log. Numbers of different epochs have nothing to do with each other. */
  readonly epoch?: string;
  /** Everything up to this number is known. */
  readonly seq: number;
}

/** A legal next command on this path (OP-10). */
export interface Action {
  /** Message type to send; `cancel` for a cancellation. */
  readonly type: string;
  /** The step it is for. */
  readonly stepId?: string;
}

/** A document with its place in the log. */
export interface At<Document> {
  /** The run. */
  readonly journeyId: string;
  /** Number of the event that made this state the present one. */
  readonly seq: number;
  /** Where to go on from: `client.watch(journeyId, { from: cursor })` misses nothing and repeats nothing. */
  readonly cursor: Cursor;
  /** The document; `undefined` if it is too large for a frame, then `href` says where to read it (LIM-3). */
  readonly document: Document | undefined;
  /** Address of a document that was left out. */
  readonly href?: string;
}
