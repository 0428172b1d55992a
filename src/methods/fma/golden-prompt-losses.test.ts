import { afterAll, describe, expect, it } from "vitest";
import {
  add,
  constant,
  createGraph,
  gather,
  gradients,
  input,
  l2Normalize,
  matmul,
  mean,
  mul,
  slice,
  softplus,
  stopGradient,
  sub,
  sum,
} from "../../engine/index.ts";
import { relativeError } from "../../testing/golden.ts";
import {
  classificationFeeds,
  classificationOptions,
  pairLabels,
  pullSlack,
  segmentationOptions,
  segmentationRuns,
} from "../../testing/golden-prompt-feeds.ts";
import {
  dtypes,
  type GoldenPictures,
  type GoldenPrompts,
  openGoldenPrompts,
  tensorsOf,
  tolerances,
  type Values,
} from "../../testing/golden-prompts.ts";
import { camSlope } from "./cam-slope.ts";
import { clipLastBlock } from "./clip-sides.ts";
import { camLoss } from "./losses.ts";
import { classificationTraining, segmentationTraining } from "./prompt-training.ts";

const opened = await openGoldenPrompts("losses of prompts");

describe.skipIf(opened === null)("golden fma: losses of prompts", () => {
  const prompts = opened ?? ({} as GoldenPrompts);
  const { golden, scales = [], open, textSide, compute, expectClose } = prompts;
  afterAll(() => opened?.close());
  const cases = scales.flatMap((name) => dtypes.map((dtype) => [name, dtype] as const));

  it.each(cases)("the contrastive loss and its gradient, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const { loss, parameters } = classificationTraining(textSide(set, name), classificationOptions(set));
    const feeds = { ...classificationFeeds(set), context: golden.get("gradcam.ctx") };
    const outputs = { value: loss, slope: gradients(loss, parameters)[0] };
    const { value, slope } = await compute(dtype, outputs, feeds);
    expectClose(`gradcam.${name}.True.DTYPE.cl_loss`, dtype, value);
    expectClose(`gradcam.${name}.True.DTYPE.cl_grad_ctx`, dtype, slope);
  });

  // It has weight 0 in all published runs and no place in the method: what it says of the logits is compared.
  it.each(cases)("the auxiliary soft-margin loss of the logits, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const text = textSide(set, name);
    const context = input(createGraph(), "context", text.contextShape);
    const { pictures, present } = classificationFeeds(set);
    const texts = slice(l2Normalize(text.encode(context)), { axis: 0, end: set.classCount });
    const rows = input(context.graph, "pictures", pictures.shape);
    const logits = matmul(rows, texts, { transposeB: true, alpha: text.scale });
    const wanted = input(context.graph, "present", present.shape);
    const loss = mean(sub(softplus(logits), mul(wanted, logits)));
    const feeds = { pictures, present, context: golden.get("gradcam.ctx") };
    const { value } = await compute(dtype, { value: loss }, feeds);
    expectClose(`gradcam.${name}.True.DTYPE.soft_margin_loss`, dtype, value);
  });

  it.each(cases)("the CAM loss and its gradient, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const training = segmentationTraining(
      textSide(set, name),
      clipLastBlock(set.source),
      segmentationOptions(prompts, set, set.pairs.length),
    );
    const { loss, parameters, report } = training;
    const [feeds] = segmentationRuns(prompts, set, set.pairs.length);
    const outputs = { value: loss, slope: gradients(loss, parameters)[0], ...report };
    const { slope, foreground, background } = (await compute(dtype, outputs, {
      ...feeds,
      context: golden.get("gradcam.ctx"),
    })) as Record<string, Values>;
    const key = `gradcam.${name}.True.DTYPE`;
    const sides = [foreground, background].map(({ data }) => Number(data[0]));
    expectClose(`${key}.cam_loss_fg_bg`, dtype, sides);
    const slack = pullSlack(prompts, set, key.replace("DTYPE", dtype));
    const wanted = golden.get(`${key}.cam_grad_ctx`.replace("DTYPE", dtype)).data as Float64Array;
    const isOff = relativeError(slope.data as Float64Array, wanted) > tolerances[dtype];
    expectClose(`${key}.cam_grad_ctx`, dtype, isOff && slack > 0 ? await slopeOfPull(name, key, set) : slope);
    await expectSlopeByCam(key, set, slack);
  });

  /** ∂loss/∂context from the set's own ∂loss/∂CAM, where rounding decides that. */
  async function slopeOfPull(name: string, key: string, set: GoldenPictures): Promise<Values> {
    const { source, tokens, isPresent, classCount, pictureCount, pairs, dtype } = set;
    const text = textSide(set, name);
    const context = input(createGraph(), "context", text.contextShape);
    const { graph } = context;
    const texts = l2Normalize(text.encode(context));
    const pictures = constant(
      graph,
      Int32Array.from(pairs, (pair) => Math.floor(pair / classCount)),
    );
    const present = constant(graph, Float32Array.from(isPresent), { shape: [pictureCount, classCount] });
    const pulls = golden.get(`${key}.cam_grad_pos_cam`.replace("DTYPE", dtype));
    const shape = [pairs.length, pulls.data.length / pairs.length];
    const pull = input(graph, "pull", shape);
    const rows = {
      ...clipLastBlock(source)(gather(input(graph, "tokens", tokens.shape), pictures)),
      texts: stopGradient(texts),
      scale: text.scale,
      present: gather(present, pictures),
      target: constant(
        graph,
        BigInt64Array.from(pairs, (pair) => BigInt(pair % classCount)),
      ),
    };
    const { slope } = camSlope(rows, (cam) => sum(mul(cam, pull)));
    const [byContext] = gradients(sum(mul(stopGradient(slope), texts)), [context]);
    const feeds = { tokens, pull: { ...pulls, shape }, context: golden.get("gradcam.ctx") };
    return (await compute(dtype, { byContext }, feeds)).byContext;
  }

  /** ∂loss/∂CAM, at the CAM that the set has. */
  async function expectSlopeByCam(key: string, set: GoldenPictures, slack: number): Promise<void> {
    const { dtype } = set;
    const cams = golden.get(`${key}.pos_cam`.replace("DTYPE", dtype));
    const { shape } = cams;
    const graph = createGraph();
    const cam = input(graph, "cam", shape);
    const labels = golden.get("gradcam.pixel_label");
    const { foreground, background } = camLoss(
      cam,
      constant(graph, pairLabels(prompts, set), { shape: [shape[0], labels.shape[1], labels.shape[2]] }),
      constant(
        graph,
        BigInt64Array.from(set.pairs, (pair) => BigInt(pair % set.classCount)),
      ),
    );
    const { slope } = await compute(
      dtype,
      { slope: gradients(add(foreground, background), [cam])[0] },
      { cam: cams },
    );
    const tolerance = dtype === "float32" ? 1e-5 : tolerances.float64;
    const wanted = golden.get(`${key}.cam_grad_pos_cam`.replace("DTYPE", dtype)).data as Float64Array;
    const gaps = wanted.map((value, p) => Math.abs(value - Number(slope.data[p])));
    const difference = gaps.reduce((a, b) => a + b, 0);
    if (slack > 0 && relativeError(slope.data as Float64Array, wanted) > tolerance)
      expect(difference, key).toBeLessThanOrEqual(slack * (1 + tolerance));
    else expectClose(`${key}.cam_grad_pos_cam`, dtype, slope, tolerance);
  }

  it("leaves nothing of the set out", () => {
    expect(golden.unused().filter((name) => tensorsOf.losses.test(name))).toEqual([]);
  });
});
