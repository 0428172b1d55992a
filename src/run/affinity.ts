import { resolve } from "node:path";
import { checkSomeFinished, type RunSummary, summarizeRun, sumOf, writeReport } from "./command.ts";
import { fileOf } from "./label-input.ts";
import { inRunDirectory } from "./run-directory.ts";
import { type Affinity, affinityStage } from "./seeds/affinity-stage.ts";
import type { CamFolder } from "./seeds/cam-origin.ts";
import { type SelectionOptions, selectIds } from "./selection.ts";
import type { WorkContext } from "./stage.ts";

export interface AffinityRequest extends SelectionOptions {
  readonly cams: CamFolder;
  /** Folder of `<id>.safetensors` with attention. */
  readonly attention: string;
  readonly affinity: Affinity;
  readonly out: string;
}

export interface AffinityReport extends RunSummary {
  /** Maps of all images. */
  readonly maps: number;
  readonly bytes: number;
}

/**
 * Refines CAMs that are there by how positions of their grid resemble each other: `OUT/refined/<id>.safetensors`, resumable.
 *
 * @throws MaskwrightError as `selectIds` and `runStage`
 */
export async function refineCams(request: AffinityRequest, context: WorkContext): Promise<AffinityReport> {
  const startMs = performance.now();
  const { cams, attention, affinity, out } = request;
  const { folder, files, keyBase, source, round } = cams;
  const ids = await selectIds([...files.keys()], folder, request);
  const options = { affinity, keyBase, source, round };
  const inputs = { cams: resolve(folder), attention: resolve(attention) };
  return await inRunDirectory(out, { command: "affinity", options, inputs }, async (run) => {
    const stage = {
      ids,
      cams: (id: string) => ({ path: fileOf(files, id), keyBase, classes: null, classCount: null }),
      ...{ attention, affinity, prefix: "" },
    };
    const { finished, failures } = await affinityStage(stage, run, context);
    checkSomeFinished("affinity", finished.ids.length, failures);
    const report = summarizeRun(
      { command: "affinity", options, finished, failures, startMs },
      {
        maps: sumOf(finished, (result) => result.maps),
        bytes: sumOf(finished, (result) => result.bytes),
      },
    );
    writeReport(out, report);
    return report;
  });
}
