import { MaskwrightError } from "../core/error.ts";
import type { Estimate } from "../run/estimate.ts";
import type { ProgressKind } from "../run/progress.ts";
import type { WorkContext } from "../run/stage.ts";

/** Options that every working command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly keepGoing?: boolean;
  readonly workers?: number;
  readonly ids?: string;
  readonly limit?: number;
}

/** Exit codes: 0 done, 1 failed or done in part, 2 wrong usage or input, 130 stopped by the user. */
export const exitCodes = { done: 0, failed: 1, usage: 2, aborted: 130 } as const;

/**
 * Runs a command's work with threads, progress and Ctrl-C in place, and sets the exit code. The first
 * Ctrl-C finishes what is in hand, such as images in flight, and stops; a second one stops at once.
 *
 * The threads start before `work` is called: modules that `work` imports load while they do.
 *
 * @param work  returns whether everything was done; false (some images failed) exits 1
 */
export async function withSession(
  options: CommonOptions,
  work: (context: WorkContext) => Promise<boolean>,
): Promise<void> {
  await untilInterrupted(options, "stopping after what is in hand (again to stop now)", async (signal) => {
    const [{ createPool }, { createProgress }] = await Promise.all([
      import("../run/pool.ts"),
      import("../run/progress.ts"),
    ]);
    const pool = createPool(options.workers);
    try {
      const progress = await createProgress(progressKind(options));
      const complete = await work({ pool, progress, signal, keepGoing: options.keepGoing ?? false });
      if (!complete) process.exitCode = exitCodes.failed;
    } finally {
      await pool.close();
    }
  });
}

/** How to show progress on standard error. A terminal that has no width yet, as some containers' have, gets lines. */
export function progressKind(
  { json }: Pick<CommonOptions, "json">,
  { isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stderr,
): ProgressKind {
  if (json) return "json";
  return isTTY && columns > 0 ? "bar" : "lines";
}

/**
 * Runs work that is told by a signal when the first Ctrl-C comes. A second one ends the process by the signal itself, as shells expect, and
 * not by an exit, which would end threads in the middle of what they compute: ONNX Runtime aborts then.
 */
export async function untilInterrupted<T>(
  { json }: Pick<CommonOptions, "json">,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const unhook = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  const stop = (): void => {
    // Not at once: the progress bar's own listener ends the process if it finds itself alone.
    setImmediate(unhook);
    if (abort.signal.aborted) return;
    abort.abort();
    process.stderr.write(json ? `${JSON.stringify({ event: "stopping", message })}\n` : `\n${message}\n`);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(abort.signal);
  } finally {
    unhook();
  }
}

/**
 * Prints what went wrong, one line and a hint for mistakes, a stack for our own bugs; returns the exit code.
 *
 * @param isJson  print it as one more event, for readers of `--json`
 */
export function reportError(error: unknown, isJson: boolean): number {
  const isOurs = !(error instanceof MaskwrightError);
  const message =
    isOurs && error instanceof Error
      ? (error.stack ?? error.message)
      : isOurs
        ? String(error)
        : error.message;
  const code = isOurs ? null : error.code;
  const hint = isOurs ? undefined : error.hint;
  if (isJson) process.stderr.write(`${JSON.stringify({ event: "error", code, message, hint })}\n`);
  else {
    const prefix = isOurs || code === "ABORTED" ? "" : "error: ";
    process.stderr.write(`${prefix}${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`);
  }
  if (code === "ABORTED") return exitCodes.aborted;
  return code === null || code === "MODEL" ? exitCodes.failed : exitCodes.usage;
}

/** The one object that `--json` promises on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** The command as it was typed, to be repeated from the same folder. */
export function commandLine(): string {
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return ["maskwright", ...process.argv.slice(2).map(quote)].join(" ");
}

/** What a dry run found; returns whether every image that was tried could be done. */
export async function printEstimate(estimate: Estimate, { json }: CommonOptions): Promise<boolean> {
  const { describeEstimate } = await import("../run/estimate.ts");
  const { failures = [], uncounted } = estimate;
  if (json) printJson(estimate);
  else {
    for (const { message } of failures) process.stderr.write(`warning: ${message}\n`);
    process.stdout.write(`would take ${describeEstimate(estimate)}; nothing was written\n`);
    if (uncounted !== undefined) process.stdout.write(`not counted: ${uncounted}\n`);
  }
  return failures.length === 0;
}
