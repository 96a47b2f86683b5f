// What happened to a run, one line per event, and no more lines than a page can carry.

/** Events that are kept. Older ones are counted. */
export const KEPT = 1_000;
/** Events that are asked for at first: fewer than servers keep, so that those that come meanwhile do not tear the trail. */
export const ASKED = 900;

/** The trail of a run. */
export class Trail {
  /** `{ seq, at, title, notes, kind }`, oldest first. */
  lines = [];
  /** How many older ones there were. */
  dropped = 0;
  #before;

  /** Takes an event of a watch; what it adds, if it adds a line. */
  add(event) {
    const line = this.#line(event);
    if (!line) return undefined;
    this.lines.push(line);
    if (this.lines.length > KEPT) {
      this.dropped += this.lines.length - KEPT;
      this.lines.splice(0, this.lines.length - KEPT);
    }
    return line;
  }

  #line(event) {
    switch (event.type) {
      case "status": {
        const { document: status, seq, skipped } = event;
        const notes = changes(this.#before, status);
        this.#before = status;
        // The outcome of the same number follows, and says more (SEQ-5).
        if (status && status.phase !== "RUNNING") return undefined;
        if (skipped > 0) notes.unshift(`${skipped} earlier not told`);
        return { seq, at: status?.updatedAt, kind: "status", title: status?.currentState ?? "a status too large to show", notes };
      }
      case "outcome": {
        const { document: outcome, seq, at } = event;
        const reason = outcome?.error?.reason ?? outcome?.error?.title;
        return {
          seq,
          at,
          kind: outcome?.phase === "SUCCEEDED" ? "succeeded" : "failed",
          title: outcome?.status ?? "ended",
          notes: reason ? [String(reason)] : [],
        };
      }
      case "gap":
        this.#before = undefined;
        return { seq: event.from, at: undefined, kind: "gap", title: `${event.from} to ${event.to} are not kept`, notes: [event.reason] };
      default:
        return undefined;
    }
  }
}

/** What has changed between two statuses, in words. */
export function changes(before, status) {
  if (!status) return [];
  const name = (step) => step.address ?? step.stepId;
  const open = new Set((before?.activeSteps ?? []).map(name));
  const now = new Set((status.activeSteps ?? []).map(name));
  const notes = [];
  for (const step of now) if (!open.has(step)) notes.push(`${step} waits`);
  for (const step of open) if (!now.has(step)) notes.push(`${step} is done`);
  const known = before?.attributes ?? {};
  for (const [key, value] of Object.entries(status.attributes ?? {})) {
    if (known[key] !== value) notes.push(`${key} = ${value}`);
  }
  return notes;
}
