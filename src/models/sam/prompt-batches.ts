import type { Floats } from "./floats.ts";
import type { Prompt } from "./prompt.ts";

export interface PromptItem {
  readonly prompt: Prompt;
  /** Its place among all prompts. */
  readonly index: number;
  /** [n, C] */
  readonly tokens: Floats;
}

/**
 * Items with equally many tokens, and with or without a mask, in pieces of `most`, a quarter of that, and so on to 1: few different
 * sizes, since a network is compiled for each.
 */
export function batchesOf(items: readonly PromptItem[], most: number): PromptItem[][] {
  const groups = new Map<string, PromptItem[]>();
  for (const item of items) {
    const key = `${item.tokens.shape[0]} ${item.prompt.maskLogits !== undefined}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  const batches: PromptItem[][] = [];
  for (const group of groups.values()) {
    let size = most;
    for (let at = 0; at < group.length; at += size) {
      while (size > group.length - at) size = Math.max(1, size >> 2);
      batches.push(group.slice(at, at + size));
    }
  }
  return batches;
}
