import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import type { Mask } from "../../core/mask.ts";
import { random } from "../../core/random.ts";
import { decodeRle } from "../../core/rle.ts";
import { type OriginalPicture, scoreOriginal, scoreRows } from "../../core/row-metric.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import type { CocoImage } from "../../data/coco.ts";
import { cocoMask } from "../../data/coco-segmentation.ts";
import { decodeParts } from "../../data/part-dataset.ts";
import { readPhoto } from "../../data/photo.ts";
import {
  type Arrays,
  byteSource,
  compile,
  createGraph,
  frozenWeights,
  gradients,
  input,
  openWeights,
  type Runtime,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { createPrompter } from "../../models/prompter/networks.ts";
import { promptParts } from "../../models/prompter/prompter.ts";
import { prompterTensors } from "../../models/prompter/weights.ts";
import type { SamEmbedding } from "../../models/sam/embedding.ts";
import { DECODER_EPSILON, norm } from "../../models/sam/layers.ts";
import { preprocess } from "../../models/sam/preprocess.ts";
import { createSam } from "../../models/sam/sam.ts";
import { openGoldenTensors } from "../../models/sam/testing/golden-sam.ts";
import { computedWith, nodesOf } from "../../models/sam/testing/look-inside.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { joinArrays, relativeError, reportGolden } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { centerFrame, placeBox, placeGray, placeImage } from "./frame.ts";
import { largest, queryOutputs } from "./match-batch.ts";
import { matchingCosts, matchQueries } from "./matching.ts";
import { findParts } from "./predict.ts";
import { originalRate } from "./schedules.ts";
import { type PartTargets, packTargets } from "./targets.ts";
import { boxCenters, teachParts } from "./teacher.ts";
import {
  type GoldenCases,
  openWeightFormulas,
  prompterConfigOf,
  samConfigOf,
  type WeightSpecs,
} from "./testing/golden-wps.ts";
import { compilePartTraining, partTraining } from "./training.ts";

const folder = goldenFolder("wps");
const runtime = folder === null ? null : await tryRuntime("golden wps");

describe.skipIf(folder === null || runtime === null)("golden wps", () => {
  const root = folder ?? "";
  const session = runtime as Runtime;
  const cases = folder === null ? ({} as GoldenCases) : readJson<GoldenCases>(root, "cases.json");
  const golden = folder === null ? ({} as ReturnType<typeof openGoldenTensors>) : openGoldenTensors(root);
  const specs = folder === null ? {} : readJson<WeightSpecs>(root, "weights_spec.json");
  const formulas = openWeightFormulas(specs);
  const config =
    folder === null ? ({} as ReturnType<typeof prompterConfigOf>) : prompterConfigOf(cases, specs);
  const samConfig = folder === null ? ({} as ReturnType<typeof samConfigOf>) : samConfigOf(specs);
  const tensors = new Map(
    folder === null ? [] : [...prompterTensors(config)].map(([name]) => [name, formulas.draw(name)]),
  );
  const features = folder === null ? ({} as NdArray<"float32">) : formulas.features();
  const batch = features.shape?.[0] ?? 0;
  const pictures = Array.from({ length: batch }, (_, b) => b);
  const weights = cases.config?.weight_adjust;
  const costs =
    folder === null ? {} : { class: weights.cost_cls_weight, token: weights.cost_embedding_weight };
  const losses =
    folder === null ? {} : { class: weights.loss_cls_weight, token: weights.loss_embedding_weight };

  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("wps", compared, worst));

  /** Largest difference in units of the largest value wanted. */
  function expectClose(
    name: string,
    got: ArrayLike<number>,
    wanted: ArrayLike<number>,
    tolerance: number,
  ): void {
    const error = relativeError(got, wanted);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  }

  function expectTensor(name: string, got: ArrayLike<number>, tolerance: number): void {
    expectClose(name, got, numbers(golden.get(name)), tolerance);
  }

  /** The whole tensor, or the positions of it that the set keeps. */
  function expectSampled(name: string, got: ArrayLike<number>, tolerance: number): void {
    if (golden.has(name)) expectTensor(name, got, tolerance);
    else expectTensor(`${name}.sample`, at(got, numbers(golden.get(`${name}.sample_index`))), tolerance);
  }

  it("has the parameters of the configuration, in order", () => {
    const own = [...prompterTensors(config)];
    const names = Object.keys(cases.grad);
    expect(own.map(([name]) => name).sort()).toEqual([...names].sort());
    for (const [name, shape] of own) expect(shape, name).toEqual(specs[name].shape);
    const count = own.reduce((total, [, shape]) => total + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(cases.config.trainable);
    compared += own.length;
  });

  it("draws its first weights from the published distributions", () => {
    const drawn = drawPrompter(config, random(1));
    for (const [name, { min, max, std }] of Object.entries(cases.init_stats)) {
      const { data } = drawn.get(name) as NdArray<"float32">;
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
      const limit = Math.max(Math.abs(min), Math.abs(max));
      const isNormal = name === "query_embed.weight";
      // Both are samples: the extremes of n draws differ by some n-th, the deviations by some √n-th of themselves.
      const slack = 1.5 / Math.sqrt(data.length);
      // Of two draws of a few, neither says what the other must be.
      if (data.length < 16 && std > 0) continue;
      expect(Math.abs(deviation - std), name).toBeLessThanOrEqual(std * 3 * slack);
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest, name).toBeGreaterThanOrEqual(limit * (isNormal ? 0.7 : 1 - 4 * slack));
      expect(largest, name).toBeLessThanOrEqual(limit * (isNormal ? 1.6 : 1 + 4 * slack));
      compared++;
    }
  });

  it("computes the published tensors", async () => {
    const graph = createGraph();
    const constants = frozenWeights(graph, fileOf(tensors));
    const seen = new Map<string, Tensor>();
    const look = (name: string): Tensor => {
      const known = seen.get(name) ?? constants(name);
      seen.set(name, known);
      return known;
    };
    const parts = promptParts(look, input(graph, "features", features.shape), config);
    const activated = nodesOf(graph, "gelu").map(({ outputs }) => outputs[0]);
    const after = (name: string): Tensor => computedWith(graph, look(`prompter.${name}`));
    const { encoderLayers, decoderLayers } = config;
    const outputs: Record<string, Tensor> = {
      logits: parts.logits,
      student_tokens: parts.tokens,
      "neck.5": activated[1],
      memory: after(`encoder.layers.${encoderLayers - 1}.norm2.weight`),
    };
    // Of the stages before it the set keeps some.
    for (let i = 0; i < 5; i++) {
      const name = `neck.${i}`;
      if (!golden.has(name) && !golden.has(`${name}.sample`)) continue;
      outputs[name] = i === 2 ? activated[0] : computedWith(graph, look(`conv_layers.${i}.weight`));
    }
    for (let i = 0; i + 1 < encoderLayers; i++)
      outputs[`encoder.layer${i}`] = after(`encoder.layers.${i}.norm2.weight`);
    const last = after("decoder.norm.weight");
    for (let i = 0; i < decoderLayers; i++) {
      const own = `decoder.layers.${i}`;
      outputs[`decoder.layer${i}`] = after(`${own}.norm3.weight`);
      outputs[`decoder.layer${i}.self_attn`] = after(`${own}.self_attn.out_proj.weight`);
      outputs[`decoder.layer${i}.cross_attn`] = after(`${own}.multihead_attn.out_proj.weight`);
      // The published decoder norms every layer's states, though the heads read those of the last alone.
      const normed = norm(look, "prompter.decoder.norm", outputs[`decoder.layer${i}`], DECODER_EPSILON);
      outputs[`hs.${i}`] = i + 1 < decoderLayers ? normed : last;
    }
    const executable = await compile(outputs, session);
    const results = await executable.run({ features });
    await executable.dispose();
    const states = Array.from({ length: decoderLayers }, (_, i) => results[`hs.${i}`].data as Float32Array);
    expectSampled("hs", joinArrays(states), 5e-5);
    const tolerances: [RegExp, number][] = [
      [/^neck/, 1e-5],
      [/^(encoder|memory)/, 2e-5],
      [/^decoder/, 5e-5],
      [/^(logits|student)/, 1e-4],
    ];
    for (const [name, { shape, data }] of Object.entries(results)) {
      if (name.startsWith("hs.")) continue;
      const tolerance = tolerances.find(([pattern]) => pattern.test(name))?.[1] as number;
      expectSampled(name, arranged(name, { shape, data: data as Float32Array }), tolerance);
    }
    expectClose(
      "float64.logits",
      results.logits.data as Float32Array,
      numbers(golden.get("float64.logits")),
      1e-4,
    );
  });

  /** Ours as the set lays it out: maps as NCHW, layers as [tokens, batch, D]. */
  function arranged(
    name: string,
    { shape, data }: { shape: readonly number[]; data: Float32Array },
  ): Float32Array {
    if (/^neck\.[1245]$|^memory/.test(name))
      return permuted(data, [batch, data.length / batch / config.dim, config.dim], [0, 2, 1]);
    if (/^(encoder|decoder)/.test(name)) {
      const count = data.length / batch / config.dim;
      return permuted(data, [batch, count, config.dim], [1, 0, 2]);
    }
    expect(shape.length, name).toBeGreaterThan(1);
    return data;
  }

  async function teach(kind: "boxes" | "points"): Promise<PartTargets[]> {
    const sam = createSam(fileOf(formulas.sam()), samConfig, session);
    const { side } = samConfig.encoder;
    const targets: PartTargets[] = [];
    for (const b of pictures) {
      const rows = numbers(golden.get(`boxes.${b}`));
      const classes = numbers(golden.get(`category_ids.${b}`));
      const boxes = classes.map((category, n) => {
        const [x0, y0, x1, y1] = rows.slice(4 * n, 4 * n + 4);
        return { classId: category + 1, x0, y0, x1, y1 };
      });
      const weak = { kind: "boxes", boxes } as const;
      targets.push(
        await teachParts(sam, kind === "boxes" ? weak : boxCenters(weak), { height: side, width: side }),
      );
    }
    await sam.dispose();
    return targets;
  }

  /** The reference's own outputs, so that what follows is compared alone. */
  const outputsOf = (b: number) =>
    queryOutputs({ logits: golden.get("logits"), tokens: golden.get("student_tokens") } as Arrays, b);

  it("teaches the published tokens", async () => {
    for (const [b, { tokens }] of (await teach("boxes")).entries())
      expectTensor(`teacher_box_tokens.${b}`, tokens.data, 2e-5);
    const points = await teach("points");
    for (const [b, { tokens }] of points.entries()) {
      expectTensor(`teacher_point_tokens.${b}`, tokens.data, 2e-5);
      if (tokens.shape[0] === 0) continue;
      const constant = formulas.draw("SAM_model.prompt_encoder.not_a_point_embed.weight").data;
      expect(tokens.data.slice(constant.length, 2 * constant.length)).toEqual(constant);
    }
  });

  it("matches queries with parts at the published costs", async () => {
    const byBoxes = await teach("boxes");
    const byPoints = await teach("points");
    for (const b of pictures) {
      const matrix = matchingCosts(outputsOf(b), byBoxes[b], costs);
      expect(matrix.shape).toEqual(golden.get(`cost_matrix.${b}`).shape);
      expectTensor(`cost_matrix.${b}`, matrix.data, 1e-4);
      const { queries_for_targets, total_cost } = cases.matching[b];
      const found = [...matchQueries(outputsOf(b), byBoxes[b], costs)];
      expect(found).toEqual(queries_for_targets);
      expect(found).toEqual(numbers(golden.get(`matched_queries.${b}`)));
      const costOf = (q: number, n: number): number => (q < 0 ? 0 : matrix.data[q * found.length + n]);
      const total = found.reduce((sum, q, n) => sum + costOf(q, n), 0);
      expectClose("total cost", [total], [total_cost], 1e-5);
      const points = [...matchQueries(outputsOf(b), byPoints[b], costs)];
      expect(points).toEqual(numbers(golden.get(`matched_queries_point.${b}`)));
      compared += 2;
    }
  });

  it("has the published loss and gradients", async () => {
    const targets = await teach("boxes");
    const trainer = await compilePartTraining(config, session, {
      batch,
      start: { tensors },
      costs,
      losses,
    });
    const numbersOf = await trainer.step(
      [{ features, ...packTargets(targets, [config.tokens, config.channels]) }],
      0,
    );
    await trainer.dispose();
    for (const [ours, theirs] of [
      ["loss", "total"],
      ["class", "cls"],
      ["token", "embedding"],
      ["accuracy", "accuracy"],
      ["recall", "recall"],
    ] as const)
      expectClose(theirs, [numbersOf[ours]], [cases.loss[theirs]], 1e-5);

    const training = partTraining(config, batch, losses);
    const names = [...prompterTensors(config).keys()];
    const slopes = gradients(training.loss, training.parameters);
    const outputs = Object.fromEntries(names.map((name, k) => [`gradient/${name}`, slopes[k]]));
    const executable = await compile(outputs, session);
    const found = cases.matching.map(({ queries_for_targets }) => queries_for_targets);
    const results = await executable.run({
      features,
      ...Object.fromEntries(tensors),
      ...targetFeeds(found, targets),
    });
    await executable.dispose();
    for (const [name, { norm, index, values, sum }] of Object.entries(cases.grad)) {
      const data = results[`gradient/${name}`].data as Float32Array;
      const length = normOf(data);
      const exact = cases.grad_float64_norm[name];
      // Its value input is zero, so this gradient is, but for rounding.
      if (exact < 1e-6 * length || exact < 1e-9) {
        expect(length, name).toBeLessThan(1e-5);
        compared++;
        continue;
      }
      // The reference's own error is small unless a ReLU near zero falls to the other side in float32.
      const tolerance = 1e-3 + cases.grad_float32_relative_error[name];
      expectClose(`${name} norm`, [length], [norm], tolerance);
      expectClose(`${name} norm in float64`, [length], [exact], 1e-3);
      const gap = (got: ArrayLike<number>, wanted: ArrayLike<number>): number =>
        normOf(Array.from(wanted, (value, i) => value - got[i])) / norm;
      expect(gap(at(data, index), values), name).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(data.reduce((a, b) => a + b, 0) - sum) / norm, `${name} sum`).toBeLessThanOrEqual(
        tolerance * Math.sqrt(data.length),
      );
      compared += 2;
      if (!golden.has(`grad.${name}`)) continue;
      const error = gap(data, numbers(golden.get(`grad.${name}`)));
      expect(error, name).toBeLessThanOrEqual(tolerance);
      compared++;
      worst = Math.max(worst, error);
    }
  });

  /** The graph's inputs for a matching that is given. */
  function targetFeeds(found: readonly (readonly number[])[], targets: readonly PartTargets[]): Arrays {
    const { queries, tokens, channels, classes } = config;
    const size = tokens * channels;
    const labels = new BigInt64Array(batch * queries).fill(BigInt(classes));
    const wanted = new Float32Array(batch * queries * size);
    const shares = new Float32Array(batch * queries);
    found.forEach((row, b) => {
      const count = row.filter((q) => q >= 0).length;
      row.forEach((q, n) => {
        if (q < 0) return;
        labels[b * queries + q] = BigInt(targets[b].classIds[n] - 1);
        wanted.set(targets[b].tokens.data.subarray(n * size, (n + 1) * size), (b * queries + q) * size);
        shares[b * queries + q] = 1 / count;
      });
    });
    return {
      "target/classes": { dtype: "int64", shape: [batch, queries], data: labels },
      "target/tokens": { dtype: "float32", shape: [batch, queries, tokens, channels], data: wanted },
      "target/shares": { dtype: "float32", shape: [batch, queries], data: shares },
    };
  }

  it("takes the published Adam steps", async () => {
    const packed = packTargets(await teach("boxes"), [config.tokens, config.channels]);
    for (const [schedule, run] of Object.entries(cases.adam)) {
      const { history } = run;
      const trainer = await compilePartTraining(config, session, {
        batch,
        start: { tensors },
        optimizer: { kind: "adam", weightDecay: cases.config.opt.weight_decay },
        costs,
        losses,
      });
      for (const [step, { lr, total, cls, embedding }] of history.entries()) {
        // The last entry is the loss after the last step.
        const got = await trainer.step([{ features, ...packed }], lr ?? 0);
        // Noise in the input at float32's resolution changes the losses after such steps by 1e-4: they are ±lr for every parameter,
        // by the sign of a gradient that is near zero for some. 1e-3 is the specification's.
        const tolerance = hasBigSteps(history.slice(0, step)) ? 1e-3 : 1e-5;
        expectClose(
          `${schedule} ${step}`,
          [got.loss, got.class, got.token],
          [total, cls, embedding],
          tolerance,
        );
        if (step === history.length - 2) await expectParameters(schedule, run, trainer);
      }
      await trainer.dispose();
    }
  });

  function hasBigSteps(steps: GoldenCases["adam"][string]["history"]): boolean {
    return steps.some(({ lr }) => (lr ?? 0) > 1e-6);
  }

  /**
   * Where the gradient is not noise itself (the bias of keys has none): all within 1e-6 after the small steps of the warm-up. After the big
   * ones what a tensor moved by, but for one value, within 5 %: the same noise moves up to 12 % of a tensor's values by more than 1e-6, and one
   * by 2e-4. None can move by more than there and back.
   */
  async function expectParameters(
    schedule: string,
    { history, params }: GoldenCases["adam"][string],
    trainer: Awaited<ReturnType<typeof compilePartTraining>>,
  ): Promise<void> {
    const state = (await trainer.state()).tensors;
    const isStrict = !hasBigSteps(history);
    const farthest = 2 * history.reduce((sum, { lr }) => sum + (lr ?? 0), 0);
    for (const [name, { index, values, norm }] of Object.entries(params)) {
      const data = state.get(name)?.data as Float32Array;
      const whole = `adam.${schedule}.${name}`;
      expectClose(`${schedule} ${name} norm`, [normOf(data)], [norm], isStrict ? 1e-6 : 1e-4);
      const wanted = golden.has(whole) ? numbers(golden.get(whole)) : values;
      const got = golden.has(whole) ? data : at(data, index);
      const slopes = golden.has(`grad.${name}`) ? numbers(golden.get(`grad.${name}`)) : null;
      const slopeOf = (p: number): number =>
        golden.has(whole) ? (slopes?.[p] ?? 1) : cases.grad[name].values[p];
      const gaps = wanted.map((value, p) => (Math.abs(slopeOf(p)) < 1e-7 ? 0 : Math.abs(value - got[p])));
      const first = tensors.get(name)?.data as Float32Array;
      const start = golden.has(whole) ? first : at(first, index);
      const moves = wanted.map((value, p) => (Math.abs(slopeOf(p)) < 1e-7 ? 0 : value - start[p]));
      const others = gaps.sort((a, b) => a - b).slice(0, -1);
      if (isStrict) expect(gaps.filter((gap) => gap > 1e-6).length, whole).toBe(0);
      else expect(normOf(others), whole).toBeLessThanOrEqual(0.05 * normOf(moves));
      expect(gaps.filter((gap) => gap > farthest).length, whole).toBe(0);
      compared++;
    }
  }

  it("finds and masks the published parts", async () => {
    const sam = createSam(fileOf(formulas.sam()), samConfig, session);
    const prompter = createPrompter(fileOf(tensors), config, session);
    const { side } = samConfig.encoder;
    const square = { height: side, width: side };
    const { per_image } = cases.eval_forward;
    expect(per_image.filter(({ classes }) => classes.length > 0).length).toBe(
      cases.eval_forward.entries_in_output_lists,
    );
    let entry = 0;
    for (const [b, { kept_queries, classes }] of per_image.entries()) {
      const embedding = embeddingOf(b, square);
      const own = await prompter.prompt(embedding.features);
      expectClose(`logits of picture ${b}`, own.logits.data, outputsOf(b).logits.data, 1e-4);
      expectClose(`tokens of picture ${b}`, own.tokens.data, outputsOf(b).tokens.data, 1e-4);
      // Decoded are the reference's tokens: SAM's decoder with these weights makes of noise at float32's resolution differences of 1e-3.
      const found = await findParts({ ...prompter, prompt: async () => outputsOf(b) }, sam, embedding);
      expect(found.map(({ query }) => query)).toEqual(kept_queries);
      expect(found.map(({ classId }) => classId - 1)).toEqual(classes);
      compared += 2;
      if (classes.length === 0) continue;
      expect(found.map(({ query }) => query)).toEqual(numbers(golden.get(`eval.${entry}.kept`)));
      const sampled = golden.get(nameOf(`eval.${entry}.masks_`));
      const probabilities = found.flatMap(({ prediction: { logits } }) => {
        const [, height, width] = logits.shape;
        const step = Math.ceil(height / sampled.shape[1]);
        return Array.from(logits.data, (logit) => 1 / (1 + Math.exp(-logit))).filter(
          (_, p) => Math.floor(p / width) % step === 0 && (p % width) % step === 0,
        );
      });
      expectClose(`eval.${entry}`, probabilities, numbers(sampled), 2e-3);
      // Levels of 255, rounded.
      const levels = Array.from(found[0].prediction.logits.data, (logit) => 255 / (1 + Math.exp(-logit)));
      const wanted = numbers(golden.get(nameOf(`eval.${entry}.first_mask_`)));
      const gaps = wanted.map((level, p) => Math.abs(level - levels[p]));
      expect(gaps.filter((gap) => gap > 0.5 + 255 * 2e-3).length).toBe(0);
      compared++;
      entry++;
    }
    await prompter.dispose();

    const { shape, data } = golden.get("decoder.tokens");
    const size = shape[1] * shape[2];
    const prompts = Array.from({ length: shape[0] }, (_, k) => ({
      tokens: {
        dtype: "float32" as const,
        shape: shape.slice(1),
        data: (data as Float32Array).slice(k * size, (k + 1) * size),
      },
    }));
    const decoded = await sam.decodeAll(embeddingOf(0, square), prompts, { multimask: false });
    expectTensor(
      "decoder.iou",
      decoded.map(({ predictedIou }) => predictedIou[0]),
      2e-3,
    );
    const everyOther = nameOf("decoder.low_res_every");
    const [, , rowCount] = golden.get(everyOther).shape;
    const low = decoded.flatMap(({ logits }) => {
      const width = logits.shape[2];
      const step = Math.ceil(width / rowCount);
      return [...logits.data].filter(
        (_, p) => Math.floor(p / width) % step === 0 && (p % width) % step === 0,
      );
    });
    expectTensor(everyOther, low, 2e-3);
    await sam.dispose();
  });

  /** The one name that starts so: how large or how sparse the tensor is, stands behind it. */
  function nameOf(start: string): string {
    const [name, ...others] = golden.names.filter((each) => each.startsWith(start));
    expect([typeof name, others], start).toEqual(["string", []]);
    return name;
  }

  function embeddingOf(b: number, size: Size): SamEmbedding {
    const length = features.data.length / batch;
    const own = features.data.slice(b * length, (b + 1) * length);
    return {
      features: { dtype: "float32", shape: [1, ...features.shape.slice(1)], data: own },
      original: size,
      input: size,
    };
  }

  it("prepares pictures, boxes and masks as published", async () => {
    for (const {
      key,
      image,
      annotations,
      target,
      resized,
      pad_left_top,
      image_rows_index,
      image_sum,
      mask_sha256,
    } of cases.preprocess) {
      const photo = await readPhoto(join(root, image));
      const frame = centerFrame(photo, target);
      expect([frame.input.height, frame.input.width]).toEqual(resized);
      expect([frame.left, frame.top]).toEqual(pad_left_top);
      compared += 2;
      const { pixels } = preprocess(placeImage(photo, frame), target);
      if (golden.has(`${key}.image`)) expectTensor(`${key}.image`, pixels.data, 1e-6);
      else {
        const rows = [0, 1, 2].flatMap((c) =>
          image_rows_index.flatMap((i) => [
            ...pixels.data.subarray((c * target + i) * target, (c * target + i + 1) * target),
          ]),
        );
        expectTensor(`${key}.image_rows`, rows, 1e-6);
      }
      const total = pixels.data.reduce((sum, value) => sum + value, 0);
      expect(Math.abs(total - image_sum)).toBeLessThanOrEqual(1e-6 * pixels.data.length);

      const value = readJson<{ readonly categories: readonly unknown[] }>(root, annotations);
      const classes = ["background", ...value.categories.map((_, id) => `part ${id}`)];
      const { dataset, classIds } = decodeParts(value, annotations, classes);
      const truth = dataset.images.find(({ file }) => file === image) as CocoImage;
      const boxes = truth.instances.flatMap(({ box }) => (box === null ? [] : [placeBox(box, frame)]));
      expectTensor(
        `${key}.boxes`,
        boxes.flatMap(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1]),
        1e-12,
      );
      expect(truth.instances.map(({ categoryId }) => (classIds.get(categoryId) ?? 0) - 1)).toEqual(
        numbers(golden.get(`${key}.category_ids`)),
      );
      const masks = truth.instances.map(
        (instance) => placeGray(decodeRle(cocoMask(instance, truth)), frame).data,
      );
      expect(masks.map((data) => data.reduce((sum, value) => sum + value, 0))).toEqual(
        numbers(golden.get(`${key}.mask_areas`)),
      );
      const hash = createHash("sha256");
      for (const data of masks) hash.update(data);
      expect(hash.digest("hex")).toBe(mask_sha256);
      compared += 4;
    }
  });

  it("scores as published, quirks included", () => {
    for (const { desc, ...wanted } of cases.metric_discs) {
      const [one, other] = discsOf(desc);
      const got = scoreRows(one, other);
      expectClose(desc, [got.iou, got.accuracy, got.f1], [wanted.iou, wanted.acc, wanted.f1], 1e-6);
    }
    const [pair, truth] = ["metric.pair.pred", "metric.pair.gt"].map((name) => golden.get(name));
    const [height, width] = truth.shape;
    const got = scoreRows(
      { height, width, data: Uint8Array.from(pair.data as Float32Array, (value) => Number(value >= 0.5)) },
      { height, width, data: truth.data as Uint8Array },
    );
    expectClose(
      "pair",
      [got.iou, got.accuracy, got.f1],
      [cases.metric_pair.iou, cases.metric_pair.acc, cases.metric_pair.f1],
      1e-6,
    );
  });

  it("scores a data set as published, by batches", () => {
    const count = golden.names.filter((name) => /^metric\.validate\.\d+\.logits$/.test(name)).length;
    const pictures = Array.from({ length: count }, (_, k): OriginalPicture => {
      const own = `metric.validate.${k}`;
      const { shape, data } = golden.get(`${own}.logits`);
      const columns = shape[1];
      const rows = Array.from({ length: shape[0] }, (_, q) =>
        (data as Float32Array).subarray(q * columns, (q + 1) * columns),
      );
      const masks = planes(golden.get(`${own}.pred_masks`));
      const truth = planes(golden.get(`${own}.gt_masks`));
      let used = 0;
      return {
        queries: rows.map(largest).map((c) => {
          if (c === columns - 1) return null;
          const { height, width, data: levels } = masks[used++];
          const probabilities = { height, width, data: Float32Array.from(levels, (level) => level / 255) };
          return { classId: c + 1, probabilities };
        }),
        truth: numbers(golden.get(`${own}.category_ids`)).map((category, n) => ({
          classId: category + 1,
          mask: truth[n],
        })),
      };
    });
    for (const {
      batch_size,
      entries,
      mean_iou,
      mean_acc,
      mean_f1,
      iou_entries,
      acc_entries,
      f1_entries,
    } of cases.validate) {
      const got = scoreOriginal(pictures, batch_size);
      expect(got.entries.length).toBe(entries);
      expectClose(
        "iou entries",
        got.entries.map(({ iou }) => iou),
        iou_entries,
        1e-6,
      );
      expectClose(
        "accuracy entries",
        got.entries.map(({ accuracy }) => accuracy),
        acc_entries,
        1e-6,
      );
      expectClose(
        "f1 entries",
        got.entries.map(({ f1 }) => f1),
        f1_entries,
        1e-6,
      );
      expectClose(
        "means",
        [got.iou ?? 0, got.accuracy ?? 0, got.f1 ?? 0],
        [mean_iou, mean_acc, mean_f1],
        1e-6,
      );
    }
  });

  it("leaves nothing of the set unread", () => {
    // The masks are compared by their hash.
    expect(golden.unused().filter((name) => !/\.masks(_every\d+)?$/.test(name))).toEqual([]);
  });

  it("follows the published learning rate", () => {
    const rate = originalRate(1);
    for (const [step, factor] of Object.entries(cases.lr_factor)) {
      expect(Math.abs(rate(Number(step)) - factor), step).toBeLessThanOrEqual(1e-9);
      compared++;
    }
    const trained = originalRate(cases.config.opt.learning_rate);
    for (const [step, { lr }] of (cases.adam.schedule_original?.history ?? []).entries()) {
      if (lr === null) continue;
      expectClose(`rate of step ${step}`, [trained(step)], [lr], 1e-9);
    }
  });
});

function fileOf(tensors: ReadonlyMap<string, NdArray>): WeightFile {
  return openWeights(byteSource(writeSafetensors(tensors)), "golden.safetensors");
}

function numbers({ data }: NdArray): number[] {
  return Array.from(data as Float32Array | BigInt64Array, Number);
}

function at(values: ArrayLike<number>, positions: readonly number[]): number[] {
  return positions.map((position) => values[position]);
}

function normOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}

/** The masks of an array [N, H, W]. */
function planes({ shape, data }: NdArray): Mask[] {
  const [count, height, width] = shape;
  const size = height * width;
  return Array.from({ length: count }, (_, n) => ({
    height,
    width,
    data: (data as Uint8Array).subarray(n * size, (n + 1) * size),
  }));
}

/**
 * The pair of discs that a text describes, such as "strict discs: r=100 at (300,300) vs r=50 at (700,700)": (x,y) in a square of 1024 px
 * unless it says otherwise, the first at its middle with a radius of 100 unless it says otherwise.
 */
function discsOf(text: string): Mask[] {
  const side = Number(/(\d+) square/.exec(text)?.[1] ?? 1024);
  const named = [...text.matchAll(/r=(\d+) at \((\d+),(\d+)\)/g)].map((found) => {
    const [radius, x, y] = found.slice(1).map(Number);
    return { radius, x, y };
  });
  const [first = { radius: 100, x: side / 2, y: side / 2 }] = named;
  const shift = /shifted (\d+) px in ([xy])/.exec(text);
  if (shift === null) expect(named.length, text).toBe(2);
  const by = (axis: string): number => (shift?.[2] === axis ? Number(shift[1]) : 0);
  const second = named[1] ?? { ...first, x: first.x + by("x"), y: first.y + by("y") };
  const isStrict = text.startsWith("strict");
  return [first, second].map(({ radius, x, y }) => ({
    height: side,
    width: side,
    data: Uint8Array.from({ length: side ** 2 }, (_, p) => {
      const square = (Math.floor(p / side) - y) ** 2 + ((p % side) - x) ** 2;
      return Number(isStrict ? square < radius ** 2 : square <= radius ** 2);
    }),
  }));
}

/** A copy with the axes in another order. */
function permuted(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  let p = 0;
  for (let a = 0; a < sizes[0]; a++)
    for (let b = 0; b < sizes[1]; b++)
      for (let c = 0; c < sizes[2]; c++) result[p++] = data[a * steps[0] + b * steps[1] + c * steps[2]];
  return result;
}
