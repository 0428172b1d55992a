import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The built program: `npm run build` first. */
const program = join(import.meta.dirname, "../../dist/cli/main.js");

export interface Measured {
  /** Wall time of the whole process, its start included. */
  readonly seconds: number;
  /** Its largest resident memory in MiB, looked up every 50 ms; NaN where there is no /proc. */
  readonly peakMib: number;
  readonly stdout: string;
}

/** Runs a command to its end. @throws Error with what it wrote, if it fails */
export async function measure(command: string, args: readonly string[], cwd?: string): Promise<Measured> {
  const startMs = performance.now();
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  let peakMib = Number.NaN;
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const watch = setInterval(() => (peakMib = peakMemoryMib(child.pid) ?? peakMib), 50);
  const code = await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return { seconds, peakMib, stdout };
}

/** Runs maskwright in a process of its own. */
export function measureProgram(...args: string[]): Promise<Measured> {
  return measure(process.execPath, [program, ...args]);
}

/** The kernel's own high-water mark, which misses nothing between two looks. */
function peakMemoryMib(pid: number | undefined): number | undefined {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

export interface Contestant {
  readonly name: string;
  run(): Promise<Measured>;
}

/**
 * Times contestants in turn, round after round, so that a busy moment of the machine meets all of them, and
 * prints a table row for each: minimum, median, and both as a multiple of the first contestant's.
 */
export async function race(contestants: readonly Contestant[], rounds: number): Promise<void> {
  const seconds = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [k, { run }] of contestants.entries()) seconds[k].push((await run()).seconds);
  const summary = seconds.map((times) => ({ min: Math.min(...times), median: median(times) }));
  console.log(`| ${rounds} rounds | min, s | median, s | faster (min) | faster (median) |`);
  console.log("| --- | --- | --- | --- | --- |");
  for (const [k, { min, median }] of summary.entries()) {
    const faster = [summary[0].min / min, summary[0].median / median].map((ratio) => `${ratio.toFixed(1)}×`);
    console.log(
      `| ${contestants[k].name} | ${min.toFixed(2)} | ${median.toFixed(2)} | ${faster.join(" | ")} |`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
