import { z } from "zod";

/** The messages of these say what is expected: "expected …, got …" is made of them. */
export const anyNumber: z.ZodNumber = z.number("a number");
export const positive: z.ZodNumber = z.number("a number above 0").positive("a number above 0");
export const fraction: z.ZodNumber = z
  .number("a number from 0 to 1")
  .min(0, "a number from 0 to 1")
  .max(1, "a number from 0 to 1");
export const flag: z.ZodBoolean = z.boolean("true or false");

/** A whole number within limits. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  const expected =
    most === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${least}` : `an integer from ${least} to ${most}`;
  return z.int(expected).min(least, expected).max(most, expected);
}

/** A file or folder; what belongs there is said to editors and in messages. */
export function path(what: string): z.ZodString {
  return z.string(what).min(1, what).describe(what);
}

/** One of some names. */
export function oneOf<const N extends string>(names: readonly [N, ...N[]]): z.ZodEnum<{ [K in N]: K }> {
  return z.enum(names, `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`) as z.ZodEnum<{
    [K in N]: K;
  }>;
}
