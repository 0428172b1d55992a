import { random, shuffled } from "../core/random.ts";

/** The pictures of a step: every epoch has all of them in an order of its own, and a batch may reach from one into the next. */
export function pictureOrder(count: number, batch: number, step: number, seed: number): number[] {
  const indices = Array.from({ length: count }, (_, k) => k);
  const orders = new Map<number, number[]>();
  return Array.from({ length: batch }, (_, b) => {
    const epoch = Math.floor((step * batch + b) / count);
    const order = orders.get(epoch) ?? shuffled(indices, random(`${seed} epoch ${epoch}`));
    orders.set(epoch, order);
    return order[(step * batch + b) % count];
  });
}
