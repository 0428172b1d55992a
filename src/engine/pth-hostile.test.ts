import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { type ZipMember, zip } from "../testing/zip.ts";
import { byteSource } from "./byte-source.ts";
import { LEGACY_START } from "./pth-legacy.ts";
import type { WeightFile } from "./stored-tensor.ts";
import { openWeights } from "./weight-file.ts";

/** Bytes from text, one character a byte. */
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (value: string): string => `U${String.fromCharCode(value.length)}${value}`;
/** Numbers below 2^31 as a pickled tuple. */
const tuple = (...values: number[]): string =>
  `(${values.map((value) => `J${String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer))}`).join("")}t`;

interface TensorText {
  readonly id?: string;
  readonly offset?: string;
  readonly shape?: string;
  readonly strides?: string;
}

const storage = `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}K\x04t`;

/** The pickled call that makes a tensor, by default [2, 2] of a storage of four. */
function tensor({
  id = storage,
  offset = "K\x00",
  shape = tuple(2, 2),
  strides = tuple(2, 1),
}: TensorText = {}) {
  return `ctorch._utils\n_rebuild_tensor_v2\n(${id}Q${offset}${shape}${strides}\x89}tR`;
}

const data: ZipMember = { name: "m/data/0", bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };
const archive = (pickle: string, ...members: ZipMember[]): Uint8Array =>
  zip([
    { name: "m/data.pkl", bytes: latin1(`\x80\x02${pickle}.`) },
    ...(members.length > 0 ? members : [data]),
  ]);
const dict = (value: string): string => `}${text("w")}${value}s`;
const open = (bytes: Uint8Array): WeightFile => openWeights(byteSource(bytes), "x.pth");

describe("a .pth file made by hand", () => {
  it("is read when it is right", () => {
    const { tensors } = open(archive(dict(tensor())));
    expect(tensors.get("w")?.read()).toEqual({
      dtype: "float32",
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    });
    const column = open(
      archive(dict(tensor({ shape: tuple(2), strides: tuple(2), offset: "K\x01" }))),
    ).tensors;
    expect([...(column.get("w")?.read().data ?? [])]).toEqual([2, 4]);
    expect(open(archive("}")).tensors.size).toBe(0);
  });

  const shared = (count: number): string => `](${tensor()}q\x01${"h\x01".repeat(count)}e`;
  /** Lists that hold the one before twice: 2^40 values to visit. */
  const doubling = Array.from({ length: 40 }, (_, i) => {
    const last = `h${String.fromCharCode(i)}`;
    return `0](${last}${last}eq${String.fromCharCode(i + 1)}`;
  }).join("");
  it.each<[what: string, bytes: Uint8Array, message: string]>([
    [
      "os.system",
      archive("cos\nsystem\n(U\x04echotR"),
      'm/data.pkl: pickle at byte 12: expected plain data and arrays, got the name "os.system"',
    ],
    ["builtins.eval", archive("c__builtin__\neval\n"), 'got the name "__builtin__.eval"'],
    [
      "a module that looks like TorchScript's",
      archive("c__torch__\nsystem\n)\x81cos\nsystem\n"),
      'got the name "os.system"',
    ],
    [
      "another persistent id",
      archive(dict(tensor({ id: `(${text("module")}NNNNt` }))),
      `expected the persistent id of a tensor's storage, got "module"`,
    ],
    ["a persistent id that is no tuple", archive(dict(tensor({ id: "K\x05" }))), "persistent id"],
    ["a storage of no class", archive(dict(tensor({ id: `(${text("storage")}NNNNt` }))), "persistent id"],
    ["a view of a storage", archive(dict(tensor({ id: storage.replace(/t$/, "K\x01t") }))), "persistent id"],
    [
      "a key with a path",
      archive(dict(tensor({ id: storage.replace("U\x010", text("../x")) }))),
      "expected a storage with a key",
    ],
    [
      "a negative number of elements",
      archive(dict(tensor({ id: storage.replace("K\x04t", "J\xff\xff\xff\xfft") }))),
      "expected a storage with a key",
    ],
    [
      "a storage larger than its file",
      archive(dict(tensor({ id: storage.replace("K\x04", "K\x05") }))),
      "x.pth: m/data/0: expected 20 bytes, got 16 bytes",
    ],
    [
      "a storage without a file",
      archive(dict(tensor()), { name: "m/other", bytes: new Uint8Array(1) }),
      "expected m/data/0, got none",
    ],
    [
      "a deflated storage",
      archive(dict(tensor()), { ...data, lie: { method: 8 } }),
      "m/data/0: expected data stored as it is, got deflated data",
    ],
    [
      "a tensor beyond its storage",
      archive(dict(tensor({ offset: "K\x01" }))),
      "expected a tensor within the 4 elements of storage 0, got shape [2,2], strides [2,1], offset 1",
    ],
    ["strides that lie", archive(dict(tensor({ strides: tuple(3, 1) }))), "strides [3,1]"],
    [
      "strides of 2^31",
      archive(dict(tensor({ strides: tuple(2 ** 31 - 1, 2 ** 31 - 1) }))),
      "expected a tensor's storage, offset, shape and strides",
    ],
    [
      "negative strides",
      archive(dict(tensor({ strides: tuple(-1, 1) }))),
      "expected a tensor's storage, offset, shape and strides",
    ],
    ["too few strides", archive(dict(tensor({ strides: tuple(1) }))), "expected a tensor within"],
    [
      "terabytes from four bytes",
      archive(dict(tensor({ shape: tuple(2 ** 30, 2 ** 30), strides: tuple(0, 0) }))),
      "expected a tensor's storage, offset, shape and strides",
    ],
    [
      "a shape of floats",
      archive(dict(tensor({ shape: "(F1.5\nt", strides: tuple(1) }))),
      "expected a tensor's storage",
    ],
    ["an offset that is no number", archive(dict(tensor({ offset: "N" }))), "expected a tensor's storage"],
    [
      "one storage again and again",
      archive(shared(10_000)),
      /* 16 bytes each */ "expected tensors of at most",
    ],
    ["a list that holds itself", archive("]q\x00h\x00a"), "expected values nested at most 64 deep"],
    [
      "lists that hold the one before twice",
      archive(`]q\x00${doubling}`),
      "expected at most 1000000 values, got more",
    ],
    ["a tuple as a key", archive(`}(${tuple(1)}${tensor()}u`), "expected text or numbers as keys"],
    [
      "a long name",
      archive(`}X\x01\x04\0\0${"n".repeat(1025)}${tensor()}s`),
      "expected names of at most 1024 characters, got 1025",
    ],
    [
      "another byte order",
      archive(dict(tensor()), data, { name: "m/byteorder", bytes: latin1("big") }),
      'expected little-endian data, got "big"',
    ],
    ["no pickle", zip([data]), "expected a zip file with one NAME/data.pkl, got 0"],
    [
      "two pickles",
      zip([
        { name: "a/data.pkl", bytes: latin1("}.") },
        { name: "b/data.pkl", bytes: latin1("}.") },
      ]),
      "got 2",
    ],
  ])("is refused with %s", (_, bytes, message) => {
    expect(() => open(bytes)).toThrow(MaskwrightError);
    expect(() => open(bytes)).toThrow(message);
    expect(() => open(bytes)).toThrow(/^x\.pth[^\n]*: expected [^\n]*$/);
  });
});

describe("a .pth file from before PyTorch 1.6, made by hand", () => {
  const machine = `\x80\x02}${text("little_endian")}\x88s.`;
  const legacy = (value: string, rest: string): Uint8Array =>
    latin1(
      `${String.fromCharCode(...LEGACY_START)}\x80\x02M\xe9\x03.${machine}\x80\x02${value}.\x80\x02${rest}`,
    );
  const elements = `\x04\0\0\0\0\0\0\0${String.fromCharCode(...data.bytes)}`;
  const keys = `]${text("0")}a.`;

  it("is read when it is right, after pickles of any length", () => {
    const wanted = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
    expect(
      open(legacy(dict(tensor()), keys + elements))
        .tensors.get("w")
        ?.read(),
    ).toEqual(wanted);
    const padding = `X\0\0\x04\0${" ".repeat(2 ** 18)}0`;
    const { tensors } = open(legacy(padding + dict(tensor()), keys + elements));
    expect(tensors.get("w")?.read()).toEqual(wanted);
    // Here the data begins at an odd byte or not, as it happens: only an aligned range is given away.
    for (let shift = 0; shift < 4; shift++) {
      const { tensors } = open(
        legacy(`U${String.fromCharCode(shift)}${" ".repeat(shift)}0${dict(tensor())}`, keys + elements),
      );
      expect(tensors.get("w")?.read()).toEqual(wanted);
      const range = tensors.get("w")?.range;
      expect(range === null || range?.begin === undefined || range.begin % 4 === 0).toBe(true);
    }
  });

  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["os.system", legacy("cos\nsystem\n(U\x04echotR", keys), 'got the name "os.system"'],
    [
      "another protocol",
      latin1(`${String.fromCharCode(...LEGACY_START)}\x80\x02K\x05.`),
      "expected protocol 1001 of torch.save, got 5",
    ],
    [
      "another byte order",
      latin1(`${String.fromCharCode(...LEGACY_START)}\x80\x02M\xe9\x03.\x80\x02}.`),
      "expected little-endian data",
    ],
    ["no list of keys", legacy(dict(tensor()), "K\x01."), "expected a list of storages' keys"],
    [
      "a key of no storage",
      legacy(dict(tensor()), `]${text("1")}a.${elements}`),
      "expected each storage once",
    ],
    [
      "a key twice",
      legacy(dict(tensor()), `](${text("0")}${text("0")}e.${elements}${elements}`),
      "expected each storage once",
    ],
    ["no data", legacy(dict(tensor()), `].`), "expected the data of storage 0, got none"],
    ["less data", legacy(dict(tensor()), keys + elements.slice(0, -1)), "expected 4 elements at byte"],
    ["more data", legacy(dict(tensor()), `${keys + elements} `), "as its storages say"],
    [
      "another count",
      legacy(dict(tensor()), keys + elements.replace("\x04", "\x03")),
      "expected 4 elements, got 3",
    ],
  ])("is refused with %s", (_, bytes, message) => {
    expect(() => open(bytes)).toThrow(MaskwrightError);
    expect(() => open(bytes)).toThrow(message);
  });
});
