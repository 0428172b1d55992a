import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as e from "./index.ts";
import { pseudoRandom } from "./testing/cases.ts";
import { interpret } from "./testing/interpreter.ts";

const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => 2 * pseudoRandom(i, seed) - 1);
const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

type Shapes = readonly (readonly number[])[];

/**
 * Checks a map that is linear in each of its arguments: with L = Σ w·f(x, …), ⟨∂L/∂x, t⟩ at any x is L with t in
 * the place of x. No step size, so the agreement is to rounding.
 */
function expectTranspose(shapes: Shapes, build: (inputs: e.Tensor[]) => e.Tensor): e.Tensor {
  const graph = e.createGraph();
  const inputs = shapes.map((shape, k) => e.input(graph, `x${k}`, shape));
  const y = build(inputs);
  const shape = e.staticShape("test", y.shape);
  const loss = e.sum(e.mul(y, e.constant(graph, numbers(countOf(shape), 99), { shape })));
  const gradients = e.gradients(loss, inputs);
  const feeds = Object.fromEntries(shapes.map((each, k) => [`x${k}`, numbers(countOf(each), k)]));
  shapes.forEach((each, k) => {
    const direction = numbers(countOf(each), 50 + k);
    const [gradient] = interpret([gradients[k]], feeds);
    const [replaced] = interpret([loss], { ...feeds, [`x${k}`]: direction });
    expect(gradient.shape).toEqual(each);
    expect(gradient.data.reduce((total, value, i) => total + value * direction[i], 0)).toBeCloseTo(
      replaced.data[0],
      9,
    );
  });
  return y;
}

const length = fc.integer({ min: 1, max: 3 });
const shape = fc.array(length, { minLength: 1, maxLength: 4 });

/** Two shapes that broadcast: parts of one, with some lengths set to 1. */
const broadcastable = shape.chain((whole) => {
  const part = fc
    .tuple(fc.nat(whole.length), fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }))
    .map(([from, keep]) => whole.map((dim, axis) => (keep[axis] ? dim : 1)).slice(from));
  return fc.tuple(part, part);
});

describe("ops of random shapes", () => {
  it("broadcast, and sum what flows back", () => {
    fc.assert(
      fc.property(broadcastable, ([a, b]) => {
        const y = expectTranspose([a, b], ([x, z]) => e.mul(x, z));
        const rank = Math.max(a.length, b.length);
        const at = (each: number[], axis: number): number => each[axis - rank + each.length] ?? 1;
        expect(y.shape).toEqual(
          Array.from({ length: rank }, (_, axis) => Math.max(at(a, axis), at(b, axis))),
        );
      }),
    );
  });

  it("slice any range by any step", () => {
    const range = fc.record({
      length: fc.integer({ min: 1, max: 7 }),
      start: fc.nat(7),
      count: fc.nat(7),
      step: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 3 }), (axes) => {
        const ranges = axes.map(({ length: size, start, count, step }, axis) => {
          const first = Math.min(start, size - 1);
          return { axis, start: first, end: Math.min(size, first + 1 + count), step };
        });
        const y = expectTranspose([axes.map((each) => each.length)], ([x]) => e.slice(x, ...ranges));
        expect(y.shape).toEqual(ranges.map(({ start, end, step }) => Math.ceil((end - start) / step)));
      }),
    );
  });

  it("pad, flip, transpose and join", () => {
    const amount = fc.nat(2);
    fc.assert(
      fc.property(
        shape,
        fc.array(fc.tuple(amount, amount), { minLength: 4, maxLength: 4 }),
        (whole, pads) => {
          const ranges = whole.map((_, axis) => ({ axis, before: pads[axis][0], after: pads[axis][1] }));
          const order = whole.map((_, axis) => (axis + 1) % whole.length);
          expectTranspose([whole], ([x]) =>
            e.transpose(e.pad(e.concat([e.flip(x, [0]), x], whole.length - 1), ranges), order),
          );
        },
      ),
    );
  });

  it("gather and scatter at positions that repeat", () => {
    fc.assert(
      fc.property(
        shape,
        fc.nat(3),
        fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
        (whole, chosen, raw) => {
          const axis = chosen % whole.length;
          const positions = raw.map((value) => value % whole[axis]);
          const indicesOf = ({ graph }: e.Tensor): e.Tensor =>
            e.constant(graph, positions, { dtype: "int64" });
          expectTranspose([whole], ([x]) => e.gather(x, indicesOf(x), axis));
          expectTranspose([whole.with(axis, positions.length)], ([x]) =>
            e.scatterAdd(x, indicesOf(x), { axis, length: whole[axis] }),
          );
        },
      ),
    );
  });

  const window = fc.record({
    stride: fc.tuple(length, length),
    dilation: fc.tuple(length, length),
    pad: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    groups: fc.integer({ min: 1, max: 3 }),
  });
  const sizes = fc.record({
    kernel: fc.tuple(length, length),
    extra: fc.tuple(fc.nat(4), fc.nat(4)),
    inputs: fc.integer({ min: 1, max: 2 }),
    outputs: fc.integer({ min: 1, max: 2 }),
    count: fc.integer({ min: 1, max: 2 }),
  });

  it("correlate with any stride, pads, dilation and groups", () => {
    fc.assert(
      fc.property(window, sizes, (options, { kernel, extra, inputs, outputs, count }) => {
        const picture = kernel.map((size, i) => options.dilation[i] * (size - 1) + 1 + extra[i]);
        const x = [count, inputs * options.groups, ...picture];
        expectTranspose([x, [outputs * options.groups, inputs, ...kernel]], ([a, w]) =>
          e.conv2d(a, w, options),
        );
      }),
    );
  });

  it("correlate backwards with any stride, output pads, dilation and groups", () => {
    fc.assert(
      fc.property(window, sizes, (options, { kernel, extra, inputs, outputs, count }) => {
        const outputPad = options.stride.map((stride, i) => extra[i] % stride) as [number, number];
        const x = [count, inputs * options.groups, 3 + extra[0], 3 + extra[1]];
        const fits = x.slice(2).every((size, i) => {
          const full =
            (size - 1) * options.stride[i] + options.dilation[i] * (kernel[i] - 1) + 1 + outputPad[i];
          return full > options.pad[i] + options.pad[i + 2];
        });
        fc.pre(fits);
        expectTranspose([x, [inputs * options.groups, outputs, ...kernel]], ([a, w]) =>
          e.convTranspose2d(a, w, { ...options, outputPad }),
        );
      }),
    );
  });

  it("pool and resize", () => {
    fc.assert(
      fc.property(sizes, fc.tuple(length, length), ({ kernel, extra, inputs }, stride) => {
        const picture = kernel.map((size, i) => size + extra[i]);
        const pad = kernel.map((size) => size >> 1) as [number, number];
        expectTranspose([[1, inputs, ...picture]], ([x]) => e.avgPool2d(x, kernel, { stride, pad }));
        const size = { height: picture[0] + stride[0] - 1, width: picture[1] + stride[1] };
        expectTranspose([[1, inputs, ...picture]], ([x]) => e.resize(x, size));
        expectTranspose([[1, inputs, ...picture]], ([x]) => e.resize(x, { ...size, mode: "nearest" }));
      }),
    );
  });
});
