/**
 * Segmenting everything, against the published automatic generator under PyTorch, both with two threads, the same weights and the same
 * pixels: `npx tsx bench/sam-auto.ts [MODEL …] [--photos N] [--turns N] [--points N] [--wait]`.
 *
 * Checkouts of the published code are named by SEGMENT_ANYTHING and MOBILE_SAM, PyTorch by PYTHON (/usr/bin/python3). The weights are random,
 * with a decoder whose masks are local (`sam_auto_torch.py`); thresholds are set on the first photo so that some 150 masks are left
 * (`sam-auto-row.ts`). Both processes take turns, a photo each, and a run is all from a decoded photo to records. A mask is matched when the
 * other side has one with an IoU of at least 0.99. `--wait` lets each turn wait for a moment in which the machine is idle.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rleIous } from "../src/core/iou.ts";
import type { Rle } from "../src/core/rle.ts";
import { decodeProposals } from "../src/data/proposal-file.ts";
import { writePhotos } from "./lib/ppm.ts";
import { burst, fairEnvironment, startContender } from "./lib/turns.ts";

const THREADS = 2;
/** Rows, the variable that names the published code's checkout, and how often its time ours should be. */
const ROWS: Readonly<Record<string, { readonly checkout: string; readonly aim: number }>> = {
  "sam-vit-b": { checkout: "SEGMENT_ANYTHING", aim: 2.5 },
  "mobile-sam": { checkout: "MOBILE_SAM", aim: 2.5 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photos: { type: "string", default: "2" },
    turns: { type: "string", default: "1" },
    points: { type: "string", default: "32" },
    wait: { type: "boolean", default: false },
  },
});
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads, ${values.points}×${values.points} points`,
);
for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) await compare(name);

async function compare(name: string): Promise<void> {
  const { checkout, aim } = ROWS[name];
  const path = process.env[checkout];
  if (path === undefined || !existsSync(path)) {
    console.log(`SKIPPED: ${name}: ${checkout} names no checkout`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "sam-auto-"));
  await writePhotos(folder, Number(values.photos));
  const script = (file: string): string => join(import.meta.dirname, file);
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const torch = await startContender(
    python,
    [script("sam_auto_torch.py"), name, path, folder, String(THREADS)],
    fairEnvironment(THREADS),
  );
  const row = ["--import", "tsx", script("sam-auto-row.ts"), name, folder, String(THREADS), values.points];
  const ours = torch === null ? null : await startContender(process.execPath, row, {});
  if (ours === null || torch === null) return;
  const { minPredictedIou, minStability } = ours.figures;
  console.log(`${name}: predicted IoU above ${minPredictedIou}, stability at least ${minStability}`);
  console.log(["photo", "ours s", "torch s", "torch/ours", "aim", "masks", "theirs", "matched"].join("\t"));
  const once = { runs: 1, wait: values.wait };
  for (let turn = 0; turn < Number(values.photos) * Number(values.turns); turn++) {
    const [mine, theirs] = [(await burst(ours, once)) / 1000, (await burst(torch, once)) / 1000];
    const { counts, matched } = agreement(folder);
    const times = [mine.toFixed(1), theirs.toFixed(1), (theirs / mine).toFixed(2), aim];
    console.log(
      [turn % Number(values.photos), ...times, ...counts, `${(100 * matched).toFixed(1)} %`].join("\t"),
    );
  }
  console.log(`peak memory: ours ${await ours.end()} MB, torch ${await torch.end()} MB`);
  rmSync(folder, { recursive: true });
}

/** How many masks each side has, and which share of both sides' has a partner. */
function agreement(folder: string): { counts: readonly [number, number]; matched: number } {
  const [ours, theirs] = ["ours.json", "theirs.json"].map((file): Rle[] =>
    decodeProposals(readFileSync(join(folder, file)), file).proposals.map(({ rle }) => rle),
  );
  const ious = rleIous(ours, theirs);
  const hasPartner = (count: number, iou: (k: number) => number): boolean =>
    Array.from({ length: count }, (_, k) => iou(k)).some((value) => value >= 0.99);
  const mine = ours.filter((_, d) => hasPartner(theirs.length, (t) => ious[d * theirs.length + t]));
  const others = theirs.filter((_, t) => hasPartner(ours.length, (d) => ious[d * theirs.length + t]));
  const matched = (mine.length + others.length) / (ours.length + theirs.length);
  return { counts: [ours.length, theirs.length], matched };
}
