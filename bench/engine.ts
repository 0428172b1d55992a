/**
 * The engine against PyTorch, both with two threads: `npx tsx bench/engine.ts [ROW …] [--turns N] [--wait]`.
 *
 * Every row runs in two processes that take turns, so that whatever else the machine does slows both; the figure is the fastest run of each.
 * `--wait` lets each turn wait for a moment in which the machine is idle. PyTorch is `PYTHON` (/usr/bin/python3) where that has it.
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { burst, fairEnvironment, startContender } from "./lib/turns.ts";

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
  const ours = await startContender(
    process.execPath,
    ["--import", "tsx", `${import.meta.dirname}/engine-rows.ts`, name, String(THREADS)],
    {},
  );
  if (ours === null) throw new Error(`${name} does not start`);
  const script = `${import.meta.dirname}/engine_torch.py`;
  const torch = await startContender(python, [script, name, String(THREADS)], fairEnvironment(THREADS));
  const options = { runs: 4, wait: values.wait };
  const times: { ours: number; torch: number }[] = [];
  for (let turn = 0; turn < Number(values.turns) + 1; turn++) {
    const [mine, theirs] = [
      await burst(ours, options),
      torch === null ? Number.NaN : await burst(torch, options),
    ];
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
