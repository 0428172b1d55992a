/**
 * How long scoring 1,464 VOC label maps takes, whole processes, beside a script of numpy and Pillow; both have to
 * find the same mIoU.
 *
 *     npm run build && npx tsx bench/evaluate.ts [--rounds N]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dataFolder } from "../src/testing/folders.ts";
import { type Contestant, type Measured, measure, measureProgram, race } from "./lib/measure.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const voc = dataFolder("voc2012");
if (voc !== null) {
  const pred = join(voc, "pseudo_labels/transcam");
  const truth = join(voc, "SegmentationClass");
  const ids = join(voc, "ImageSets/Segmentation/train.txt");
  const script = join(import.meta.dirname, "evaluate_numpy.py");
  const peer = (processes: number): Contestant => ({
    name: `numpy and Pillow, ${processes} process${processes === 1 ? "" : "es"}`,
    run: () =>
      checked(measure("/usr/bin/python3", [script, pred, truth, ids, String(processes)]), (out) =>
        out.trim(),
      ),
  });
  const ours: Contestant = {
    name: "maskwright evaluate",
    run: () =>
      checked(measureProgram("evaluate", pred, truth, "--ids", ids, "--json"), (out) =>
        (JSON.parse(out) as { miou: number }).miou.toFixed(2),
      ),
  };
  await race([peer(1), peer(2), ours], Number(values.rounds));
}

/** A run whose answer is the known one. */
async function checked(run: Promise<Measured>, miou: (stdout: string) => string): Promise<Measured> {
  const measured = await run;
  const got = miou(measured.stdout);
  if (got !== "70.14") throw new Error(`expected an mIoU of 70.14, got ${got}`);
  return measured;
}
