import { type ErrorCode, MaskwrightError } from "./error.ts";

/** An error on its way between threads: a thrown one would lose its code and hint. `code` is null for a bug of ours. */
export interface RemoteError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint?: string;
}

export function packError(error: unknown): RemoteError {
  if (error instanceof MaskwrightError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function unpackError({ code, message, hint }: RemoteError): Error {
  if (code === null) return new Error(message);
  return new MaskwrightError(code, message, hint === undefined ? {} : { hint });
}
