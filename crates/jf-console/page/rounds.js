// Which round of a step a run waits in. A step is told by its address, and perhaps by when it times out; one that does not time out looks the same when the
// run has come back to it. What was entered for the round before must not be submitted to the next one (RT-8).

/** The rounds of the active steps of a run. `add` takes its statuses in order. */
export class Rounds {
  /** When the active steps time out, by address. */
  #active = new Map();
  #counts = new Map();
  /** Steps of which an event has left open whether they are those of before. */
  unsure = new Set();

  /** The next status; `isOwn` where it replies to what was submitted here, so that it is known which step that was about. */
  add(status, isOwn = false) {
    const before = this.#active;
    const steps = status.phase === "RUNNING" ? (status.activeSteps ?? []) : [];
    this.#active = new Map(steps.map((step) => [addressOf(step), step.dueAt]));
    for (const address of this.unsure) if (!this.#active.has(address)) this.unsure.delete(address);
    const kept = [...this.#active].filter(([address]) => before.has(address));
    // A step that has come or gone, or has another due time, is what the event is about.
    const isTold = kept.length < before.size || kept.length < this.#active.size || kept.some(([address, dueAt]) => before.get(address) !== dueAt);
    if (isOwn || isTold) return;
    const alike = kept.filter(([, dueAt]) => dueAt === undefined).map(([address]) => address);
    if (alike.length === 1) this.#next(alike[0]);
    else for (const address of alike) this.unsure.add(address);
  }

  /** Events are missing: whatever looks the same may be another one. */
  gap() {
    for (const address of this.#active.keys()) this.#next(address);
  }

  /** What tells an active step from itself in another round. */
  key(step) {
    return `${addressOf(step)} ${step.dueAt ?? ""} ${this.count(step)}`;
  }

  /** How often the run has come back to a step, as far as that was seen. */
  count(step) {
    return this.#counts.get(addressOf(step)) ?? 0;
  }

  #next(address) {
    this.unsure.delete(address);
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }
}

/** Where a step is: its id, if that says it. */
export function addressOf(step) {
  return step.address ?? step.stepId;
}
