/** Makes what steps are fed ahead of them, and knows how long they waited for it. */
export interface Feeder<T> {
  /** What a step is fed; that of the steps after it is begun. Steps are asked for in order. */
  of(step: number): Promise<T>;
  /** Runs the next step. */
  run<R>(step: () => Promise<R>): Promise<R>;
  /** Share of the time since the first step began that steps waited for what they are fed. */
  waitingShare(): number;
}

export interface FeederOptions {
  /** Of the whole run: none is made beyond them. */
  readonly steps: number;
  /** Steps that are made before they are asked for. */
  readonly ahead: number;
  /** Milliseconds; default those of the clock. */
  readonly now?: () => number;
}

/** @param make  what a step is fed; depends on the step alone */
export function createFeeder<T>(
  make: (step: number) => Promise<T>,
  { steps, ahead, now = () => performance.now() }: FeederOptions,
): Feeder<T> {
  const begun = new Map<number, Promise<T>>();
  const readyMs = new Map<number, number>();
  let next: number | null = null;
  let startMs: number | null = null;
  let endMs = 0;
  let waitedMs = 0;

  const begin = (step: number): void => {
    if (step >= steps || begun.has(step)) return;
    const value = make(step);
    begun.set(step, value);
    // A failure is reported by whoever awaits the value.
    value.then(
      () => readyMs.set(step, now()),
      () => {},
    );
  };
  return {
    of(step) {
      next ??= step;
      for (let k = step; k <= step + ahead; k++) begin(k);
      const value = begun.get(step) as Promise<T>;
      begun.delete(step);
      return value;
    },
    async run(step) {
      if (next === null) throw new Error("a step runs that was not asked for");
      if (startMs === null) startMs = now();
      // What else happens between two steps, such as a checkpoint, is no waiting.
      else waitedMs += Math.max(0, (readyMs.get(next) ?? endMs) - endMs);
      readyMs.delete(next);
      next++;
      const result = await step();
      endMs = now();
      return result;
    },
    waitingShare: () => (startMs === null || endMs <= startMs ? 0 : waitedMs / (endMs - startMs)),
  };
}
