import { openWeightFile, openWorkerRuntime } from "../../engine/node.ts";
import { createPrompter, type Prompter } from "../../models/prompter/networks.ts";
import type { PartFinder } from "./part-finder.ts";

/** The prompter of this thread: it is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly prompter: Promise<Prompter> } | null = null;

/** @throws MaskwrightError as `createPrompter` */
export function threadPrompter(finder: PartFinder): Promise<Prompter> {
  const { sha256 } = finder.prompter;
  const name = JSON.stringify([sha256, finder.model.device, finder.model.threads]);
  if (current?.name !== name) current = { name, prompter: open(finder) };
  return current.prompter;
}

async function open({ prompter: { path, network }, model }: PartFinder): Promise<Prompter> {
  const { device, threads } = model;
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  return createPrompter(openWeightFile(path), network, runtime);
}
