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
}

/** A signal to a program, from inside it, when so many lines of its standard error have matched. */
export interface Interruption {
  readonly signal: "SIGINT" | "SIGKILL";
  readonly pattern: RegExp;
  /** Default 1. */
  readonly count?: number;
  /** Default 0. */
  readonly delayMs?: number;
}

/** Runs the built program in a folder to its end. */
export function maskwright(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return startMaskwright(folder, ...args).result;
}

/** Starts the built program in a folder; to be stopped, or waited for. */
export function startMaskwright(folder: string, ...args: readonly string[]): RunningCommand {
  return start(process.execPath, [program, ...args], folder);
}

/** Runs the built program in a folder, interrupted once by each of the signals, in their order. */
export function interruptMaskwright(
  folder: string,
  interruptions: readonly Interruption[],
  ...args: readonly string[]
): Promise<CommandResult> {
  const waiting = interruptions.map(({ signal, pattern, count = 1, delayMs = 0 }) => ({
    ...{ signal, pattern: pattern.source, count, delayMs },
  }));
  const before = new URL("interruption.mjs", import.meta.url).href;
  return start(process.execPath, ["--import", before, program, ...args], folder, {
    MASKWRIGHT_INTERRUPTIONS: JSON.stringify(waiting),
  }).result;
}

/**
 * Starts any program, with nothing on its standard input.
 *
 * @param variables  of its environment, besides ours
 */
export function start(
  command: string,
  args: readonly string[],
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): RunningCommand {
  const env = { ...process.env, ...variables };
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const result = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, stdout, stderr }));
  return { child, result };
}

/** The lines of a message, without the empty one at its end. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
