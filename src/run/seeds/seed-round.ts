import { join } from "node:path";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { stageKey } from "../artifact-key.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import { type Failure, type FinishedItems, runStage, type WorkContext } from "../stage.ts";
import type { CamFile, SeedResult } from "../tasks/seed.ts";
import { affinityStage } from "./affinity-stage.ts";

/** CAMs that are there, and what becomes of them. */
export interface SeedRound {
  readonly ids: readonly string[];
  readonly photos: ReadonlyMap<string, string>;
  /** File of each id's CAM. */
  readonly cams: (id: string) => CamFile;
  /** Folder of `attention/<id>.safetensors`; null where there is none, and no affinity then. */
  readonly attention: string | null;
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  readonly recipe: SeedRecipe;
  readonly crf: boolean;
  readonly palette: Uint8Array | null;
  /** Before the names of stages and folders, such as "coarse/"; "" for the only round, or the last. */
  readonly prefix: string;
}

export interface SeededRound {
  readonly finished: FinishedItems<SeedResult>;
  readonly failures: readonly Failure[];
  /** Whether affinity refined the CAMs: then they are in `OUT/<prefix>refined`. */
  readonly isRefined: boolean;
}

/** Changes whenever seeds would, or what is counted of them. */
const SEED_VERSION = 2;

/** From CAMs to seeds: `OUT/<prefix>refined/<id>.safetensors`, where the recipe has affinity, and `OUT/<prefix>seeds/<id>.png`. */
export async function seedRound(
  round: SeedRound,
  run: RunDirectory,
  context: WorkContext,
): Promise<SeededRound> {
  const { ids, cams, attention, recipe } = round;
  if (recipe.affinity === null || attention === null)
    return { ...(await seedStage(round, ids, cams, run, context)), isRefined: false };
  const refined = await affinityStage({ ...round, attention, affinity: recipe.affinity }, run, context);
  const done = refined.finished.ids;
  const refinedCam = (id: string): CamFile => ({ ...cams(id), path: refined.fileOf(id), keyBase: 0 });
  const seeded = await seedStage(round, done, refinedCam, run, context);
  return { ...seeded, failures: [...refined.failures, ...seeded.failures], isRefined: true };
}

function seedStage(
  { photos, proposals, recipe: { power }, crf, palette, prefix }: SeedRound,
  ids: readonly string[],
  cams: (id: string) => CamFile,
  run: RunDirectory,
  context: WorkContext,
) {
  const name = `${prefix}seeds`;
  const colors = palette && Array.from(palette);
  const stage = stageKey({ name, version: SEED_VERSION, options: { power, crf, palette: colors } });
  return runStage(
    {
      name,
      worker: "seed",
      ids,
      task: (id, knownKey) => ({
        id,
        photo: fileOf(photos, id),
        cam: cams(id),
        proposals,
        power,
        crf,
        palette,
        out: join(run.dir, name, `${id}.png`),
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
}
