import { compile } from "./compile.ts";
import type { Tensor } from "./graph.ts";
import type { Precision } from "./precision.ts";
import type { Arrays, Runtime } from "./runtime.ts";

/** How far an output is from what float32 gives. */
export interface PrecisionError {
  /** ‖difference‖ / ‖float32‖, over all elements and all feeds. */
  readonly relative: number;
  /** The largest difference of an element. */
  readonly maximum: number;
}

/**
 * The error of each float32 output of a graph when it is computed in another precision, on inputs that should be like those it will see.
 */
export async function measurePrecision<N extends string>(
  outputs: Readonly<Record<N, Tensor>>,
  runtime: Runtime,
  { precision, feeds }: { readonly precision: Precision; readonly feeds: readonly Arrays[] },
): Promise<Readonly<Record<N, PrecisionError>>> {
  const names = (Object.keys(outputs) as N[]).filter((name) => outputs[name].dtype === "float32");
  const sums = new Map(names.map((name) => [name, { difference: 0, size: 0, maximum: 0 }]));
  const exact = await compile(outputs, runtime);
  const rough = await compile(outputs, runtime, { precision });
  for (const each of feeds) {
    const [wanted, got] = [await exact.run(each), await rough.run(each)];
    for (const [name, sum] of sums) {
      const [a, b] = [wanted[name].data as Float32Array, got[name].data as Float32Array];
      for (let p = 0; p < a.length; p++) {
        const difference = Math.abs(a[p] - b[p]);
        sum.difference += difference ** 2;
        sum.size += a[p] ** 2;
        // Not Math.max: a NaN must end up in the result.
        if (!(difference <= sum.maximum)) sum.maximum = difference;
      }
    }
  }
  await exact.dispose();
  await rough.dispose();
  const errorOf = ({
    difference,
    size,
    maximum,
  }: {
    difference: number;
    size: number;
    maximum: number;
  }): PrecisionError => ({
    relative: difference === 0 ? 0 : Math.sqrt(difference / size),
    maximum,
  });
  return Object.fromEntries([...sums].map(([name, sum]) => [name, errorOf(sum)])) as Record<
    N,
    PrecisionError
  >;
}
