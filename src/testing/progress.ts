import type { Pool } from "../run/pool.ts";
import type { Progress } from "../run/progress.ts";
import type { WorkContext } from "../run/stage.ts";

/** Progress that shows nothing; warnings go where they are told to. */
export function quietProgress(warn: Progress["warn"] = () => {}): Progress {
  return { begin: () => {}, advance: () => {}, warn, end: () => {} };
}

/** Work without a progress bar that nothing interrupts and that stops at the first bad image. */
export function quietContext(pool: Pool, warn?: Progress["warn"]): WorkContext {
  return { pool, progress: quietProgress(warn), signal: new AbortController().signal, keepGoing: false };
}
