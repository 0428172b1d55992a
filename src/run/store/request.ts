import { invalid, MaskwrightError } from "../../core/error.ts";
import { authorization, checkProtocol, type HubSettings } from "./hub.ts";

export interface RequestOptions {
  readonly settings: HubSettings;
  readonly signal: AbortSignal;
  /** Ask for what follows the first so many bytes. */
  readonly from: number;
  /** Only if the content is still the one with this tag. */
  readonly tag: string | null;
}

/** The answer of the last address that a request was sent on to. Whoever asks reads its body, or cancels it. */
export interface Answer {
  readonly response: Response;
  /** SHA-256 that a hub announced on the way, of a file that it keeps by that name. */
  readonly announced: string | null;
}

/** As many as a browser follows. */
const MAX_REDIRECTIONS = 20;

/** A failure that may pass: the same request can succeed in a while. */
export interface PassingFailure {
  readonly reason: string;
  /** How long the server asks to wait. */
  readonly waitMs: number | null;
}

/**
 * Asks for a file, following redirections by hand, so that the token never leaves the hub and no address but the web's is opened.
 *
 * @returns the answer, 200 or 206 (416 too when a part of the file was asked for), or what kept it from coming for now
 * @throws MaskwrightError NOT_FOUND, INVALID_ARGUMENT (401, 403), MODEL for other answers; what `signal` was aborted for
 */
export async function request(url: URL, options: RequestOptions): Promise<Answer | PassingFailure> {
  const { settings, signal, from, tag } = options;
  let at = url;
  let announced: string | null = null;
  for (let redirections = 0; redirections <= MAX_REDIRECTIONS; redirections++) {
    const headers: Record<string, string> = {
      ...authorization(at, settings),
      // Lengths and ranges count the bytes of the file, not of a packed copy.
      "accept-encoding": "identity",
      "user-agent": "maskwright",
    };
    if (from > 0) headers.range = `bytes=${from}-`;
    if (from > 0 && tag !== null) headers["if-range"] = tag;
    const response = await connect(at, headers, signal);
    if ("reason" in response) return response;
    announced ??= announcedDigest(response);
    const location = response.headers.get("location");
    const { status } = response;
    if (status === 200 || (from > 0 && (status === 206 || status === 416))) return { response, announced };
    await response.body?.cancel();
    if (status < 300 || status > 399 || location === null) return explainStatus(url, response);
    const next = checkProtocol(new URL(location, at));
    if (at.protocol === "https:" && next.protocol === "http:")
      throw invalid(`${url}`, "an encrypted connection to the end", `a redirection to ${next}`);
    at = next;
  }
  throw new MaskwrightError("MODEL", `${url}: expected a file, got ${MAX_REDIRECTIONS + 1} redirections`);
}

async function connect(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response | PassingFailure> {
  try {
    return await fetch(url, { redirect: "manual", headers, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    return { reason: reasonOf(error), waitMs: null };
  }
}

/** What went wrong with a connection: `fetch` says "fetch failed" and keeps the rest in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}

/** The hub names large files by their SHA-256, in quotes. */
function announcedDigest({ headers }: Response): string | null {
  return /^"?([0-9a-f]{64})"?$/.exec(headers.get("x-linked-etag") ?? "")?.[1] ?? null;
}

function explainStatus(url: URL, { status, statusText, headers }: Response): PassingFailure {
  const got = `${status} ${statusText}`.trim();
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(headers.get("retry-after") ?? Number.NaN);
    return { reason: got, waitMs: Number.isFinite(seconds) ? seconds * 1000 : null };
  }
  const message = `${url}: expected the file, got ${got}`;
  if (status === 404 || status === 410) {
    throw new MaskwrightError("NOT_FOUND", message, {
      hint: "It is no longer there. Get the file elsewhere, then: maskwright models import NAME FILE",
    });
  }
  if (status === 401 || status === 403) {
    throw new MaskwrightError("INVALID_ARGUMENT", message, {
      hint: "The server wants to know who asks: set HF_TOKEN for a repository of the hub that is not open to all.",
    });
  }
  throw new MaskwrightError("MODEL", message);
}
