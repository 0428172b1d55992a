import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as engine from "./index.ts";
import { cases } from "./testing/cases.ts";
import { differentiate } from "./testing/differentiated.ts";
import { interpret } from "./testing/interpreter.ts";

/** Step of the central differences: their error is about step² · f‴ ≈ 1e-10. */
const STEP = 1e-5;

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);

describe("the float64 interpreter against central differences", () => {
  for (const [name, each] of Object.entries(cases))
    it(name, () => {
      const { feeds, loss, first, slope, second } = differentiate(each);
      const floats = Object.entries(each.inputs).filter(([, { dtype }]) => dtype === "float32");
      expect(Object.keys(first)).toEqual(each.flat ? [] : floats.map(([input]) => input));
      if (each.flat) return;
      const names = Object.keys(first);
      const exactFirst = interpret(Object.values(first), feeds);
      const exactSecond = Object.fromEntries(
        Object.entries(second).map(([key, tensor]) => [key, interpret([tensor], feeds)[0].data]),
      );
      names.forEach((input, k) => {
        const numeric = differences(input, feeds, [loss, slope]);
        expectClose(exactFirst[k].data, numeric[0], `${input}: first order`);
        expectClose(
          exactSecond[input] ?? new Float64Array(numeric[1].length),
          numeric[1],
          `${input}: second order`,
        );
      });
    });
});

function differences(
  input: string,
  feeds: Record<string, Float64Array>,
  scalars: readonly engine.Tensor[],
): Float64Array[] {
  const values = feeds[input];
  const results = scalars.map(() => new Float64Array(values.length));
  for (let i = 0; i < values.length; i++) {
    const [up, down] = [STEP, -STEP].map((step) =>
      interpret(scalars, { ...feeds, [input]: values.with(i, values[i] + step) }),
    );
    results.forEach((result, k) => {
      result[i] = (up[k].data[0] - down[k].data[0]) / (2 * STEP);
    });
  }
  return results;
}

function expectClose(exact: Float64Array, numeric: Float64Array, what: string): void {
  const error = largest(exact.map((value, i) => value - numeric[i])) / Math.max(1, largest(numeric));
  expect(error, what).toBeLessThanOrEqual(1e-6);
}

it("has a case for every op", async () => {
  const folder = join(import.meta.dirname, "ops");
  const modules = await Promise.all(readdirSync(folder).map((file) => import(join(folder, file))));
  const exported = new Set(Object.values(engine as object));
  const ops = modules.flatMap((module: object) =>
    Object.entries(module).flatMap(([name, value]) =>
      typeof value === "function" && exported.has(value) ? [name] : [],
    ),
  );
  const tried = new Set(Object.keys(cases).map((name) => name.split(":")[0]));
  expect(ops.length).toBeGreaterThan(60);
  expect(ops.filter((name) => !tried.has(name))).toEqual([]);
});
