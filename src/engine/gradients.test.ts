import { describe, expect, it } from "vitest";
import * as e from "./index.ts";
import { interpret } from "./testing/interpreter.ts";

const numbers = (tensor: e.Tensor, feeds: Record<string, number[]>): number[] =>
  Array.from(interpret([tensor], feeds)[0].data);

describe("gradients", () => {
  it("adds up what flows back along every way", () => {
    const graph = e.createGraph();
    const x = e.input(graph, "x", [2]);
    const y = e.mul(x, x); // 4, 9
    const { x: slope } = e.gradients(e.sum(e.add(e.mul(y, x), y)), { x }); // 3x² + 2x
    expect(numbers(slope, { x: [2, 3] })).toEqual([16, 33]);
  });

  it("can be taken of gradients, any number of times", () => {
    const x = e.input(e.createGraph(), "x", []);
    let derivative = e.mul(e.mul(x, x), e.mul(x, x));
    const values = [];
    for (let order = 1; order <= 4; order++) {
      [derivative] = e.gradients(derivative, [x]);
      values.push(numbers(derivative, { x: [2] })[0]);
    }
    expect(values).toEqual([32, 48, 48, 24]); // 4x³, 12x², 24x, 24
  });

  it("are had by values inside the network too", () => {
    const graph = e.createGraph();
    const x = e.input(graph, "x", [2]);
    const hidden = e.mul(x, 3);
    const loss = e.sum(e.mul(hidden, hidden));
    const { hidden: inside, x: whole } = e.gradients(loss, { hidden, x });
    expect(numbers(inside, { x: [1, 2] })).toEqual([6, 12]);
    expect(numbers(whole, { x: [1, 2] })).toEqual([18, 36]);
    expect(numbers(e.gradients(loss, [loss])[0], { x: [1, 2] })).toEqual([1]);
  });

  it("stop where they are told to", () => {
    const x = e.input(e.createGraph(), "x", [2]);
    const [slope] = e.gradients(e.sum(e.mul(e.stopGradient(x), x)), [x]);
    expect(numbers(slope, { x: [4, 5] })).toEqual([4, 5]);
  });

  it("have the variable's shape when the loss is a mean of repetitions", () => {
    const graph = e.createGraph();
    const x = e.input(graph, "x", [2, 1, 3]);
    const [slope] = e.gradients(e.mean(e.broadcastTo(x, [4, 2, 5, 3])), [x]);
    expect(slope.shape).toEqual([2, 1, 3]);
    for (const value of numbers(slope, { x: [1, 2, 3, 4, 5, 6] })) expect(value).toBeCloseTo(1 / 6, 14);
  });

  it("do not write repeated numbers to memory", () => {
    const graph = e.createGraph();
    const [x, w, b] = [e.input(graph, "x", [8, 4]), e.input(graph, "w", [4, 5]), e.input(graph, "b", [5])];
    const y = e.gelu(e.linear(x, w, { bias: b }));
    e.gradients(e.mean(e.mul(y, y)), { x, w, b });
    expect(graph.nodes.map(({ op }) => op.name)).not.toContain("broadcastTo");
  });

  it("pass dimensions that have only a name", () => {
    const graph = e.createGraph();
    const [x, w, b] = [
      e.input(graph, "x", ["batch", 2]),
      e.input(graph, "w", [2, 2]),
      e.input(graph, "b", [2]),
    ];
    const y = e.linear(x, w, { bias: b });
    const found = e.gradients(e.sum(e.mul(y, y)), { x, w, b });
    expect(found.x.shape).toEqual(["batch", 2]);
    const feeds = { x: [1, 2, 3, 4, 5, 6], w: [1, 0, 0, 1], b: [0, 1] };
    const [byW, byB] = interpret([found.w, found.b], feeds, { batch: 3 });
    expect(Array.from(byW.data)).toEqual([70, 106, 88, 136]); // 2 xᵀ(x + b)
    expect(Array.from(byB.data)).toEqual([18, 30]);
    expect(() => e.gradients(e.mean(y), { w })).toThrow("mean: expected a static shape, got [batch, 2]");
  });

  it("name the variable that the loss does not depend on", () => {
    const graph = e.createGraph();
    const [x, z] = [e.input(graph, "x", [2]), e.input(graph, "head.weight", [2])];
    const loss = e.sum(e.mul(x, e.stopGradient(z)));
    expect(() => e.gradients(loss, { x, weight: z })).toThrow('a loss that depends on "weight"');
    expect(() => e.gradients(loss, [x, z])).toThrow('a loss that depends on "head.weight"');
    expect(() => e.gradients(e.mul(x, 2), [x])).toThrow("gradients: loss: expected one element, got [2]");
  });

  it("of a chain of 10,000 steps need no stack", () => {
    const x = e.input(e.createGraph(), "x", []);
    let y = x;
    for (let step = 0; step < 10_000; step++) y = e.add(e.mul(y, 0.5), x);
    expect(numbers(e.gradients(y, [x])[0], { x: [1] })[0]).toBeCloseTo(2, 12);
  });
});

describe("vjp and jvp", () => {
  const build = () => {
    const graph = e.createGraph();
    const [a, b] = [e.input(graph, "a", [2, 2]), e.input(graph, "b", [2, 2])];
    return { graph, a, b, y: e.tanh(e.matmul(a, b)) };
  };
  const feeds = { a: [0.1, 0.2, -0.3, 0.4], b: [0.5, -0.6, 0.7, 0.8] };

  it("are each other's transpose", () => {
    const { graph, a, b, y } = build();
    const tangent = (values: number[]): e.Tensor => e.constant(graph, values, { shape: [2, 2] });
    const [u, s, t] = [tangent([1, 2, 3, 4]), tangent([-1, 0, 2, 1]), tangent([0.5, 1, -1, 3])];
    const [pushed] = e.jvp([y], [a, b], [s, t]);
    const [byA, byB] = e.vjp([y], [u], [a, b]);
    const dot = (p: e.Tensor, q: e.Tensor): e.Tensor => e.sum(e.mul(p, q));
    const [left] = numbers(dot(u, pushed), feeds);
    const [right] = numbers(e.add(dot(byA, s), dot(byB, t)), feeds);
    expect(left).toBeCloseTo(right, 13);
  });

  it("push a tangent as a small step would", () => {
    const { graph, a, b, y } = build();
    const [pushed] = e.jvp([y], [a], [e.constant(graph, [1, 0, -1, 2], { shape: [2, 2] })]);
    expect(b.shape).toEqual([2, 2]);
    const step = 1e-6;
    const at = (sign: number): number[] =>
      numbers(y, { ...feeds, a: feeds.a.map((value, i) => value + sign * step * [1, 0, -1, 2][i]) });
    const [up, down] = [at(1), at(-1)];
    numbers(pushed, feeds).forEach((value, i) => {
      expect(value).toBeCloseTo((up[i] - down[i]) / (2 * step), 8);
    });
  });

  it("want cotangents and tangents that match", () => {
    const { a, b, y } = build();
    expect(() => e.vjp([y], [], [a])).toThrow("vjp: expected 1 cotangents, got 0");
    expect(() => e.jvp([y], [a], [e.reshape(b, [4])])).toThrow("jvp: tangent: expected [2, 2], got [4]");
  });
});
