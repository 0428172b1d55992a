import { setTimeout } from "node:timers/promises";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import type { PublishedFile } from "../../models/registry.ts";
import { checkDigest, type Digests, digestFile } from "./digest.ts";
import type { HubSettings } from "./hub.ts";
import type { Part } from "./parts.ts";
import { receive, receivedBytes, type Transfer } from "./receive.ts";
import { formatBytes } from "./transfer-progress.ts";

export interface DownloadOptions {
  readonly settings: HubSettings;
  readonly signal: AbortSignal;
  /** @param total null where nobody knows */
  readonly onProgress?: (bytes: number, total: number | null) => void;
  /** Told what went wrong when it is tried again. */
  readonly onRetry?: (reason: string) => void;
  /** How to wait between two tries; tests do not. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A file that was fetched and checked, still under the name of a part. */
export interface Download {
  readonly part: Part;
  readonly digests: Digests;
}

/** Tries without a byte more than before, then it is given up. */
const MAX_IDLE_TRIES = 4;
const FIRST_WAIT_MS = 1000;
/** A server may ask for more patience than a user has. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Fetches a file into `folder`, from where an earlier try ended, and checks it.
 *
 * Part of a file is gone on with where its content is known to be the same: by the digest that was published, by the one that the hub
 * announces, or by the server's entity tag. A server that sends the whole file instead is taken at that.
 *
 * @throws MaskwrightError BAD_FORMAT for a file that is not the published one: its part is removed if it came to its end;
 *         ABORTED, NOT_FOUND, INVALID_ARGUMENT or MODEL, with the part kept for another try
 */
export async function download(
  url: URL,
  published: PublishedFile,
  folder: string,
  options: DownloadOptions,
): Promise<Download> {
  const { settings, signal, onProgress = () => {} } = options;
  const known = { url, published, folder, settings, signal, onProgress };
  const transfer: Transfer = { ...known, part: null, tag: null, announced: null };
  try {
    await receiveAll(transfer, options);
    return await check(transfer, options);
  } catch (error) {
    const here = formatBytes(receivedBytes(transfer));
    transfer.part?.release();
    if (!signal.aborted) throw error;
    throw new MaskwrightError("ABORTED", `${url}: stopped after ${here}`, {
      hint: "Run the same command again to go on from here.",
    });
  }
}

async function receiveAll(transfer: Transfer, options: DownloadOptions): Promise<void> {
  const { onRetry, wait = sleep } = options;
  let most = receivedBytes(transfer);
  for (let idle = 0; ; ) {
    const failure = await receive(transfer);
    if (failure === null) return;
    const here = receivedBytes(transfer);
    idle = here > most ? 1 : idle + 1;
    most = Math.max(most, here);
    if (idle === MAX_IDLE_TRIES) {
      const message = `${transfer.url}: expected a file, got ${failure.reason}`;
      throw new MaskwrightError("MODEL", message, {
        hint: "Check the connection, and run the same command again: it goes on from here.",
      });
    }
    onRetry?.(failure.reason);
    const waitMs = failure.waitMs ?? FIRST_WAIT_MS * 2 ** (idle - 1);
    await wait(Math.min(waitMs, LONGEST_WAIT_MS), transfer.signal);
  }
}

/** Hashes what is on the disk, all of it, whenever it came. */
async function check(transfer: Transfer, { signal }: DownloadOptions): Promise<Download> {
  const { url, published, announced } = transfer;
  const part = transfer.part as Part;
  const digests = await digestFile(part.path, { signal });
  try {
    const hint = "The file there has changed, or something changed it on the way: do not use it.";
    if (published.digest !== null) checkDigest(`${url}`, digests, published.digest, hint);
    if (announced !== null && announced !== digests.sha256)
      throw badFormat(`${url}`, `sha256 ${announced}, as the hub says`, digests.sha256, hint);
  } catch (error) {
    part.remove();
    throw error;
  }
  return { part, digests };
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal });
}
