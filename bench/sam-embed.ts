/**
 * Embedding photos, against the published code under PyTorch, both with two threads and the same random weights:
 * `npx tsx bench/sam-embed.ts [MODEL …] [--turns N] [--wait]`.
 *
 * Checkouts of the published code are named by SEGMENT_ANYTHING, MOBILE_SAM and EFFICIENT_SAM, PyTorch by PYTHON (/usr/bin/python3). Both
 * processes are given the same four photos and take turns; a run is everything from a decoded photo to its embedding, and the figure is
 * the fastest of each. `--wait` lets each turn wait for a moment in which the machine is idle.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readIdList } from "../src/data/id-list.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { burst, type Contender, fairEnvironment, startContender } from "./lib/turns.ts";

const THREADS = 2;
const PHOTOS = 4;
/** Rows, the variable that names the published code's checkout, and how often its time ours should be. */
const ROWS: Readonly<Record<string, { readonly checkout: string; readonly aim: number }>> = {
  "sam-vit-b": { checkout: "SEGMENT_ANYTHING", aim: 2 },
  "mobile-sam": { checkout: "MOBILE_SAM", aim: 1.2 },
  "efficient-sam-ti": { checkout: "EFFICIENT_SAM", aim: 3 },
  "efficient-sam-s": { checkout: "EFFICIENT_SAM", aim: 3 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: "string", default: "3" }, wait: { type: "boolean", default: false } },
});
const photos = await findPhotos();
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads`,
);
console.log(["model", "ours ms", "torch ms", "torch/ours", "aim", "MB", "torch MB"].join("\t"));
for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) await compare(name);

async function compare(name: string): Promise<void> {
  const { checkout, aim } = ROWS[name];
  const path = process.env[checkout];
  if (path === undefined || !existsSync(path)) {
    console.log(`SKIPPED: ${name}: ${checkout} names no checkout`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "sam-embed-"));
  const weights = join(folder, "weights.pth");
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const tail = [weights, String(THREADS), ...photos];
  const script = (file: string): string => join(import.meta.dirname, file);
  const torch = await startContender(
    python,
    [script("sam_embed_torch.py"), name, path, ...tail],
    fairEnvironment(THREADS),
  );
  const row = ["--import", "tsx", script("sam-embed-row.ts"), name, ...tail];
  const ours = torch === null ? null : await startContender(process.execPath, row, {});
  if (ours !== null && torch !== null) await report(name, aim, ours, torch);
  rmSync(folder, { recursive: true });
}

async function report(name: string, aim: number, ours: Contender, torch: Contender): Promise<void> {
  const times: { ours: number; torch: number }[] = [];
  const options = { runs: PHOTOS, wait: values.wait };
  for (let turn = 0; turn < Number(values.turns); turn++)
    times.push({ ours: await burst(ours, options), torch: await burst(torch, options) });
  const mine = Math.min(...times.map((each) => each.ours));
  const theirs = Math.min(...times.map((each) => each.torch));
  const ratio = (theirs / mine).toFixed(2);
  console.log(
    [name, mine.toFixed(0), theirs.toFixed(0), ratio, aim, await ours.end(), await torch.end()].join("\t"),
  );
}

/** The first photos of VOC's train list. */
async function findPhotos(): Promise<string[]> {
  const voc = dataFolder("voc2012");
  if (voc === null) process.exit(1);
  const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
  return ids.slice(0, PHOTOS).map((id) => join(voc, `JPEGImages/${id}.jpg`));
}
