/**
 * CLIP ViT-B/16 against the published code under PyTorch, both with two threads and the same random weights:
 * `npx tsx bench/clip.ts [ROW …] [--turns N] [--wait]`.
 *
 * A step is one of the published training on 16 pictures of 224×224, 20 classes and 25 backgrounds of VOC, with its update. The published
 * classification step also makes CAMs and multiplies their loss by 0; here it is spared that.
 *
 * Checkouts of the published code are named by CLIP and FMA_WSSS (see golden/clip/published.py), PyTorch by PYTHON (/usr/bin/python3). Both
 * processes take turns, the figure is the fastest run of each, and ours is compared with theirs before. `--wait` lets each turn wait for a
 * moment in which the machine is idle.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { burst, type Contender, fairEnvironment, startContender } from "./lib/turns.ts";

const THREADS = 2;
/** Rows and how often the published time ours should be. */
const ROWS: Readonly<
  Record<string, { readonly title: string; readonly aim: number; readonly runs?: number }>
> = {
  image: { title: "picture of 512×512 to its embedding", aim: 2 },
  cam: { title: "the same with all a CAM needs: activation, patches, attention", aim: 2 },
  texts: { title: "45 texts of 18 to 24 tokens", aim: 2 },
  classification: { title: "VOC classification step; pictures are kept here, and encoded there", aim: 4 },
  "classification-kept": { title: "the same, kept there too", aim: 2.5 },
  segmentation: { title: "VOC segmentation step; pictures are encoded here and there", aim: 3, runs: 1 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: "string", default: "3" }, wait: { type: "boolean", default: false } },
});
const checkouts = [checkoutOf("CLIP"), checkoutOf("FMA_WSSS")];
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads`,
);
console.log(["row", "ours ms", "torch ms", "torch/ours", "aim", "first ms", "MB", "torch MB"].join("\t"));
for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) await compare(name);

function checkoutOf(name: string): string {
  const path = process.env[name];
  if (path !== undefined && existsSync(path)) return path;
  console.log(`SKIPPED: ${name} names no checkout of the published code`);
  process.exit(1);
}

async function compare(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "clip-"));
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const script = (file: string): string => join(import.meta.dirname, file);
  const tail = [name, folder, String(THREADS)];
  const torch = await startContender(
    python,
    [script("clip_torch.py"), ...checkouts, ...tail],
    fairEnvironment(THREADS),
  );
  const row = ["--import", "tsx", script("clip-rows.ts"), ...tail];
  const ours = torch === null ? null : await startContender(process.execPath, row, {});
  if (ours !== null && torch !== null) await report(name, ours, torch);
  rmSync(folder, { recursive: true });
}

async function report(name: string, ours: Contender, torch: Contender): Promise<void> {
  const times: { ours: number; torch: number }[] = [];
  const { title, aim, runs = 4 } = ROWS[name];
  const options = { runs, wait: values.wait };
  for (let turn = 0; turn < Number(values.turns); turn++)
    times.push({ ours: await burst(ours, options), torch: await burst(torch, options) });
  const mine = Math.min(...times.map((each) => each.ours));
  const theirs = Math.min(...times.map((each) => each.torch));
  const ratio = (theirs / mine).toFixed(2);
  const { firstMs } = ours.figures;
  const cells = [title, mine.toFixed(0), theirs.toFixed(0), ratio, aim, firstMs.toFixed(0)];
  console.log([...cells, await ours.end(), await torch.end()].join("\t"));
}
