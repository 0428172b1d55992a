import type { z } from "zod";
import { type ErrorCode, MaskwrightError } from "../core/error.ts";

/** One thing wrong with a file: `path` is the line and column or the JSON path, `message` "expected …, got …". */
export interface Problem {
  readonly code: ErrorCode;
  readonly path: string;
  readonly message: string;
}

/** Collects everything wrong with one file, so that its owner mends it in one go. */
export interface Problems {
  /** @param hint  what to do about problems of this kind: said once, however many there are */
  add(path: string, expected: string, got: string, hint?: string): void;
  /** The result of `read`, or, when it throws a MaskwrightError, nothing: the error becomes a problem. */
  attempt<T>(read: () => T): T | undefined;
  /** Throws one BAD_FORMAT that lists the first 20 problems, with `hint` and theirs; its `cause` is the list of up to 1,000. */
  throwIfAny(hint?: string): void;
}

const LISTED = 20;
const KEPT = 1000;

export function collectProblems(where: string): Problems {
  const problems: Problem[] = [];
  const hints = new Set<string>();
  let count = 0;
  const push = (problem: Problem): void => {
    if (count++ < KEPT) problems.push(problem);
  };
  return {
    add(path, expected, got, hint) {
      if (hint !== undefined) hints.add(hint);
      push({ code: "BAD_FORMAT", path, message: `expected ${expected}, got ${got}` });
    },
    attempt(read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof MaskwrightError)) throw error;
        const [path, ...rest] = error.message.split(/: (?=expected )/);
        push({ code: error.code, path, message: rest.join(": ") });
        return undefined;
      }
    },
    throwIfAny(hint) {
      if (count === 0) return;
      const lines = problems.slice(0, LISTED).map(({ path, message }) => `${path}: ${message}`);
      if (count > LISTED) lines.push(`and ${count - LISTED} more`);
      const message =
        count === 1 ? `${where}: ${lines[0]}` : [`${where}: ${count} problems`, ...lines].join("\n  ");
      if (hint !== undefined) hints.add(hint);
      throw new MaskwrightError("BAD_FORMAT", message, {
        cause: problems,
        ...(hints.size > 0 && { hint: [...hints].join("; ") }),
      });
    },
  };
}

/** The issues of a zod schema as problems: a schema's messages say what it expects. */
export function addIssues(problems: Problems, issues: readonly z.core.$ZodIssue[], input: unknown): void {
  for (const { path, message } of issues) {
    const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
    const got = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], input);
    problems.add(place.replace(/^\./, "") || "content", message, quote(got));
  }
}

/** A value as it should stand in a problem: short, quoted when it is text. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "bigint" ? `${value}` : toJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Too deep for the stack, too long for a string, or with a bigint in it.
    return `${Array.isArray(value) ? "a list" : "an object"} that cannot be written`;
  }
}
