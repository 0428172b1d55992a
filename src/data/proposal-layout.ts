import { statSync } from "node:fs";
import { join } from "node:path";
import { isMaskFile } from "./mask-folder.ts";
import { readFolder } from "./paths.ts";

/** How proposals lie in a folder: `<id>.json[.gz]`, a folder `<id>` of mask PNGs, or `<id>.npz` / `<id>.npy`. */
export type ProposalLayout = "json" | "masks" | "arrays";

/** The layouts, as a message calls them. */
export const proposalLayouts: Readonly<Record<ProposalLayout, string>> = {
  json: "JSON files",
  masks: "folders of mask PNGs",
  arrays: "npz or npy files",
};

/** File endings of the layouts that have one file a picture. */
export const proposalEndings: readonly (readonly [ending: string, layout: ProposalLayout])[] = [
  [".json", "json"],
  [".json.gz", "json"],
  [".npz", "arrays"],
  [".npy", "arrays"],
];

/** Where the proposals of an id may be, for messages. */
export const expectedProposals = "<id>.json, <id>.json.gz, <id>.npz, <id>.npy or folders <id> of mask PNGs";

/** Whether a folder holds masks, nothing of ours, or is above such folders; null when it is no folder. */
export function folderKind(path: string): "masks" | "empty" | "above" | null {
  if (!isFolder(path)) return null;
  const entries = readFolder(path).filter(({ name }) => !name.startsWith("."));
  if (entries.some(isMaskFile)) return "masks";
  const isAbove = entries.some(
    (entry) =>
      isFolder(join(path, entry.name)) || proposalEndings.some(([ending]) => entry.name.endsWith(ending)),
  );
  return isAbove ? "above" : "empty";
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
