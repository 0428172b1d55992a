/**
 * SAMS seeding of one 500×375 picture with 150 masks and 3 classes: `npx tsx bench/sams.ts [--rounds N]`.
 *
 * Against the published computation on tensors (a stack of masks, restated in sams_torch.py), on the same CAM and masks, two threads, in
 * turn; both give the same seed. Both have the masks as run lengths, as pictures' masks are stored; the published code's time without
 * decoding and stacking them is given too. PyTorch is `PYTHON` (/usr/bin/python3).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Cam } from "../src/core/class-maps.ts";
import { random } from "../src/core/random.ts";
import { encodeRle, type Rle } from "../src/core/rle.ts";
import { seedFromMasks } from "../src/methods/fma/seeding.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const SIZE = { height: 375, width: 500 };
const MASKS = 150;
const CLASSES = [1, 7, 15];
const GRID = { height: 24, width: 32 };
const { next, between, integer, normal } = random("sams");

/** An ellipse with a wavy edge, from a part of an object to a third of the picture. */
function drawMask(): Rle {
  const { height, width } = SIZE;
  const [cy, cx] = [between(0, height), between(0, width)];
  const [ry, rx] = [8 + (next() ** 2 * height) / 3, 8 + (next() ** 2 * width) / 3];
  const [waves, depth] = [3 + integer(12), between(0, 0.3)];
  const data = new Uint8Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const [y, x] = [(i - cy) / ry, (j - cx) / rx];
      const edge = 1 + depth * Math.sin(waves * Math.atan2(y, x));
      if (y * y + x * x < edge * edge) data[i * width + j] = 1;
    }
  }
  return encodeRle({ height, width, data });
}

const masks = Array.from({ length: MASKS }, () => ({ rle: drawMask(), level: integer(3) as 0 | 1 | 2 }));
const cam: Cam = {
  kind: "cam",
  classes: CLASSES,
  ...GRID,
  data: Float32Array.from({ length: CLASSES.length * GRID.height * GRID.width }, () => 1e-3 * normal()),
};
const options = { background: { kind: "power", power: 0.6 } } as const;

const folder = mkdtempSync(join(tmpdir(), "maskwright-sams-"));
try {
  writeFileSync(
    join(folder, "input.json"),
    JSON.stringify({
      size: [SIZE.height, SIZE.width],
      grid: [CLASSES.length, GRID.height, GRID.width],
      classes: CLASSES,
      cam: [...cam.data],
      masks: masks.map(({ rle, level }) => ({ level, counts: [...rle.counts] })),
    }),
  );
  const rows = Array.from({ length: Number(values.rounds) }, () => ({ ours: ours(), ...torch() }));
  const best = (key: "ours" | "whole" | "stacked"): number => Math.min(...rows.map((row) => row[key]));
  const mine = best("ours");
  const against = (theirs: number): string => `${theirs.toFixed(1)} ms, ${(theirs / mine).toFixed(1)}×`;
  console.log(
    `maskwright ${mine.toFixed(2)} ms; PyTorch from run lengths ${against(best("whole"))}; from a stack of masks ${against(best("stacked"))}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

/** Milliseconds of the fastest of some runs. */
function ours(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 40; run++) {
    const start = performance.now();
    seedFromMasks(cam, masks, SIZE, options);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Milliseconds of the published computation, from run lengths as ours and from masks already stacked. */
function torch(): { readonly whole: number; readonly stacked: number } {
  const openblas = "/usr/lib/x86_64-linux-gnu/openblas-openmp";
  const env = {
    ...process.env,
    ...(existsSync(openblas) && { LD_LIBRARY_PATH: openblas }),
    OMP_NUM_THREADS: "2",
    MALLOC_MMAP_THRESHOLD_: "4294967296",
    MALLOC_TRIM_THRESHOLD_: "4294967296",
  };
  const script = join(import.meta.dirname, "sams_torch.py");
  const { status, stdout, stderr } = spawnSync(process.env.PYTHON ?? "/usr/bin/python3", [script, folder], {
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  const seed = readFileSync(join(folder, "seed.bin"));
  const own = seedFromMasks(cam, masks, SIZE, options).seed.data;
  const different = own.filter((label, p) => label !== seed[p]).length;
  if (different > 0) throw new Error(`the seeds differ in ${different} pixels`);
  const [whole, stacked] = stdout.split(" ").map(Number);
  return { whole, stacked };
}
