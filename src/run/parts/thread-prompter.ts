import { openWeightFile, openWorkerRuntime } from "../../engine/node.ts";
import { openTokenProjection, type TokenProjection } from "../../methods/wps/token-projection.ts";
import { createPrompter, type Prompter } from "../../models/prompter/networks.ts";
import type { Sam } from "../../models/sam/sam.ts";
import type { PartFinder } from "./part-finder.ts";

/** What finds parts in this thread. */
export interface ThreadPrompter {
  readonly prompter: Prompter;
  /** Absent where tokens are decoded as they are predicted. */
  readonly projection?: TokenProjection;
}

/** It is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly opened: Promise<ThreadPrompter> } | null = null;

/** @throws MaskwrightError as `createPrompter` */
export function threadPrompter(finder: PartFinder, sam: Sam): Promise<ThreadPrompter> {
  const { prompter, model, tokens } = finder;
  const name = JSON.stringify([prompter.sha256, model.sha256, model.device, model.threads, tokens]);
  if (current?.name !== name) current = { name, opened: open(finder, sam) };
  return current.opened;
}

async function open({ prompter, model, tokens }: PartFinder, sam: Sam): Promise<ThreadPrompter> {
  const { device, threads } = model;
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  const opened = { prompter: createPrompter(openWeightFile(prompter.path), prompter.network, runtime) };
  if (tokens === "raw") return opened;
  return { ...opened, projection: await openTokenProjection(sam, prompter.prompts) };
}
