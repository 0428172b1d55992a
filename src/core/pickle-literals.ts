/** The numbers and texts of a pickle. `fail` makes the error, which knows the place in the file. */
export type PickleFail = (expected: string, got: string) => Error;

/** A little-endian two's complement integer. */
export function integerFromBytes(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return safeNumber(BigInt.asIntN(8 * bytes.length, value));
}

/** A decimal integer of protocol 0, which writes True and False as 01 and 00. */
export function integerFromText(text: string, fail: PickleFail): number | bigint | boolean {
  if (text === "01" || text === "00") return text === "01";
  if (!/^[+-]?\d{1,600}L?$/.test(text)) throw fail("a decimal integer", JSON.stringify(text.slice(0, 40)));
  return safeNumber(BigInt(text.replace(/^\+|L$/g, "")));
}

export function floatFromText(text: string, fail: PickleFail): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (text === "nan") return Number.NaN;
  if (text === "inf" || text === "-inf") return Number(text.replace("inf", "Infinity"));
  throw fail("a decimal number", JSON.stringify(text.slice(0, 40)));
}

/** One character a byte. */
export function textFromLatin1(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call takes a limited number of arguments.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

export function textFromUtf8(bytes: Uint8Array, fail: PickleFail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fail("UTF-8 text", "other bytes");
  }
}

/** Text of protocol 0: Latin-1 with \\uXXXX and \\UXXXXXXXX for the rest. */
export function textFromEscaped(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short, long) => {
    const code = Number.parseInt(short ?? long, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A string literal of Python 2: quotes, and escapes for what is not printable. */
export function textFromQuoted(literal: string, fail: PickleFail): string {
  const inner = /^(['"])(.*)\1$/s.exec(literal)?.[2];
  if (inner === undefined) throw fail("a quoted string", JSON.stringify(literal.slice(0, 40)));
  const named: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
  return inner.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_, hex, char) =>
    hex === undefined ? (named[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function safeNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
