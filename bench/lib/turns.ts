import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** Debian's PyTorch takes the BLAS it finds: one that shares OpenMP's threads, its kernels for AVX-512, and memory that is not given back. */
export function fairEnvironment(threads: number): Readonly<Record<string, string>> {
  const openblas = "/usr/lib/x86_64-linux-gnu/openblas-openmp";
  return {
    ...(existsSync(openblas) && { LD_LIBRARY_PATH: openblas }),
    ...(hasAvx512() && { OPENBLAS_CORETYPE: "SKYLAKEX" }),
    OMP_NUM_THREADS: String(threads),
    MALLOC_MMAP_THRESHOLD_: "33554432",
    MALLOC_TRIM_THRESHOLD_: "268435456",
  };
}

/**
 * A process that says "ready {figures}", then answers each line on its standard input with the milliseconds of one more run, and says its peak
 * memory in MB when its input ends.
 */
export interface Contender {
  readonly figures: Readonly<Record<string, number>>;
  /** Milliseconds of one run. */
  run(): Promise<number>;
  /** Ends it; its peak memory in MB. */
  end(): Promise<number>;
}

/** A process that is ready to run, or null, said out loud, when it cannot start. */
export async function startContender(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Contender | null> {
  const child = spawn(command, args, {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<string | undefined> => (await lines.next()).value;
  const ready = await read();
  if (ready === undefined) {
    console.log(`SKIPPED: ${command} ${args[0]} does not start`);
    return null;
  }
  return {
    figures: JSON.parse(ready.replace("ready ", "")),
    async run() {
      child.stdin.write("\n");
      return Number(await read());
    },
    async end() {
      child.stdin.end();
      return Number(await read());
    },
  };
}

export interface BurstOptions {
  readonly runs: number;
  /** Wait for a moment in which the machine is idle. */
  readonly wait: boolean;
}

/** The fastest of some runs in a row: one alone would find the caches full of the other's data. */
export async function burst({ run }: Contender, { runs, wait }: BurstOptions): Promise<number> {
  if (wait) await idle();
  // Threads of the other's that spin for work give up by then.
  await sleep(300);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) times.push(await run());
  return Math.min(...times);
}

export interface RaceOptions extends BurstOptions {
  /** Bursts of each that count, after a first one that makes room in memory. */
  readonly turns: number;
}

/** The fastest run of each, in bursts by turns; NaN for a peer that is not there. */
export async function race(
  ours: Contender,
  torch: Contender | null,
  { turns, ...options }: RaceOptions,
): Promise<{ readonly ours: number; readonly torch: number }> {
  const times = { ours: Number.POSITIVE_INFINITY, torch: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn < turns + 1; turn++) {
    const mine = await burst(ours, options);
    const theirs = torch === null ? Number.NaN : await burst(torch, options);
    if (turn === 0) continue;
    times.ours = Math.min(times.ours, mine);
    times.torch = Math.min(times.torch, theirs);
  }
  return times;
}

/** Waits, at most two minutes, until the processors did nothing for a third of a second. */
async function idle(): Promise<void> {
  const sample = (): { idle: number; all: number } => {
    const times = cpus().map((cpu) => cpu.times);
    const all = times.reduce(
      (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
      0,
    );
    return { idle: times.reduce((sum, time) => sum + time.idle, 0), all };
  };
  for (let attempt = 0; attempt < 360; attempt++) {
    const before = sample();
    await sleep(333);
    const after = sample();
    if ((after.idle - before.idle) / (after.all - before.all) > 0.93) return;
  }
}

function hasAvx512(): boolean {
  return existsSync("/proc/cpuinfo") && readFileSync("/proc/cpuinfo", "utf8").includes("avx512f");
}
