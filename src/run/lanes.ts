/**
 * Calls `work` on each item, at most `lanes` at a time, in order of arrival, until done, stopped or failed.
 * Items in flight are always finished; the first error is thrown after them.
 */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  let failed = false;
  let failure: unknown;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed && !signal.aborted) {
      try {
        await work(items[next++]);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(items.length, lanes) }, lane));
  if (failed) throw failure;
}
