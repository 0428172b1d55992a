import { describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import { allocateFlat, kernelOf } from "./flat-memory.ts";
import { layoutParameters } from "./flat-parameters.ts";
import { applyGradients, createOptimizer, type Optimizer } from "./optimizer.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";

const layout = layoutParameters([
  ["a", [3]],
  ["b", [5, 1001]],
  ["c", [2]],
]);
const groups = [{ names: ["b"], rateScale: 0.5, weightDecay: 0.2 }];

/** Parameters after some updates with the arrays. */
function updated(definition: OptimizerDefinition, arrays: readonly Float32Array[]): Float32Array {
  const [parameters, gradients, ...moments] = arrays;
  const { normal } = random("flat memory");
  const optimizer: Optimizer = { ...createOptimizer(definition, layout), moments };
  for (let p = 0; p < parameters.length; p++) parameters[p] = normal();
  for (let step = 0; step < 5; step++) {
    // Zeros, subnormals and large numbers are among the gradients.
    for (let p = 0; p < gradients.length; p++)
      gradients[p] = p % 7 === 0 ? 0 : normal() * 10 ** ((p % 60) - 42);
    applyGradients(optimizer, parameters, gradients, 1e-2);
  }
  return parameters;
}

describe("allocateFlat", () => {
  it.each<OptimizerDefinition>([
    { kind: "adam", weightDecay: 0.1, groups },
    { kind: "adamw", groups },
    { kind: "adamw", beta1: 0, epsilon: 0.1 },
  ])("gives memory in which the update has the same bits (%o)", (definition) => {
    const vectors = allocateFlat(layout.length, 4);
    expect(kernelOf(...vectors)).not.toBeNull();
    const plain = vectors.map(() => new Float32Array(layout.length));
    expect(kernelOf(...plain)).toBeNull();
    expect(updated(definition, vectors)).toEqual(updated(definition, plain));
    expect(vectors[2]).toEqual(plain[2]);
    expect(vectors[3]).toEqual(plain[3]);
  });

  it("gives arrays apart from each other, zero at first, none or one element long too", () => {
    for (const length of [0, 1, 5]) {
      const [a, b] = allocateFlat(length, 2);
      a.fill(1);
      expect([...b]).toEqual(Array(length).fill(0));
    }
    expect(kernelOf(allocateFlat(4, 1)[0], allocateFlat(4, 1)[0])).toBeNull();
  });

  it("gives plain arrays where WebAssembly has no room", () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: unknown };
    Object.assign(globalThis, { WebAssembly: undefined });
    try {
      const arrays = allocateFlat(3, 2);
      expect(kernelOf(...arrays)).toBeNull();
      expect(arrays.map(({ length }) => length)).toEqual([3, 3]);
    } finally {
      Object.assign(globalThis, { WebAssembly });
    }
  });
});
