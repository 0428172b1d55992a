import { existsSync, readFileSync } from "node:fs";
import { MaskwrightError } from "../../core/error.ts";
import { containedPath } from "../../data/paths.ts";
import type { ModelEntry, ModelFile, ModelSource } from "../../models/registry.ts";

/** A published file in a folder of this machine. */
export interface LocalFile {
  readonly path: string;
  readonly source: ModelSource;
}

/**
 * Finds a published file in a folder, by the name it has where it is published: `sam_vit_b_01ec64.pth`, or
 * `facebook/sam-vit-base/model.safetensors`, or as Hugging Face's cache has it.
 *
 * @throws MaskwrightError NOT_FOUND with all names that were looked for; BAD_FORMAT for a name that leads out of the folder
 */
export function findLocalFile(folder: string, entry: ModelEntry, file: ModelFile): LocalFile {
  const tried: string[] = [];
  for (const source of file.sources) {
    for (const name of localNames(folder, source)) {
      const path = containedPath(folder, name, `registry: ${entry.name}`);
      if (existsSync(path)) return { path, source };
      tried.push(name);
    }
  }
  const message = `${folder}: expected the ${file.role} of ${entry.name}, got none of ${tried.join(", ")}`;
  throw new MaskwrightError("NOT_FOUND", message, {
    hint: `For a file of another name: maskwright models import ${entry.name} FILE`,
  });
}

function localNames(folder: string, source: ModelSource): string[] {
  if (source.kind === "authors") return [new URL(source.url).pathname.split("/").at(-1) as string];
  const { repository, revision, path } = source;
  const cached = `models--${repository.replaceAll("/", "--")}`;
  const reference = containedPath(folder, `${cached}/refs/${revision}`, `registry: ${repository}`);
  // A branch's file says which commit it was at; a revision may also be a commit itself.
  const commit = existsSync(reference) ? readFileSync(reference, "utf8").trim() : revision;
  return [`${repository}/${path}`, `${cached}/snapshots/${commit}/${path}`];
}
