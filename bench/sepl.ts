/**
 * How long SEPL's merge takes for 100 label maps with 80 masks each (golden/sepl-bench), whole processes, from
 * proposals JSON and from the published code's own folders of PNGs; every refined label map is checked.
 *
 *     npm run build && npx tsx bench/sepl.ts --reference DIR
 *
 * --reference DIR   a checkout of the published code: runs in turn with ours, by /usr/bin/python3 (cv2, numpy, PIL)
 * --repeat N        the 100 images N times: shows the speed once starting up no longer counts
 * --rounds N        default 5
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Contestant, type Measured, measure, measureProgram, race } from "./lib/measure.ts";
import { type SeplInput, writeSeplInput } from "./lib/sepl-input.ts";

const { values } = parseArgs({
  options: {
    reference: { type: "string" },
    repeat: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
  },
});
const root = mkdtempSync(join(tmpdir(), "maskwright-sepl-"));
try {
  const input = writeSeplInput(root, { repeat: Number(values.repeat) });
  if (input !== null) {
    console.log(`${input.imageCount} images of 80 masks, variant max_iou_imp2`);
    await race(
      [
        ...(values.reference === undefined ? [] : [published(values.reference, input)]),
        ours("maskwright, JSON", input.json, input),
        ours("maskwright, the same PNG folders", input.masks, input),
      ],
      Number(values.rounds),
    );
  }
} finally {
  rmSync(root, { recursive: true });
}

function published(checkout: string, { labels, masks, check }: SeplInput): Contestant {
  const args = ["main.py", "--pseudo_path", labels, "--sam_path", masks, "--mode", "merge"];
  const out = join(root, "processed_masks");
  return {
    name: "published code, PNG folders",
    run: () =>
      checked(out, "lab/lab_masks_max_iou_imp2", () => measure("/usr/bin/python3", args, checkout), check),
  };
}

function ours(name: string, proposals: string, { labels, check }: SeplInput): Contestant {
  const out = join(root, "run");
  const args = ["refine", labels, "--proposals", proposals, "--compat", "original", "-o", out];
  return { name, run: () => checked(out, "pseudo", () => measureProgram(...args), check) };
}

/** A run into a folder that is not there yet, its label maps checked after the clock has stopped. */
async function checked(
  out: string,
  labels: string,
  run: () => Promise<Measured>,
  check: SeplInput["check"],
): Promise<Measured> {
  rmSync(out, { recursive: true, force: true });
  const measured = await run();
  check(join(out, labels));
  return measured;
}
