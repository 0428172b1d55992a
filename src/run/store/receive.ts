import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { badFormat } from "../../core/error.ts";
import { writeError } from "../../data/paths.ts";
import type { PublishedFile } from "../../models/registry.ts";
import type { HubSettings } from "./hub.ts";
import { append, claimPart, type Part } from "./parts.ts";
import { type Answer, type PassingFailure, reasonOf, request } from "./request.ts";

/** A file on its way here. */
export interface Transfer {
  readonly url: URL;
  readonly published: PublishedFile;
  /** Where parts of files lie. */
  readonly folder: string;
  readonly settings: HubSettings;
  readonly signal: AbortSignal;
  /** @param total null where nobody knows */
  readonly onProgress: (bytes: number, total: number | null) => void;
  /** Null until it is known what the content is. */
  part: Part | null;
  /** The server's entity tag, which says whether the content is still the same. */
  tag: string | null;
  /** SHA-256 that the hub announced. */
  announced: string | null;
}

/** What a file may have that nobody knows the size of: more than any model here, less than a disk. */
const MAX_BYTES = 16e9;

/** Bytes that are here. */
export function receivedBytes({ part }: Transfer): number {
  return part !== null && existsSync(part.path) ? statSync(part.path).size : 0;
}

/**
 * Asks for what is missing and writes it down, once.
 *
 * @returns null when all is here, or what kept the rest from coming for now
 * @throws MaskwrightError BAD_FORMAT for a file of another size than was published; what `request` throws
 */
export async function receive(transfer: Transfer): Promise<PassingFailure | null> {
  const { url, published, folder, settings, signal } = transfer;
  const { digest } = published;
  if (digest !== null) transfer.part ??= claimPart(folder, digest.value);
  const here = receivedBytes(transfer);
  if (here > 0 && here === published.bytes) return null;
  const answer = await request(url, { settings, signal, from: here, tag: transfer.tag });
  if ("reason" in answer) return answer;
  if (transfer.part === null && identify(transfer, answer) > 0) {
    // An earlier try left the beginning of just this content.
    await answer.response.body?.cancel();
    return await receive(transfer);
  }
  return await writeAnswer(transfer, answer, here);
}

/** Finds out by what a server says which content it has; returns how many bytes of it are here. */
function identify(transfer: Transfer, { response, announced }: Answer): number {
  const etag = response.headers.get("etag");
  transfer.announced = announced;
  // A weak tag ("W/…") does not promise equal bytes.
  transfer.tag = etag?.startsWith('"') ? etag : null;
  const name = announced ?? hashText(`${transfer.url}\n${transfer.tag}`);
  transfer.part = claimPart(transfer.folder, name);
  if (announced === null && transfer.tag === null) transfer.part.remove();
  return receivedBytes(transfer);
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Appends the body of an answer to the part, or begins it anew with the body of one that has the whole file. */
async function writeAnswer(
  transfer: Transfer,
  { response }: Answer,
  here: number,
): Promise<PassingFailure | null> {
  const { url, published } = transfer;
  const part = transfer.part as Part;
  const range = parseContentRange(response.headers.get("content-range"));
  const isRest = response.status === 206 && range?.begin === here;
  if (response.status !== 200 && !isRest) {
    await response.body?.cancel();
    if (response.status === 416 && range?.total === here) return null;
    part.remove();
    return { reason: "an answer with another range than was asked for", waitMs: null };
  }
  const total = isRest ? (range?.total ?? null) : parseLength(response.headers.get("content-length"));
  if (published.bytes !== null && total !== null && total !== published.bytes) {
    await response.body?.cancel();
    const type = response.headers.get("content-type") ?? "unknown type";
    throw badFormat(`${url}`, `${published.bytes} bytes`, `${total} bytes of ${type}`);
  }
  const file = await open(part.path, isRest ? "a" : "w").catch((cause) => {
    throw writeError(part.path, "a file to write", cause);
  });
  try {
    return await writeBody(transfer, response, { file, total, here: isRest ? here : 0 });
  } finally {
    await file.close();
  }
}

async function writeBody(
  { url, published, signal, onProgress, part }: Transfer,
  { body }: Response,
  { file, total, here }: { file: FileHandle; total: number | null; here: number },
): Promise<PassingFailure | null> {
  const limit = published.bytes ?? total ?? MAX_BYTES;
  const reader = body?.getReader();
  let bytes = here;
  for (;;) {
    onProgress(bytes, published.bytes ?? total);
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await reader?.read())?.value;
    } catch (error) {
      if (signal.aborted) throw error;
      return { reason: reasonOf(error), waitMs: null };
    }
    if (chunk === undefined) break;
    bytes += chunk.length;
    if (bytes > limit) {
      await reader?.cancel();
      throw badFormat(`${url}`, `at most ${limit} bytes`, "more");
    }
    await append(file, part as Part, chunk);
  }
  const wanted = published.bytes ?? total;
  if (wanted === null || bytes === wanted) return null;
  return { reason: `the connection ended after ${bytes} of ${wanted} bytes`, waitMs: null };
}

/** "bytes 5-9/10" or, of a range that the file does not have, "bytes *\/10" */
function parseContentRange(text: string | null): { begin: number | null; total: number | null } | null {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(?:(\d+)|\*)$/.exec(text ?? "");
  if (match === null) return null;
  const [, begin, total] = match;
  return {
    begin: begin === undefined ? null : Number(begin),
    total: total === undefined ? null : Number(total),
  };
}

function parseLength(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
