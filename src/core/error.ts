/** What kind of mistake an error reports; the command line turns it into an exit code. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "SHAPE_MISMATCH"
  | "BAD_FORMAT"
  | "NOT_FOUND"
  | "MODEL"
  | "ABORTED";

/** The one error for everything a user can cause or fix. Bugs of ours stay native errors. */
export class MaskwrightError extends Error {
  override readonly name = "MaskwrightError";
  readonly code: ErrorCode;
  /** What to do about it, when there is something to do. */
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** `invalid("erode: radius", "an integer >= 0", -1.5)` reads "erode: radius: expected an integer >= 0, got -1.5 (number)". */
export function invalid(where: string, expected: string, got: unknown, hint?: string): MaskwrightError {
  return failure("INVALID_ARGUMENT", where, expected, describe(got), hint);
}

/** An error about a file or its bytes: `where` is the path, with the key or byte offset when known. */
export function badFormat(where: string, expected: string, got: string, hint?: string): MaskwrightError {
  return failure("BAD_FORMAT", where, expected, got, hint);
}

/** Two things that had to have the same size: `got` and `expected` are written by the caller, e.g. "3×4". */
export function shapeMismatch(where: string, expected: string, got: string, hint?: string): MaskwrightError {
  return failure("SHAPE_MISMATCH", where, expected, got, hint);
}

function failure(
  code: ErrorCode,
  where: string,
  expected: string,
  got: string,
  hint?: string,
): MaskwrightError {
  return new MaskwrightError(
    code,
    `${where}: expected ${expected}, got ${got}`,
    hint === undefined ? {} : { hint },
  );
}

/** A value as it should appear in an error: short, with its type where that helps. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number" || typeof value === "boolean") return `${value} (${typeof value})`;
  if (typeof value === "string")
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `a ${typeof value}`;
}
