import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** The built program; `build.ts` sees to it that it is there and up to date. */
export const program: string = join(root, "dist/cli/main.js");

export interface CommandResult {
  /** Exit code, or the name of the signal that ended it. */
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
  /** Waits until so many lines of standard error match, or the program ends. */
  lines(pattern: RegExp, count: number): Promise<void>;
}

/** Runs the built program in a folder to its end. */
export function maskwright(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return startMaskwright(folder, ...args).result;
}

/** Starts the built program in a folder; to be stopped, or waited for. */
export function startMaskwright(folder: string, ...args: readonly string[]): RunningCommand {
  return start(process.execPath, [program, ...args], folder);
}

/** Starts any program, with nothing on its standard input. */
export function start(command: string, args: readonly string[], folder: string): RunningCommand {
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const result = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, stdout, stderr }));
  const lines = async (pattern: RegExp, count: number): Promise<void> => {
    const isThere = (): boolean => stderr.split("\n").filter((line) => pattern.test(line)).length >= count;
    while (child.exitCode === null && child.signalCode === null && !isThere()) {
      await Promise.race([once(child.stderr, "data"), result]);
    }
  };
  return { child, result, lines };
}

/** The lines of a message, without the empty one at its end. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
