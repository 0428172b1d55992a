import { join } from "node:path";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { camStage, camStages } from "../cams/cam-stage.ts";
import type { TaggedPhotos } from "../cams/classifier.ts";
import { fileOf } from "../label-input.ts";
import { trainPrompts } from "../prompts/train-prompts.ts";
import type { ProposalSource } from "../refine-stage.ts";
import { proposalsFor } from "../refine-stage.ts";
import type { ReportTraining } from "../report/report.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { SeedRequest } from "../seed.ts";
import type { Failure, WorkContext } from "../stage.ts";
import type { CamFile } from "../tasks/seed.ts";
import type { LearnedOrigin } from "./cam-origin.ts";
import { type SeededRound, seedRound } from "./seed-round.ts";

/** Whose threads do what. */
export interface SeedContexts {
  readonly context: WorkContext;
  /** Makes masks. */
  readonly maskContext: WorkContext;
  /** Makes CAMs. */
  readonly camContext: WorkContext;
}

/** One way from CAMs to seeds, done. */
export interface MadeRound extends SeededRound {
  /** Before the names of its folders: "" for the last. */
  readonly prefix: string;
  /** The same before what people read: "coarse " for "coarse/". */
  readonly label: string;
  readonly recipe: SeedRecipe;
  readonly cams: (id: string) => CamFile;
}

export interface MadeSeeds {
  /** The last one's seeds are the result. */
  readonly rounds: readonly MadeRound[];
  readonly trainings: readonly ReportTraining[];
  /** Folder of the masks. */
  readonly proposals: string;
  readonly failures: readonly Failure[];
}

/** All stages of a run: masks, CAMs from wherever they come, affinity, seeds; with learned contexts twice. */
export async function makeSeeds(
  tagged: TaggedPhotos,
  masks: ProposalSource,
  request: SeedRequest,
  run: RunDirectory,
  contexts: SeedContexts,
): Promise<MadeSeeds> {
  const { cams, recipe } = request;
  const proposed = await proposalsFor(tagged.ids, masks, run, contexts.maskContext);
  const withMasks = { ...tagged, ids: proposed.ids };
  const shared = { request, proposals: proposed.folder, run, contexts };
  const made =
    cams.kind === "learned"
      ? await learnedRounds(withMasks, cams, shared)
      : await onlyRound(withMasks, recipe, shared);
  return { ...made, proposals: proposed.folder, failures: [...proposed.failures, ...made.failures] };
}

interface Shared {
  readonly request: SeedRequest;
  readonly proposals: string;
  readonly run: RunDirectory;
  readonly contexts: SeedContexts;
}

type Made = Pick<MadeSeeds, "rounds" | "trainings" | "failures">;

async function onlyRound(tagged: TaggedPhotos, recipe: SeedRecipe, shared: Shared): Promise<Made> {
  const { request, run, contexts } = shared;
  const { cams } = request;
  if (cams.kind === "folder") {
    const { files, keyBase, attention } = cams;
    const camOf = (id: string): CamFile => ({
      path: fileOf(files, id),
      keyBase,
      classes: tagged.tags.get(id) ?? null,
      classCount: request.classes.classes.length,
    });
    const round = await seedIn("", tagged, { recipe, cams: camOf, attention }, shared);
    return { rounds: [round], trainings: [], failures: round.failures };
  }
  if (cams.kind === "learned") throw new Error("learned contexts have two rounds");
  const wanted = { source: cams.source, keepsAttention: recipe.affinity !== null };
  const { finished, failures, lines } = await camStages(tagged, wanted, run, contexts.camContext);
  const round = await seedMade("", { ...tagged, ids: finished.ids }, recipe, shared);
  return {
    rounds: [round],
    trainings: lines.length === 0 ? [] : [{ name: "head of the classifier", lines }],
    failures: [...failures, ...round.failures],
  };
}

/** Classification contexts, their coarse seeds, segmentation contexts that learn from those, and their fine seeds. */
async function learnedRounds(tagged: TaggedPhotos, origin: LearnedOrigin, shared: Shared): Promise<Made> {
  const { clip, recipe, seed } = origin;
  const { run, contexts } = shared;
  const { texts } = recipe;
  const rounds: MadeRound[] = [];
  const trainings: ReportTraining[] = [];
  const failures: Failure[] = [];
  let ids = tagged.ids;
  for (const [name, prefix, own] of [
    ["classification", "coarse/", recipe.coarse],
    ["segmentation", "", recipe.fine],
  ] as const) {
    // Contexts learn from photos with tags; the others are background in any case.
    const taught = ids.filter((id) => (tagged.tags.get(id) ?? []).length > 0);
    const seeds =
      name === "classification" ? null : (id: string) => join(run.dir, "coarse/seeds", `${id}.png`);
    const folder = join(run.dir, name);
    const { path, key, lines } = await trainPrompts(
      { ...tagged, ids: taught, name, folder, clip, texts, recipe: recipe[name], seed, seeds },
      run,
      contexts.context,
    );
    trainings.push({ name: `${name} contexts`, lines });
    const classCount = texts.classes.length;
    const model = { kind: "clip", clip, texts: path, classCount, competition: "present" } as const;
    const keepsAttention = own.affinity !== null;
    const cams = await camStage(
      { ...tagged, ids, model, key, keepsAttention, prefix },
      run,
      contexts.camContext,
    );
    const done = cams.finished.ids;
    const round = await seedMade(prefix, { ...tagged, ids: done }, own, shared);
    failures.push(...cams.failures, ...round.failures);
    rounds.push(round);
    ids = round.finished.ids;
  }
  return { rounds, trainings, failures };
}

/** From CAMs that this run made to seeds. */
function seedMade(
  prefix: string,
  tagged: TaggedPhotos,
  recipe: SeedRecipe,
  shared: Shared,
): Promise<MadeRound> {
  const folderOf = (name: string): string => join(shared.run.dir, `${prefix}${name}`);
  const cams = (id: string): CamFile => ({
    path: join(folderOf("cams"), `${id}.safetensors`),
    keyBase: 0,
    classes: null,
    classCount: null,
  });
  return seedIn(prefix, tagged, { recipe, cams, attention: folderOf("attention") }, shared);
}

async function seedIn(
  prefix: string,
  { ids, photos }: TaggedPhotos,
  given: Pick<MadeRound, "recipe" | "cams"> & { readonly attention: string | null },
  { request, proposals, run, contexts }: Shared,
): Promise<MadeRound> {
  const { crf, classes } = request;
  const palette = classes.palette ?? null;
  const round = { ...given, ids, photos, proposals, crf, palette, prefix };
  const { recipe, cams } = given;
  const label = prefix.replace("/", " ");
  return { ...(await seedRound(round, run, contexts.context)), prefix, label, recipe, cams };
}
