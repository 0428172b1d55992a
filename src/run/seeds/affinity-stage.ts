import { join } from "node:path";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { stageKey } from "../artifact-key.ts";
import type { RunDirectory } from "../run-directory.ts";
import { runStage, type StageOutcome, type WorkContext } from "../stage.ts";
import type { AffinityResult } from "../tasks/affinity.ts";
import type { CamFile } from "../tasks/seed.ts";

export type Affinity = NonNullable<SeedRecipe["affinity"]>;

export interface AffinityStageRequest {
  readonly ids: readonly string[];
  /** File of each id's CAM. */
  readonly cams: (id: string) => CamFile;
  /** Folder of `<id>.safetensors`. */
  readonly attention: string;
  readonly affinity: Affinity;
  /** Before the name of the stage and its folder, such as "coarse/". */
  readonly prefix: string;
}

export interface RefinedCams extends StageOutcome<AffinityResult> {
  /** File of an id's refined CAM. */
  readonly fileOf: (id: string) => string;
}

/** Changes whenever refined CAMs would. */
const AFFINITY_VERSION = 1;

/** Refines CAMs by how positions resemble each other: `OUT/<prefix>refined/<id>.safetensors`. */
export async function affinityStage(
  { ids, cams, attention, affinity, prefix }: AffinityStageRequest,
  run: RunDirectory,
  context: WorkContext,
): Promise<RefinedCams> {
  const name = `${prefix}refined`;
  const stage = stageKey({ name, version: AFFINITY_VERSION, options: affinity });
  const fileIn = (folder: string, id: string): string => join(folder, `${id}.safetensors`);
  const outOf = (id: string): string => fileIn(join(run.dir, name), id);
  const outcome = await runStage(
    {
      name,
      worker: "affinity",
      ids,
      task: (id, knownKey) => ({
        id,
        cam: cams(id),
        attention: fileIn(attention, id),
        affinity,
        out: outOf(id),
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
  return { ...outcome, fileOf: outOf };
}
