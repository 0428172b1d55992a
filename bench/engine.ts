/**
 * The engine against PyTorch, both with two threads: `npx tsx bench/engine.ts [ROW …] [--turns N] [--wait]`.
 *
 * Every row runs in two processes that take turns, so that whatever else the machine does slows both; the figure is the fastest run of each.
 * `--wait` lets each turn wait for a moment in which the machine is idle. PyTorch is `PYTHON` (/usr/bin/python3) where that has it.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const THREADS = 2;
/** Rows and how often PyTorch's time our time should be. */
const ROWS: Readonly<Record<string, { readonly title: string; readonly aim: number }>> = {
  "clip-forward": { title: "CLIP text layer 20 × 77 × 512, forward", aim: 1.1 },
  "clip-backward": { title: "the same, and gradient to the input", aim: 1.1 },
  "vit-197": { title: "ViT-B block, 197 tokens, forward", aim: 1.1 },
  "vit-1025": { title: "ViT-B block, 1,025 tokens, forward", aim: 1.1 },
  prompter: { title: "DETR-like prompter, batch 2, AdamW step", aim: 1 },
  segformer: { title: "SegFormer-B0 512², batch 4, AdamW step", aim: 1.25 },
};

/** Debian's PyTorch takes the BLAS it finds: one that shares OpenMP's threads, its kernels for AVX-512, and memory that is not given back. */
const OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp";
const fairEnvironment: Readonly<Record<string, string>> = {
  ...(existsSync(OPENBLAS) && { LD_LIBRARY_PATH: OPENBLAS }),
  ...(hasAvx512() && { OPENBLAS_CORETYPE: "SKYLAKEX" }),
  OMP_NUM_THREADS: String(THREADS),
  MALLOC_MMAP_THRESHOLD_: "33554432",
  MALLOC_TRIM_THRESHOLD_: "268435456",
};

interface Contender {
  readonly figures: Readonly<Record<string, number>>;
  /** Milliseconds of one run. */
  run(): Promise<number>;
  /** Ends it; its peak memory in MB. */
  end(): Promise<number>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: "string", default: "5" }, wait: { type: "boolean", default: false } },
});
const python = process.env.PYTHON ?? "/usr/bin/python3";
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads`,
);
console.log(
  [
    "row",
    "ours ms",
    "torch ms",
    "torch/ours",
    "aim",
    "graph ms",
    "session ms",
    "MB",
    "torch MB",
    "GFLOPS",
  ].join("\t"),
);
for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) await compare(name);

async function compare(name: string): Promise<void> {
  const ours = await start(
    process.execPath,
    ["--import", "tsx", `${import.meta.dirname}/engine-rows.ts`, name],
    {},
  );
  if (ours === null) throw new Error(`${name} does not start`);
  const torch = await start(python, [`${import.meta.dirname}/engine_torch.py`, name], fairEnvironment);
  const times: { ours: number; torch: number }[] = [];
  for (let turn = 0; turn < Number(values.turns) + 1; turn++) {
    const [mine, theirs] = [await burst(ours), torch === null ? Number.NaN : await burst(torch)];
    // The first turn of each makes room in memory.
    if (turn > 0) times.push({ ours: mine, torch: theirs });
  }
  const [best, peer] = [
    Math.min(...times.map((each) => each.ours)),
    Math.min(...times.map((each) => each.torch)),
  ];
  const { graphMs, sessionMs } = ours.figures;
  const cells = [
    ROWS[name].title,
    best.toFixed(1),
    peer.toFixed(1),
    (peer / best).toFixed(2),
    ROWS[name].aim,
    graphMs.toFixed(0),
    sessionMs.toFixed(0),
    await ours.end(),
    (await torch?.end()) ?? Number.NaN,
    torch?.figures.gflops ?? Number.NaN,
  ];
  console.log(cells.join("\t"));
}

/** The fastest of some runs in a row: one alone would find the caches full of the other's data. */
async function burst({ run }: Contender): Promise<number> {
  if (values.wait) await idle();
  // Threads of the other's that spin for work give up by then.
  await sleep(300);
  const times: number[] = [];
  for (let i = 0; i < 4; i++) times.push(await run());
  return Math.min(...times);
}

/** A process that is ready to run, or null when it cannot start. */
async function start(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Contender | null> {
  const child = spawn(command, [...args, String(THREADS)], {
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
