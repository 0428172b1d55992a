import { readFileSync } from "node:fs";
import { MaskwrightError } from "../core/error.ts";

/**
 * The bytes of a file.
 *
 * @throws MaskwrightError NOT_FOUND if there is none, INVALID_ARGUMENT if it is a folder or cannot be read
 */
export function readFileBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileError(path, "a file", cause);
  }
}

function fileError(path: string, expected: string, cause: unknown): MaskwrightError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new MaskwrightError("NOT_FOUND", `${path}: expected ${expected}, got nothing there`, {
      hint: "Check the path; relative paths start at the current folder.",
      cause,
    });
  return new MaskwrightError("INVALID_ARGUMENT", `${path}: expected ${expected}, got ${code ?? message}`, {
    cause,
  });
}
