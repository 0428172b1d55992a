/**
 * A training step of the prompter on cached embeddings against PyTorch, both with two threads:
 * `npx tsx bench/prompter.ts [BATCH …] [--turns N] [--wait]`.
 *
 * Forward, matching, forward and backward, Adam: 12.7 million parameters, five parts a picture. Both processes take turns; the figure is the
 * fastest run of each. `--wait` lets each turn wait for a moment in which the machine is idle. PyTorch is `PYTHON` (/usr/bin/python3).
 * Before anything is timed, both make the same two steps: their losses agree within 1e-5 of themselves, and of parameters after
 * them, eight of each tensor, at most 10 % differ by more than 1e-6. Adam moves each by the rate, 1e-4, also where its gradient is next to
 * nothing, and there rounding decides which way. `--turns 0` only compares.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fairEnvironment, race, startContender } from "./lib/turns.ts";

const THREADS = 2;
/** Pictures of a step, and how often PyTorch's images a second ours should be. */
const AIMS: Readonly<Record<string, number>> = { 2: 1, 8: 1.3 };
const LOSS_TOLERANCE = 1e-5;
const PARAMETER_TOLERANCE = 1e-6;
/** Share of parameters that may differ by more. */
const MOST_APART = 0.1;

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
  const folder = mkdtempSync(join(tmpdir(), "prompter-bench-"));
  const tail = [join(folder, "batch.safetensors"), String(THREADS)];
  const row = ["--import", "tsx", `${import.meta.dirname}/prompter-rows.ts`, batch, ...tail];
  const ours = await startContender(process.execPath, row, {});
  if (ours === null) throw new Error("the prompter does not start");
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const script = join(import.meta.dirname, "../golden/wps/prompter.py");
  const torch = await startContender(python, [script, ...tail], fairEnvironment(THREADS));
  rmSync(folder, { recursive: true });
  if (torch !== null) console.log(`batch ${batch}: ${compareSteps(ours.figures, torch.figures)}`);
  if (values.turns === "0") {
    await Promise.all([ours.end(), torch?.end()]);
    return;
  }
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

type Figures = Readonly<Record<string, number>>;

/** How far the first steps agree. @throws Error if not within the tolerances */
function compareSteps(ours: Figures, torch: Figures): string {
  const names = Object.keys(torch);
  const isLoss = (name: string): boolean => name.startsWith("loss ");
  const losses = names.filter(isLoss).map((name) => Math.abs(ours[name] / torch[name] - 1));
  const parameters = names.filter((name) => !isLoss(name)).map((name) => Math.abs(ours[name] - torch[name]));
  const apart = parameters.filter((error) => !(error <= PARAMETER_TOLERANCE)).length / parameters.length;
  const worst = Math.max(...losses);
  const text = `losses within ${worst.toExponential(1)}, ${(100 * apart).toFixed(1)} % of ${parameters.length} parameters further apart than ${PARAMETER_TOLERANCE}`;
  if (losses.length > 0 && worst <= LOSS_TOLERANCE && apart <= MOST_APART) return text;
  throw new Error(`the first steps differ: ${text}`);
}
