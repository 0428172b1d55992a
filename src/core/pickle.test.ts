import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "./error.ts";
import { readPickle } from "./pickle.ts";

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/arrays/${name}`, import.meta.url));

/** A pickle from text, one character a byte. */
const pickle = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const read = (text: string, options = {}): unknown => readPickle(pickle(text), "a.pkl", options).value;

describe("readPickle", () => {
  it.each([0, 1, 2, 3, 4, 5])("reads plain data of protocol %i", (protocol) => {
    // Before protocol 3 Python writes bytes and sets by calling functions.
    const { value, end } = readPickle(fixture(`plain-${protocol}.pkl`), "plain", {
      allow: {
        "_codecs.encode": ([text]) => pickle(text as string),
        "__builtin__.set": ([items]) => new Set(items as unknown[]),
        "builtins.set": ([items]) => new Set(items as unknown[]),
      },
    });
    const nested = new Map<unknown, unknown>([
      [1, [[], [], new Map()]],
      ["list", [0, 1, 2]],
    ]);
    const map = value as Map<string, unknown>;
    expect(end).toBe(fixture(`plain-${protocol}.pkl`).length);
    expect([...(map.get("bytes") as Uint8Array)]).toEqual([0, 255]);
    map.delete("bytes");
    expect(map).toEqual(
      new Map<string, unknown>([
        ["none", null],
        ["flags", [true, false]],
        ["ints", [0, 255, 256, 65536, -1, 2 ** 31, -(2n ** 53n), 2n ** 70n, -(2n ** 70n)]],
        ["floats", [1.5, -0, 1e300, Number.POSITIVE_INFINITY]],
        ["text", "é\n'€\u{1f600}"],
        ["nested", nested],
        ["set", new Set([1])],
        ["long", "x".repeat(300)],
        ["again", nested],
      ]),
    );
    expect(map.get("again")).toBe(map.get("nested"));
  });

  it("reads Python 2's strings, and a list that holds itself", () => {
    expect(read("S'a\\n\\x00\\'b'\np0\n.")).toBe("a\n\0'b");
    expect(read("U\x02\xe9a.")).toBe("éa");
    const list = read("]q\x00h\x00a.") as unknown[];
    expect(list[0]).toBe(list);
  });

  it("calls only what the caller allows, with plain arguments", () => {
    const allow = { "m.pair": (args: readonly unknown[]) => ({ args }), "m.Kind": null };
    expect(read("cm\npair\n(K\x01K\x02tR.", { allow })).toEqual({ args: [1, 2] });
    expect(read("cm\nKind\n.", { allow })).toEqual({ kind: "pickle name", name: "m.Kind" });
    expect(() => read("cm\nKind\n)R.", { allow })).toThrow(
      'expected a name that may be called, got "m.Kind"',
    );
    expect(read("U\x03keyQ.", { persistentLoad: (id: unknown) => `<${id}>` })).toBe("<key>");
    expect(read("Pkey\n.", { persistentLoad: (id: unknown) => `<${id}>` })).toBe("<key>");
  });

  it("asks about names that are not known beforehand", () => {
    const allowOther = (name: string) => (name.startsWith("m.") ? () => name : undefined);
    expect(read("cm\nAnything\n)R.", { allowOther })).toBe("m.Anything");
    expect(() => read("cos\nsystem\n)R.", { allowOther })).toThrow('got the name "os.system"');
  });

  it("gives state to what the caller knows", () => {
    const allow = { "m.new": () => ({ state: null as unknown }) };
    const build = (instance: unknown, state: unknown): boolean => {
      (instance as { state: unknown }).state = state;
      return true;
    };
    expect(read("cm\nnew\n)RK\x05b.", { allow, build })).toEqual({ state: 5 });
    expect(() => read("cm\nnew\n)RK\x05b.", { allow })).toThrow("expected an instance that takes state");
  });

  it.each<[what: string, text: string, message: string]>([
    ["os.system", "cos\nsystem\n(S'echo'\ntR.", 'expected plain data and arrays, got the name "os.system"'],
    ["os.system by the stack", "\x8c\x02os\x8c\x06system\x93.", 'the name "os.system"'],
    ["a name of Object", "cconstructor\nx\n.", 'the name "constructor.x"'],
    ["__proto__", "c__proto__\n\n.", 'the name "__proto__."'],
    ["eval", "c__builtin__\neval\n.", 'the name "__builtin__.eval"'],
    ["an old-style instance", "(ios\nsystem\n.", "expected an opcode of plain data, got 0x69"],
    ["an object", "(cos\nsystem\no.", 'the name "os.system"'],
    ["an extension code", "\x82\x01.", "got 0x82"],
    ["a buffer outside", "\x97.", "got 0x97"],
    ["a persistent id", "Pkey\n.", "expected no persistent id, got one"],
    ["a later protocol", "\x80\x06.", "expected protocol 0 to 5, got a later one"],
    ["nothing", "", "expected 1 more bytes at byte 0, got the end at 0"],
    ["no stop", "N", "expected 1 more bytes at byte 1"],
    ["an empty stack", ".", "expected a value on the stack, got none"],
    ["two values", "NN.", "expected one value, got more"],
    ["an open mark", "(N.", "expected one value, got more"],
    ["a mark that is missing", "t.", "expected a mark on the stack, got none"],
    [
      "a string beyond the end",
      "X\xff\xff\xff\x7fab.",
      "expected 2147483647 more bytes at byte 5, got the end at 8",
    ],
    ["2^60 bytes", "\x8e\0\0\0\0\0\0\0\x10.", "more bytes at byte 9, got the end at 10"],
    ["a line without end", "cos", "expected a line end after byte 1"],
    ["a memo never set", "h\x05.", "expected a memo that was set, got 5"],
    ["an append to a dict", "}Na.", "expected a list on the stack"],
    ["an item of a list", "]NNs.", "expected a dict on the stack"],
    ["a key without value", "}(Nu.", "expected a value for each key, got 1 items"],
    ["a call of data", "N)R.", "expected a name and its arguments, got other values"],
    ["an integer of megabytes", "\x8b\0\0\x10\0.", "expected an integer of at most 255 bytes"],
    ["a number that is none", "F0x1\n.", 'expected a decimal number, got "0x1"'],
    ["an integer that is none", "I1.5\n.", 'expected a decimal integer, got "1.5"'],
    ["bad UTF-8", "X\x01\0\0\0\xff.", "expected UTF-8 text"],
    ["a string without quotes", "Sabc\n.", "expected a quoted string"],
  ])("refuses %s", (_, text, message) => {
    expect(() => read(text)).toThrow(MaskwrightError);
    expect(() => read(text)).toThrow(message);
  });

  it("says where and what to think of it", () => {
    expect(() => read("cos\nsystem\n.")).toThrow(/^a\.pkl: pickle at byte 10: /);
    try {
      read("cos\nsystem\n.");
    } catch (error) {
      expect((error as MaskwrightError).hint).toBe("loading this file in Python could run code");
    }
  });

  it("stops after ten million operations", () => {
    expect(() => readPickle(new Uint8Array(10_000_001).fill(0x4e), "a.pkl")).toThrow(
      "expected at most 10000000 operations",
    );
  });

  it("throws nothing else, whatever the bytes", () => {
    const good = fixture("plain-4.pkl");
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          readPickle(bytes, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(MaskwrightError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
