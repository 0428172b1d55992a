import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { type Random, random, randomFromState } from "../core/random.ts";
import { readSafetensorsHeader, writeSafetensors } from "../core/safetensors.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { layoutParameters, packParameters, viewParameters } from "./flat-parameters.ts";
import { drawNormal } from "./initializers.ts";
import { applyGradients, createOptimizer, type Optimizer } from "./optimizer.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";
import { restoreOptimizer, viewOptimizerState } from "./optimizer-state.ts";
import { cosineRate, type Schedule, warmup } from "./schedule.ts";

const layout = layoutParameters([
  ["head.weight", [3, 4]],
  ["head.bias", [3]],
  ["scale", []],
]);
const schedule: Schedule = warmup(cosineRate(0.1, 100), 10);

interface Run {
  readonly parameters: Float32Array;
  readonly optimizer: Optimizer;
  readonly generator: Random;
  readonly seen: BigInt64Array;
}

function start(definition: OptimizerDefinition): Run {
  const generator = random("run");
  const shapes = layout.slots.map(({ name, shape }) => [name, drawNormal(shape, generator)] as const);
  const parameters = packParameters(layout, new Map(shapes));
  return {
    parameters,
    optimizer: createOptimizer(definition, layout),
    generator,
    seen: BigInt64Array.of(2n ** 60n),
  };
}

/** Steps on noisy gradients of half the squared parameters. */
function advance({ parameters, optimizer, generator, seen }: Run, until: number): void {
  while (optimizer.step < until) {
    const gradients = parameters.map((value) => value + generator.normal());
    applyGradients(optimizer, parameters, gradients, schedule(optimizer.step));
    seen[0] += 1n;
  }
}

function save({ parameters, optimizer, generator, seen }: Run): Uint8Array {
  const tensors = new Map<string, NdArray>(viewParameters(layout, parameters));
  tensors.set("seen", { dtype: "int64", shape: [], data: seen });
  return encodeCheckpoint({
    tensors,
    optimizer: viewOptimizerState(optimizer),
    step: optimizer.step,
    random: generator.state(),
    config: { optimizer: optimizer.definition, name: "é", list: [1, null, 1e-8] },
  });
}

function resume(bytes: Uint8Array, definition: OptimizerDefinition): Run {
  const { tensors, optimizer, random: state } = decodeCheckpoint(bytes, "run.safetensors");
  const { data } = tensors.get("seen") as NdArray<"int64">;
  const own = new Map([...tensors].filter(([name]) => name !== "seen"));
  return {
    parameters: packParameters(layout, own),
    optimizer: restoreOptimizer(definition, layout, optimizer),
    generator: randomFromState(state),
    seen: data.slice(),
  };
}

describe("checkpoints", () => {
  it.each<OptimizerDefinition>([
    { kind: "sgd" },
    { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
    { kind: "adam", weightDecay: 1e-4 },
    { kind: "adamw", groups: [{ names: ["scale", "head.bias"], weightDecay: 0, rateScale: 0.1 }] },
  ])("resume %j at step 37 of 100 to the same bits", (definition) => {
    const whole = start(definition);
    advance(whole, 100);
    const first = start(definition);
    advance(first, 37);
    const second = resume(save(first), definition);
    expect(save(second)).toEqual(save(first));
    advance(second, 100);
    expect(second.parameters).toEqual(whole.parameters);
    expect(second.seen[0]).toBe(2n ** 60n + 100n);
    expect(save(second)).toEqual(save(whole));
  });

  it("are safetensors files that other programs can read", () => {
    const run = start({ kind: "adam" });
    advance(run, 3);
    const { entries, metadata } = readSafetensorsHeader(save(run));
    expect(entries.map(({ name }) => name).sort()).toEqual([
      "head.bias",
      "head.weight",
      "optimizer/first/head.bias",
      "optimizer/first/head.weight",
      "optimizer/first/scale",
      "optimizer/second/head.bias",
      "optimizer/second/head.weight",
      "optimizer/second/scale",
      "scale",
      "seen",
    ]);
    expect(metadata.get("format")).toBe("maskwright checkpoint 1");
    expect(metadata.get("step")).toBe("3");
  });

  it("hold their config and large counts exactly", () => {
    const checkpoint: Checkpoint = {
      tensors: new Map(),
      optimizer: { step: 2 ** 53 - 1, moments: new Map() },
      step: 2 ** 53 - 1,
      random: [0, 1, 2 ** 32 - 1, 2 ** 31],
      config: { deep: [{ "": [0.1, -1e300, 2 ** 53] }], none: null, quote: '"\\\u0000' },
    };
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint), "c")).toEqual(checkpoint);
  });

  const empty: Checkpoint = {
    tensors: new Map(),
    optimizer: { step: 0, moments: new Map() },
    step: 0,
    random: random(0).state(),
    config: {},
  };
  it.each<[what: string, change: Partial<Checkpoint>, message: string]>([
    ["NaN in the config", { config: { rate: Number.NaN } }, "config.rate: expected a finite number, got NaN"],
    ["no config", { config: undefined }, "config: expected a JSON value"],
    [
      "a parameter named like a moment",
      { tensors: new Map([["optimizer/x", { dtype: "uint8", shape: [], data: Uint8Array.of(1) }]]) },
      'expected a name of another kind, got "optimizer/x"',
    ],
  ])("refuse to hold %s", (_, change, message) => {
    expect(() => encodeCheckpoint({ ...empty, ...change })).toThrow(message);
  });

  const good = {
    format: "maskwright checkpoint 1",
    step: "1",
    updates: "1",
    random: "[1,2,3,4]",
    config: "{}",
  };
  it.each<[what: string, metadata: Record<string, string>, message: string]>([
    ["other safetensors", {}, 'c: format: expected "maskwright checkpoint 1", got null'],
    ["a later format", { ...good, format: "maskwright checkpoint 2" }, 'got "maskwright checkpoint 2"'],
    ["a negative step", { ...good, step: "-1" }, 'c: step: expected what a checkpoint has there, got "-1"'],
    ["a step of 2^53", { ...good, updates: "9007199254740992" }, "c: updates: expected"],
    ["a random state of three words", { ...good, random: "[1,2,3]" }, "c: random: expected"],
    ["a random state that is none", { ...good, random: "null" }, "c: random: expected"],
    [
      "a config that is no JSON",
      { ...good, config: "{" },
      'c: config: expected what a checkpoint has there, got "{"',
    ],
  ])("are not %s", (_, metadata, message) => {
    const bytes = writeSafetensors(new Map(), metadata);
    expect(() => decodeCheckpoint(bytes, "c")).toThrow(MaskwrightError);
    expect(() => decodeCheckpoint(bytes, "c")).toThrow(message);
  });

  it("miss nothing without a word", () => {
    for (const key of Object.keys(good)) {
      const { [key as keyof typeof good]: _, ...rest } = good;
      expect(() => decodeCheckpoint(writeSafetensors(new Map(), rest), "c")).toThrow(`c: ${key}: expected`);
    }
    expect(decodeCheckpoint(writeSafetensors(new Map(), good), "c").random).toEqual([1, 2, 3, 4]);
  });

  it("keep moments as float32 only", () => {
    const moment: NdArray = { dtype: "float64", shape: [1], data: Float64Array.of(1) };
    const bytes = writeSafetensors(new Map([["optimizer/first/w", moment]]), good);
    expect(() => decodeCheckpoint(bytes, "c")).toThrow(
      'tensor "optimizer/first/w": expected float32, got float64',
    );
  });
});

describe("restoreOptimizer", () => {
  const state = viewOptimizerState(createOptimizer({ kind: "adam" }, layout));

  it.each<[what: string, definition: OptimizerDefinition, change: Partial<typeof state>, message: string]>([
    [
      "another optimizer",
      { kind: "sgd", momentum: 0.9 },
      {},
      "moments of sgd: expected [momentum], got [first,second]",
    ],
    ["an optimizer without moments", { kind: "sgd" }, {}, "expected [], got [first,second]"],
    ["half a step", { kind: "adam" }, { step: 0.5 }, "restoreOptimizer: step: expected an integer >= 0"],
    [
      "a parameter without moments",
      { kind: "adam" },
      { moments: new Map([...state.moments].map(([name]) => [name, new Map()])) },
      '"head.weight": expected float32 [3,4], got none',
    ],
  ])("refuses the state for %s", (_, definition, change, message) => {
    expect(() => restoreOptimizer(definition, layout, { ...state, ...change })).toThrow(message);
  });
});
