import type { Floats } from "./floats.ts";
import type { Prompt } from "./prompt.ts";

export interface PromptItem {
  readonly prompt: Prompt;
  /** Its place among all prompts. */
  readonly index: number;
  /** [n, C] */
  readonly tokens: Floats;
}

/** Items with equally many tokens, and with or without a mask, in pieces of the given sizes, of which the last is 1. */
export function batchesOf(items: readonly PromptItem[], sizes: readonly number[]): PromptItem[][] {
  const groups = new Map<string, PromptItem[]>();
  for (const item of items) {
    const key = `${item.tokens.shape[0]} ${item.prompt.maskLogits !== undefined}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  const batches: PromptItem[][] = [];
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += batches[batches.length - 1].length) {
      const size = sizes.find((each) => each <= group.length - at);
      batches.push(group.slice(at, at + (size as number)));
    }
  }
  return batches;
}
