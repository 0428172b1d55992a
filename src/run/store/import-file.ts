import type { FileRole, ModelEntry } from "../../models/registry.ts";
import { adoptFile } from "./adopt.ts";
import { digestFile, matchesDigest } from "./digest.ts";
import type { StoredFile } from "./stored-file.ts";

/**
 * Takes a file of the user's as a model's weights, in safetensors, .pth, .pt or such a file in a .zip; or as its vocabulary, in .txt.gz.
 * The file stays where it is.
 *
 * Weights of the user's own making are welcome: they need the network's tensors, not a published digest. `origin.isPublished` of the
 * result says whether they have one.
 *
 * @throws MaskwrightError as `adoptFile` does; NOT_FOUND when there is no such file
 */
export async function importFile(
  folder: string,
  entry: ModelEntry,
  path: string,
  signal: AbortSignal,
): Promise<StoredFile> {
  const role: FileRole =
    /\.gz$/i.test(path) && entry.files.some((file) => file.role === "vocabulary") ? "vocabulary" : "weights";
  const digests = await digestFile(path, { signal });
  const sources = entry.files.filter((file) => file.role === role).flatMap((file) => file.sources);
  const isPublished = sources.some(({ digest }) => digest !== null && matchesDigest(digests, digest));
  const origin = { from: path, sha256: digests.sha256, isPublished };
  return await adoptFile(folder, entry, { role, path, name: path, origin, isOurs: false }, signal);
}
