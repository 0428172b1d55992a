import { invalid, MaskwrightError } from "../../core/error.ts";
import type { FileDigest, ModelEntry, ModelFile, ModelSource } from "../../models/registry.ts";
import { adoptFile } from "./adopt.ts";
import { checkDigest, digestFile } from "./digest.ts";
import { type Download, type DownloadOptions, download } from "./download.ts";
import { type HubSettings, sourceUrl } from "./hub.ts";
import { findLocalFile } from "./local-source.ts";
import { isPresent, readStoredFile, type StoredFile, storedPath, workFolder } from "./stored-file.ts";
import type { TransferProgress } from "./transfer-progress.ts";

export interface PullOptions {
  readonly settings: HubSettings;
  readonly signal: AbortSignal;
  readonly progress: TransferProgress;
  /** A folder to take published files from, instead of the network. */
  readonly from?: string;
  /** Which of a model's sources to fetch from. Default: its first one. */
  readonly source?: ModelSource["kind"];
  /** As in `DownloadOptions`. */
  readonly wait?: NonNullable<DownloadOptions["wait"]>;
}

export interface PulledFile {
  readonly file: StoredFile;
  /** False for one that was here already. */
  readonly isNew: boolean;
}

/**
 * Sees to it that all files of a model are here, undamaged: those that are here are hashed and kept, the others fetched. What ships with
 * the package is left as it is.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when the network is not to be used; as `download`, `findLocalFile` and `adoptFile` do
 */
export async function pullModel(
  folder: string,
  entry: ModelEntry,
  options: PullOptions,
): Promise<PulledFile[]> {
  const files: PulledFile[] = [];
  for (const file of entry.files) {
    if (file.bundled !== undefined) continue;
    const stored = readStoredFile(folder, entry.name, file.role);
    if (stored !== null && (await isWhole(folder, stored, options.signal))) {
      files.push({ file: stored, isNew: false });
      continue;
    }
    const got =
      options.from === undefined
        ? await fetchFile(folder, entry, file, stored, options)
        : await copyFile(folder, entry, file, options.from, options);
    files.push({ file: got, isNew: true });
  }
  return files;
}

async function isWhole(folder: string, stored: StoredFile, signal: AbortSignal): Promise<boolean> {
  const file = { ...stored, path: storedPath(folder, stored) };
  return isPresent(file) && (await digestFile(file.path, { signal })).sha256 === file.sha256;
}

async function copyFile(
  folder: string,
  entry: ModelEntry,
  file: ModelFile,
  from: string,
  { signal }: PullOptions,
): Promise<StoredFile> {
  const { path, source } = findLocalFile(from, entry, file);
  const digests = await digestFile(path, { signal });
  const hint = `If it is meant to be another one: maskwright models import ${entry.name} FILE`;
  if (source.digest !== null) checkDigest(path, digests, source.digest, hint);
  const origin = { from: path, sha256: digests.sha256, isPublished: source.digest !== null };
  return await adoptFile(folder, entry, { role: file.role, path, name: path, origin, isOurs: false }, signal);
}

async function fetchFile(
  folder: string,
  entry: ModelEntry,
  file: ModelFile,
  stored: StoredFile | null,
  options: PullOptions,
): Promise<StoredFile> {
  const { settings, signal, progress, wait } = options;
  const source = chooseSource(entry, file, options);
  const url = sourceUrl(source, settings);
  const digest = source.digest ?? recordedDigest(stored, url);
  progress.begin(file.role === "weights" ? entry.name : `${entry.name} ${file.role}`);
  let fetched: Download;
  try {
    fetched = await download(url, { ...source, digest }, workFolder(folder), {
      settings,
      signal,
      onProgress: progress.advance,
      onRetry: (reason) => progress.warn(`${url}: ${reason}; trying again`),
      ...(wait !== undefined && { wait }),
    });
  } finally {
    progress.end();
  }
  const { part, digests } = fetched;
  if (digest === null)
    progress.warn(`${url}: no digest of it is published; recorded sha256 ${digests.sha256} to check it by`);
  const origin = { from: url.href, sha256: digests.sha256, isPublished: source.digest !== null };
  const candidate = { role: file.role, path: part.path, name: url.href, origin, isOurs: true };
  try {
    const adopted = await adoptFile(folder, entry, candidate, signal);
    part.remove();
    return adopted;
  } catch (error) {
    // Weights of another model stay so however often they are fetched; anything else may go better next time.
    if (isWrongFile(error)) part.remove();
    else part.release();
    throw error;
  }
}

function chooseSource(entry: ModelEntry, file: ModelFile, options: PullOptions): ModelSource {
  const { settings, source: kind } = options;
  // A vocabulary has one source, whatever is said about the weights.
  const wanted = file.role === "weights" ? kind : undefined;
  const source = file.sources.find((each) => wanted === undefined || each.kind === wanted);
  if (source === undefined)
    throw invalid(
      `${entry.name}: --source`,
      `one of ${file.sources.map((each) => each.kind).join(", ")}`,
      kind,
    );
  if (settings.offlineBy === null) return source;
  const message = `${entry.name}: expected permission to use the network, got ${settings.offlineBy}`;
  throw new MaskwrightError("INVALID_ARGUMENT", message, {
    hint: `Unset it, or take the file from a folder: maskwright models pull ${entry.name} --from DIR`,
  });
}

/** What the file at an address hashed to when it was first fetched, where nothing better is known. */
function recordedDigest(stored: StoredFile | null, url: URL): FileDigest | null {
  if (stored === null || stored.origin.from !== url.href) return null;
  return { algorithm: "sha256", value: stored.origin.sha256, source: "recorded when it was first fetched" };
}

function isWrongFile(error: unknown): boolean {
  return (
    error instanceof MaskwrightError && ["BAD_FORMAT", "NOT_FOUND", "SHAPE_MISMATCH"].includes(error.code)
  );
}
