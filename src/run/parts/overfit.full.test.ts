import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { rleIou } from "../../core/iou.ts";
import { random } from "../../core/random.ts";
import { constantRate, trainLoop } from "../../engine/index.ts";
import { openWorkerRuntime } from "../../engine/node.ts";
import { matchQueries } from "../../methods/wps/matching.ts";
import { decodeTargets, drawParts, type FoundPart, findParts } from "../../methods/wps/predict.ts";
import { type PartTargets, packTargets } from "../../methods/wps/targets.ts";
import { teachParts } from "../../methods/wps/teacher.ts";
import { openTokenProjection } from "../../methods/wps/token-projection.ts";
import { compilePartTraining } from "../../methods/wps/training.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { createPrompter } from "../../models/prompter/networks.ts";
import { measureFeatures, whitenNeck } from "../../models/prompter/whitening.ts";
import type { SamEmbedding } from "../../models/sam/embedding.ts";
import { weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { drawScene, type Scene, type ScenePart, scenePartClasses } from "../../scenes/index.ts";
import { type OpenSam, openSam } from "../open-sam.ts";
import { type PrompterRecipe, prompterRecipes, recipeNetwork } from "./prompter-recipe.ts";

/** The model whose embeddings are read. */
const MODEL = "sam-tiny";
const PICTURES = 8;
const STEPS = 300;
const RATE = 4e-4;
/** Mean IoU that predicted prompts may cost. */
const MOST_LOST = 0.02;
/** Of the picture's pixels: smaller parts have next to nothing to draw. */
const LEAST_SHARE = 0.004;

const recipe: PrompterRecipe = { ...prompterRecipes.parts, layers: 3, width: 128 };

interface Taught {
  readonly scene: Scene;
  readonly parts: readonly ScenePart[];
  readonly embedding: SamEmbedding;
  readonly targets: PartTargets;
}

async function teachScenes(sam: OpenSam): Promise<Taught[]> {
  const taught: Taught[] = [];
  for (let seed = 0; taught.length < PICTURES; seed++) {
    const scene = drawScene(`overfit ${seed}`, { size: { height: 384, width: 512 } });
    const least = LEAST_SHARE * scene.labels.data.length;
    const parts = scene.instances
      .flatMap((instance) => instance.parts)
      .filter(({ partClassId, area }) => partClassId > 0 && area >= least);
    if (parts.length < 2 || parts.length > recipe.queries) continue;
    const boxes = parts.map(({ partClassId, box }) => ({ ...box, classId: partClassId }));
    const embedding = await sam.embed(scene.image);
    const targets = await teachParts(sam, { kind: "boxes", boxes }, embedding.original);
    taught.push({ scene, parts, embedding, targets });
  }
  return taught;
}

/** IoU of a part that was found with the true one; 0 without a pixel. */
function iouOf(found: FoundPart, { mask }: ScenePart, { image }: Scene): number {
  const [drawn] = drawParts([found], image).instances;
  return drawn === undefined ? 0 : rleIou(drawn.rle, mask);
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

it("learns eight pictures by heart: every part is found, with about the mask that its true box would give", async () => {
  const sam = await openSam(MODEL);
  const taught = await teachScenes(sam);
  const { features } = taught[0].embedding;
  const [, channels, grid] = features.shape;
  const tokens = taught[0].targets.tokens.shape[1];
  const network = recipeNetwork(recipe, { channels, grid, tokens }, scenePartClasses.length - 1);
  const runtime = await openWorkerRuntime();
  const spread = await measureFeatures(taught.map(({ embedding }) => embedding.features));
  const trainer = await compilePartTraining(network, runtime, {
    batch: PICTURES,
    start: { tensors: whitenNeck(drawPrompter(network, random("overfit")), spread) },
  });
  const data = new Float32Array(PICTURES * features.data.length);
  taught.forEach(({ embedding }, k) => {
    data.set(embedding.features.data, k * features.data.length);
  });
  const batch = {
    features: { dtype: "float32" as const, shape: [PICTURES, channels, grid, grid], data },
    ...packTargets(
      taught.map(({ targets }) => targets),
      [tokens, channels],
    ),
  };
  let last: Readonly<Record<string, number>> = {};
  await trainLoop({
    batches: () => [batch],
    step: (each, rate) => trainer.step(each, rate),
    steps: STEPS,
    schedule: constantRate(RATE),
    onLog({ numbers }) {
      last = numbers;
    },
  });
  const { tensors } = await trainer.state();
  await trainer.dispose();
  const prompter = createPrompter(weightFile(tensors as Map<string, NdArray>), network, runtime);

  const projection = await openTokenProjection(sam, "box");
  const [found, bound]: [number[], number[]] = [[], []];
  for (const { scene, parts, embedding, targets } of taught) {
    const byQuery = new Map(
      (await findParts(prompter, sam, embedding, projection)).map((part) => [part.query, part]),
    );
    const queries = matchQueries(await prompter.prompt(embedding.features), targets);
    const best = await decodeTargets(sam, embedding, targets);
    parts.forEach((part, n) => {
      const own = byQuery.get(queries[n]);
      expect(own?.classId, `${scene.id}, part ${n}`).toBe(part.partClassId);
      found.push(iouOf(own as FoundPart, part, scene));
      bound.push(iouOf(best[n], part, scene));
    });
  }
  await prompter.dispose();
  await runtime.close();
  await sam.close();
  const figures = `${found.length} parts, mean IoU ${meanOf(found).toFixed(3)}, bound ${meanOf(bound).toFixed(3)}`;
  console.log(`overfit: ${figures}, token loss ${last.token.toFixed(4)}`);
  expect(last).toMatchObject({ recall: 1, "left over": 0 });
  expect(meanOf(bound)).toBeGreaterThanOrEqual(0.5);
  expect(meanOf(bound) - meanOf(found)).toBeLessThanOrEqual(MOST_LOST);
}, 900_000);
