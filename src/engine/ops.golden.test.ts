import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { relativeError, reportGolden } from "../testing/golden.ts";
import { cases } from "./testing/cases.ts";
import { differentiate } from "./testing/differentiated.ts";
import { interpret } from "./testing/interpreter.ts";

interface Golden {
  readonly outputs: readonly (readonly number[])[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const file = new URL("../../golden/engine/ops.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, Golden>>;

/** Both sides are float64; the file keeps 10 digits. */
const TOLERANCE = 1e-9;

describe("the float64 interpreter against PyTorch in float64 (golden/engine/ops.py)", () => {
  let compared = 0;
  let worst = 0;
  afterAll(() => reportGolden("engine/ops", compared, worst));

  const expectClose = (values: Float64Array, wanted: readonly number[], what: string): void => {
    const error = relativeError(values, wanted);
    expect(error, what).toBeLessThanOrEqual(TOLERANCE);
    compared += wanted.length;
    worst = Math.max(worst, error);
  };

  it("has the same cases", () => {
    expect(Object.keys(golden)).toEqual(Object.keys(cases));
  });

  for (const [name, each] of Object.entries(cases))
    it(name, () => {
      const { feeds, outputs, first } = differentiate(each);
      const { outputs: values, gradients } = golden[name];
      interpret(outputs, feeds).forEach(({ data }, i) => {
        expectClose(data, values[i], `output ${i}`);
      });
      expect(Object.keys(first)).toEqual(Object.keys(gradients));
      for (const [input, gradient] of Object.entries(first))
        expectClose(interpret([gradient], feeds)[0].data, gradients[input], `gradient of ${input}`);
    });
});
