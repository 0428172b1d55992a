/**
 * A training step of the prompter on cached embeddings against PyTorch, both with two threads:
 * `npx tsx bench/prompter.ts [BATCH …] [--turns N] [--wait]`.
 *
 * Forward, matching, forward and backward, Adam: 12.7 million parameters, five parts a picture. Both processes take turns; the figure is the
 * fastest run of each. `--wait` lets each turn wait for a moment in which the machine is idle. PyTorch is `PYTHON` (/usr/bin/python3).
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { fairEnvironment, race, startContender } from "./lib/turns.ts";

const THREADS = 2;
/** Pictures of a step, and how often PyTorch's images a second ours should be. */
const AIMS: Readonly<Record<string, number>> = { 2: 1, 8: 1.3 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: "string", default: "4" }, wait: { type: "boolean", default: false } },
});
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads`,
);
const heads = [
  "batch",
  "ours ms",
  "torch ms",
  "torch/ours",
  "aim",
  "images/s",
  "torch images/s",
  "MB",
  "torch MB",
];
console.log(heads.join("\t"));
for (const batch of positionals.length > 0 ? positionals : Object.keys(AIMS)) await compare(batch);

async function compare(batch: string): Promise<void> {
  const tail = [batch, String(THREADS)];
  const row = ["--import", "tsx", `${import.meta.dirname}/prompter-rows.ts`, ...tail];
  const ours = await startContender(process.execPath, row, {});
  if (ours === null) throw new Error("the prompter does not start");
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const script = `${import.meta.dirname}/prompter_torch.py`;
  const torch = await startContender(python, [script, ...tail], fairEnvironment(THREADS));
  const options = { runs: 3, wait: values.wait, turns: Number(values.turns) };
  const times = await race(ours, torch, options);
  const rate = (ms: number): string => ((1000 * Number(batch)) / ms).toFixed(2);
  const cells = [
    batch,
    times.ours.toFixed(0),
    times.torch.toFixed(0),
    (times.torch / times.ours).toFixed(2),
    AIMS[batch] ?? "",
    rate(times.ours),
    rate(times.torch),
    await ours.end(),
    (await torch?.end()) ?? Number.NaN,
  ];
  console.log(cells.join("\t"));
}
