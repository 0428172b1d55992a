/**
 * Records of the published automatic generator and ours, fed the logits that its decoder made: `npx tsx bench/sam-auto-records.ts [MODEL …]`.
 *
 * Environment and weights as for `sam-auto.ts`. One run without thresholds, one with both, with crops and clean-up. A record is the same when its
 * run lengths and all its numbers are; logits are summed in float32 there and float64 here, so a pixel of a millionth may differ.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Size } from "../src/core/geometry.ts";
import { longestSideSize } from "../src/core/resize.ts";
import { encodeRleString } from "../src/core/rle-string.ts";
import { decodeProposals, encodeProposals } from "../src/data/proposal-file.ts";
import { type ProposeWithSamOptions, proposeWithSam } from "../src/methods/index.ts";
import type { Sam } from "../src/models/index.ts";
import { readPpm, writePhotos } from "./lib/ppm.ts";
import { fairEnvironment, startContender } from "./lib/turns.ts";

const SIDE = 256;
const POINTS = 8;
const CHECKOUTS: Readonly<Record<string, string>> = {
  "sam-vit-b": "SEGMENT_ANYTHING",
  "mobile-sam": "MOBILE_SAM",
};

const names = process.argv.slice(2);
console.log(["model", "run", "ours", "theirs", "the same"].join("\t"));
for (const name of names.length > 0 ? names : Object.keys(CHECKOUTS)) await compare(name);

async function compare(name: string): Promise<void> {
  const checkout = process.env[CHECKOUTS[name]];
  if (checkout === undefined || !existsSync(checkout)) {
    console.log(`SKIPPED: ${name}: ${CHECKOUTS[name]} names no checkout`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "sam-auto-"));
  await writePhotos(folder, 1);
  const torch = await startContender(
    process.env.PYTHON ?? "/usr/bin/python3",
    [join(import.meta.dirname, "sam_auto_torch.py"), name, checkout, folder, "2"],
    fairEnvironment(2),
  );
  if (torch === null) return;
  const run = async (
    what: string,
    theirs: object,
    ours: ProposeWithSamOptions,
  ): Promise<readonly Quality[]> => {
    const options = { points_per_side: POINTS, save_logits: true, ...theirs };
    writeFileSync(join(folder, "options.json"), JSON.stringify(options));
    await torch.run();
    const image = readPpm(join(folder, "0.ppm"));
    const proposals = await proposeWithSam(replay(readFileSync(join(folder, "logits.bin"))), image, {
      pointsPerSide: POINTS,
      ...ours,
    });
    const wanted = decodeProposals(readFileSync(join(folder, "theirs.json")), "theirs.json").proposals;
    const found = decodeProposals(
      encodeProposals({ id: "0", ...sizeOf(image), proposals }),
      "ours.json",
    ).proposals;
    const text = (each: readonly (typeof found)[number][]): string[] =>
      each.map(({ rle, level: _, ...rest }) => JSON.stringify({ ...rest, rle: encodeRleString(rle) }));
    const [a, b] = [text(found), text(wanted)];
    const same = a.filter((record, k) => record === b[k]).length;
    console.log([name, what, a.length, b.length, same].join("\t"));
    return wanted;
  };
  const all = await run(
    "no thresholds",
    { pred_iou_thresh: 0, stability_score_thresh: 0 },
    { minPredictedIou: 0, minStability: 0 },
  );
  const minPredictedIou = quantile(
    all.map(({ predictedIou }) => predictedIou),
    0.3,
  );
  const minStability = quantile(
    all.map(({ stability }) => stability).filter((value) => value >= 0),
    0.3,
  );
  await run(
    "thresholds, crops, clean-up",
    {
      pred_iou_thresh: minPredictedIou,
      stability_score_thresh: minStability,
      crop_n_layers: 1,
      crop_n_points_downscale_factor: 2,
      min_mask_region_area: 100,
    },
    { minPredictedIou, minStability, cropLayers: 1, cropPointsDownscale: 2, minRegionArea: 100 },
  );
  await torch.end();
  rmSync(folder, { recursive: true });
}

interface Quality {
  readonly predictedIou: number;
  readonly stability: number;
}

/** A model that answers point after point with what another said. */
function replay(bytes: Buffer): Sam {
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let at = 0;
  const take = (count: number): Float32Array => {
    at += count;
    return all.subarray(at - count, at);
  };
  const fail = (): never => {
    throw new Error("not recorded");
  };
  return {
    embed: async (image) => ({
      features: { dtype: "float32", shape: [0], data: new Float32Array(0) },
      original: sizeOf(image),
      input: longestSideSize(image, 4 * SIDE),
    }),
    async *decodeEach({ original, input }, prompts, { keep = () => true } = {}) {
      for (const prompt of prompts.keys()) {
        const [logits, estimates] = [take(3 * SIDE * SIDE), take(3)];
        const indices = [0, 1, 2].filter((m) => keep(estimates[m], m));
        const data = new Float32Array(indices.length * SIDE * SIDE);
        for (const [k, m] of indices.entries())
          data.set(logits.subarray(m * SIDE * SIDE, (m + 1) * SIDE * SIDE), k * SIDE * SIDE);
        yield {
          prompt,
          indices,
          logits: { dtype: "float32", shape: [indices.length, SIDE, SIDE], data },
          predictedIou: Float32Array.from(indices, (m) => estimates[m]),
          original,
          input,
        };
      }
    },
    decode: fail,
    decodeAll: fail,
    promptTokens: fail,
    dispose: async () => {},
  };
}

function sizeOf({ height, width }: Size): Size {
  return { height, width };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)];
}
