/**
 * Adam's loop in WebAssembly, four elements at a time. JavaScript has no vectors: 12.7 million parameters take it some four times as long.
 * Both compute in single precision, as PyTorch does, in the same order, and give the same bits.
 */

/** Numbers of the update, each the same for all elements. */
export interface AdamNumbers {
  readonly beta1: number;
  readonly rest1: number;
  readonly beta2: number;
  readonly rest2: number;
  readonly epsilon: number;
  readonly rate: number;
  readonly penalty: number;
  readonly keep: number;
}

/** Updates `quads` times four elements; the offsets are bytes in the kernel's memory. */
export type AdamKernel = (
  parameters: number,
  gradients: number,
  firsts: number,
  seconds: number,
  quads: number,
  numbers: AdamNumbers,
) => void;

/** What is used of WebAssembly, which TypeScript's library for browsers would declare. */
interface Wasm {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { update(...args: readonly number[]): void } };
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;

/** Memory of at least so many bytes with the kernel over it; null where that is too much, or vectors are not supported. */
export function createAdamKernel(
  bytes: number,
): { readonly buffer: ArrayBuffer; readonly kernel: AdamKernel } | null {
  const wasm = (globalThis as unknown as { readonly WebAssembly?: Wasm }).WebAssembly;
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  const code = moduleBytes();
  if (wasm === undefined || pages > MAX_PAGES || !wasm.validate(code)) return null;
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const { update } = new wasm.Instance(new wasm.Module(code), { env: { memory } }).exports;
  const kernel: AdamKernel = (parameters, gradients, firsts, seconds, quads, numbers) => {
    const { beta1, rest1, beta2, rest2, epsilon, rate, penalty, keep } = numbers;
    const scalars = [beta1, rest1, beta2, rest2, epsilon, rate, penalty, keep];
    update(parameters, gradients, firsts, seconds, parameters + 16 * quads, ...scalars);
  };
  return { buffer: memory.buffer, kernel };
}

type Code = readonly number[];

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
/** Instructions on vectors have a prefix and a number of up to two bytes. */
const vector = (code: number): Code => (code < 0x80 ? [0xfd, code] : [0xfd, (code & 0x7f) | 0x80, code >> 7]);
const splat = vector(0x13);
const sqrt = vector(0xe3);
const add = vector(0xe4);
const sub = vector(0xe5);
const mul = vector(0xe6);
const div = vector(0xe7);
/** Four float32 at a pointer. */
const load = (pointer: number): Code => [...get(pointer), ...vector(0x00), 2, 0];
const store = (pointer: number, value: Code): Code => [...get(pointer), ...value, ...vector(0x0b), 2, 0];
const apply = (operator: Code, ...operands: readonly Code[]): Code => [...operands.flat(), ...operator];

/** Parameters of the function, then its variables. */
const [P, G, M, V, END] = [0, 1, 2, 3, 4];
const NUMBERS = 8;
const FIRST_NUMBER = 5;
const FIRST_VECTOR = FIRST_NUMBER + NUMBERS;
const [BETA1, REST1, BETA2, REST2, EPSILON, RATE, PENALTY, KEEP] = Array.from(
  { length: NUMBERS },
  (_, i) => FIRST_VECTOR + i,
);
const [PARAMETER, GRADIENT, FIRST, SECOND] = [0, 1, 2, 3].map((i) => FIRST_VECTOR + NUMBERS + i);

function loopBody(): Code {
  return [
    ...load(P),
    ...set(PARAMETER),
    ...apply(add, load(G), apply(mul, get(PENALTY), get(PARAMETER))),
    ...set(GRADIENT),
    ...apply(add, apply(mul, get(BETA1), load(M)), apply(mul, get(REST1), get(GRADIENT))),
    ...set(FIRST),
    ...apply(
      add,
      apply(mul, get(BETA2), load(V)),
      apply(mul, apply(mul, get(REST2), get(GRADIENT)), get(GRADIENT)),
    ),
    ...set(SECOND),
    ...store(M, get(FIRST)),
    ...store(V, get(SECOND)),
    ...store(
      P,
      apply(
        sub,
        apply(mul, get(KEEP), get(PARAMETER)),
        apply(div, apply(mul, get(RATE), get(FIRST)), apply(add, apply(sqrt, get(SECOND)), get(EPSILON))),
      ),
    ),
  ];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const splats = Array.from({ length: NUMBERS }, (_, i) => [
    ...get(FIRST_NUMBER + i),
    ...splat,
    ...set(FIRST_VECTOR + i),
  ]).flat();
  /** pointer += 16 */
  const advance = [P, G, M, V].flatMap((pointer) => [...get(pointer), 0x41, 16, 0x6a, ...set(pointer)]);
  /** block { loop { if p >= end leave; …; again } } */
  const loop = [
    0x02,
    0x40,
    0x03,
    0x40,
    ...get(P),
    ...get(END),
    0x4f,
    0x0d,
    1,
    ...loopBody(),
    ...advance,
    0x0c,
    0,
    0x0b,
    0x0b,
  ];
  const code = [1, NUMBERS + 4, V128, ...splats, ...loop, 0x0b];
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, content: Code): Code => [id, ...leb(content.length), ...content];
  const signature = [
    0x60,
    FIRST_NUMBER + NUMBERS,
    ...Array(FIRST_NUMBER).fill(I32),
    ...Array(NUMBERS).fill(F32),
    0,
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...signature]),
    ...section(2, [1, ...name("env"), ...name("memory"), 2, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("update"), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}

/** An unsigned number below 2¹⁴ in one or two bytes. */
function leb(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
