import { byteReader } from "./byte-reader.ts";
import { badFormat } from "./error.ts";
import {
  floatFromText,
  integerFromBytes,
  integerFromText,
  textFromEscaped,
  textFromLatin1,
  textFromQuoted,
  textFromUtf8,
} from "./pickle-literals.ts";

/** A function stands for the Python callable of a name, null for a name that is only passed on. */
export type PickleMeaning = ((args: readonly unknown[]) => unknown) | null;

/** What a pickle may name, by "module.name". */
export type PickleNames = Readonly<Record<string, PickleMeaning>>;

/** An allowed name as a value, e.g. the class that is passed to a constructor. */
export interface PickleName {
  readonly kind: "pickle name";
  /** "module.name" */
  readonly name: string;
}

export interface PickleOptions {
  /** Default: no name at all. */
  readonly allow?: PickleNames;
  /** What a name stands for that `allow` does not have; undefined refuses it. For names that are not known beforehand. */
  readonly allowOther?: (name: string) => PickleMeaning | undefined;
  /** Gives state to an instance that a function of `allow` made, in place; returns whether it could. */
  readonly build?: (instance: unknown, state: unknown) => boolean;
  /** What a persistent id stands for; default: refused. */
  readonly persistentLoad?: (id: unknown) => unknown;
  /** Offset of the pickle in the bytes. Default 0. */
  readonly start?: number;
}

/** Opcodes of the largest pickle; an array is one opcode, so this is far more than any checkpoint needs. */
const MAX_OPERATIONS = 10_000_000;
const MAX_INTEGER_BYTES = 255;

/**
 * The value of a Python pickle, protocols 0 to 5, read as data: nothing is looked up, imported or executed.
 * A name that `allow` does not have is refused, and so are extension codes and out-of-band buffers.
 *
 * None is null, int is a number or, outside ±2^53, a bigint; list and tuple are arrays, dict is a Map, set a Set,
 * bytes a Uint8Array (a view), Python 2's str a string with one character a byte.
 *
 * @param where what to call the file in an error
 * @returns the value and the offset after the pickle
 * @throws MaskwrightError BAD_FORMAT
 * @see CPython's Lib/pickletools.py, which describes every opcode
 */
export function readPickle(
  bytes: Uint8Array,
  where: string,
  options: PickleOptions = {},
): { readonly value: unknown; readonly end: number } {
  const { allow = {}, allowOther, build, persistentLoad, start = 0 } = options;
  const reader = byteReader(bytes, where, start);
  const memo = new Map<number, unknown>();
  let stack: unknown[] = [];
  // Each mark opens a new stack; the items since the mark are the innermost one.
  const outer: unknown[][] = [];

  const fail = (expected: string, got: string, hint?: string): Error =>
    badFormat(`${where}: pickle at byte ${reader.position - 1}`, expected, got, hint);
  const readLine = (): string => textFromLatin1(reader.line());
  const pop = (): unknown => {
    if (stack.length === 0) throw fail("a value on the stack", "none");
    return stack.pop();
  };
  // Where the argument changes `stack`: a direct stack.push(popMark()) would push to the old one.
  const push = (value: unknown): void => {
    stack.push(value);
  };
  const popMark = (): unknown[] => {
    const items = stack;
    const below = outer.pop();
    if (below === undefined) throw fail("a mark on the stack", "none");
    stack = below;
    return items;
  };
  const top = <T>(isKind: (value: unknown) => value is T, kind: string): T => {
    const value = stack[stack.length - 1];
    if (!isKind(value)) throw fail(`${kind} on the stack`, "another value");
    return value;
  };
  const meaning = (full: string): PickleMeaning | undefined =>
    Object.hasOwn(allow, full) ? allow[full] : allowOther?.(full);
  const name = (module: unknown, attribute: unknown): PickleName => {
    if (typeof module !== "string" || typeof attribute !== "string") throw fail("a name", "another value");
    const full = `${module}.${attribute}`;
    if (meaning(full) !== undefined) return { kind: "pickle name", name: full };
    throw fail(
      "plain data and arrays",
      `the name ${JSON.stringify(full)}`,
      "loading this file in Python could run code",
    );
  };
  const call = (): void => {
    const args = pop();
    const callable = pop();
    if (!isName(callable) || !Array.isArray(args)) throw fail("a name and its arguments", "other values");
    const run = meaning(callable.name);
    if (!run) throw fail("a name that may be called", JSON.stringify(callable.name));
    stack.push(run(args));
  };
  const setItems = (items: readonly unknown[]): void => {
    const map = top(isMap, "a dict");
    if (items.length % 2 !== 0) throw fail("a value for each key", `${items.length} items`);
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  };
  const recall = (index: number): void => {
    if (!memo.has(index)) throw fail("a memo that was set", `${index}`);
    stack.push(memo.get(index));
  };
  const remember = (index: number): void => {
    const value = pop();
    memo.set(index, value);
    stack.push(value);
  };
  const load = (id: unknown): void => {
    if (persistentLoad === undefined) throw fail("no persistent id", "one");
    stack.push(persistentLoad(id));
  };
  const tuple = (count: number): void => {
    if (stack.length < count) throw fail(`${count} values on the stack`, `${stack.length}`);
    stack.push(stack.splice(stack.length - count, count));
  };

  for (let operation = 0; operation < MAX_OPERATIONS; operation++) {
    const opcode = reader.uint8();
    switch (String.fromCharCode(opcode)) {
      case "\x80": // PROTO
        if (reader.uint8() > 5) throw fail("protocol 0 to 5", "a later one");
        break;
      case "\x95": // FRAME: only says how many bytes may be read at once
        reader.length64();
        break;
      case ".": {
        const value = pop();
        if (stack.length > 0 || outer.length > 0) throw fail("one value", "more");
        return { value, end: reader.position };
      }
      case "(":
        outer.push(stack);
        stack = [];
        break;
      case "0":
        // POP takes a mark when there is nothing above it.
        if (stack.length > 0 || outer.length === 0) pop();
        else popMark();
        break;
      case "1":
        popMark();
        break;
      case "2": {
        const value = pop();
        stack.push(value, value);
        break;
      }
      case "N":
        stack.push(null);
        break;
      case "\x88":
        stack.push(true);
        break;
      case "\x89":
        stack.push(false);
        break;
      case "J":
        stack.push(reader.int32());
        break;
      case "K":
        stack.push(reader.uint8());
        break;
      case "M":
        stack.push(reader.uint16());
        break;
      case "\x8a":
        stack.push(integerFromBytes(reader.bytes(reader.uint8())));
        break;
      case "\x8b": {
        const count = reader.uint32();
        if (count > MAX_INTEGER_BYTES)
          throw fail(`an integer of at most ${MAX_INTEGER_BYTES} bytes`, `${count}`);
        stack.push(integerFromBytes(reader.bytes(count)));
        break;
      }
      case "I":
      case "L":
        stack.push(integerFromText(readLine(), fail));
        break;
      case "F":
        stack.push(floatFromText(readLine(), fail));
        break;
      case "G":
        stack.push(reader.float64BigEndian());
        break;
      case "S":
        stack.push(textFromQuoted(readLine(), fail));
        break;
      case "T":
        stack.push(textFromLatin1(reader.bytes(reader.uint32())));
        break;
      case "U":
        stack.push(textFromLatin1(reader.bytes(reader.uint8())));
        break;
      case "V":
        stack.push(textFromEscaped(readLine()));
        break;
      case "X":
        stack.push(textFromUtf8(reader.bytes(reader.uint32()), fail));
        break;
      case "\x8c":
        stack.push(textFromUtf8(reader.bytes(reader.uint8()), fail));
        break;
      case "\x8d":
        stack.push(textFromUtf8(reader.bytes(reader.length64()), fail));
        break;
      case "B":
        stack.push(reader.bytes(reader.uint32()));
        break;
      case "C":
        stack.push(reader.bytes(reader.uint8()));
        break;
      case "\x8e": // BINBYTES8
      case "\x96": // BYTEARRAY8
        stack.push(reader.bytes(reader.length64()));
        break;
      case "]":
      case ")":
        stack.push([]);
        break;
      case "}":
        stack.push(new Map());
        break;
      case "\x8f":
        stack.push(new Set());
        break;
      case "l":
      case "t":
        push(popMark());
        break;
      case "\x85":
        tuple(1);
        break;
      case "\x86":
        tuple(2);
        break;
      case "\x87":
        tuple(3);
        break;
      case "d": {
        const items = popMark();
        stack.push(new Map());
        setItems(items);
        break;
      }
      case "\x91":
        push(new Set(popMark()));
        break;
      case "a": {
        const value = pop();
        top(isList, "a list").push(value);
        break;
      }
      case "e": {
        const items = popMark();
        const list = top(isList, "a list");
        for (const item of items) list.push(item);
        break;
      }
      case "s": {
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case "u":
        setItems(popMark());
        break;
      case "\x90": {
        const items = popMark();
        const set = top(isSet, "a set");
        for (const item of items) set.add(item);
        break;
      }
      case "p":
        remember(Number(readLine()));
        break;
      case "q":
        remember(reader.uint8());
        break;
      case "r":
        remember(reader.uint32());
        break;
      case "\x94":
        remember(memo.size);
        break;
      case "g":
        recall(Number(readLine()));
        break;
      case "h":
        recall(reader.uint8());
        break;
      case "j":
        recall(reader.uint32());
        break;
      case "c": {
        const module = textFromUtf8(reader.line(), fail);
        stack.push(name(module, textFromUtf8(reader.line(), fail)));
        break;
      }
      case "\x93": {
        const attribute = pop();
        stack.push(name(pop(), attribute));
        break;
      }
      case "R": // REDUCE
      case "\x81": // NEWOBJ
        call();
        break;
      case "b": {
        const state = pop();
        if (!build?.(stack[stack.length - 1], state))
          throw fail("an instance that takes state", "another value");
        break;
      }
      case "P":
        load(readLine());
        break;
      case "Q":
        load(pop());
        break;
      case "\x98": // READONLY_BUFFER
        break;
      default:
        throw fail("an opcode of plain data", `0x${opcode.toString(16).padStart(2, "0")}`);
    }
  }
  throw fail(`at most ${MAX_OPERATIONS} operations`, "more");
}

const isName = (value: unknown): value is PickleName =>
  typeof value === "object" && value !== null && (value as PickleName).kind === "pickle name";
const isMap = (value: unknown): value is Map<unknown, unknown> => value instanceof Map;
const isSet = (value: unknown): value is Set<unknown> => value instanceof Set;
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
