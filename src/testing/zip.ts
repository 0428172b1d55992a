/** A file for `zip`: its contents, or how many bytes it claims to have beside none. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Overrides of header fields, to make archives that lie. */
  readonly lie?: {
    readonly length?: number;
    readonly headerAt?: number;
    readonly method?: number;
    readonly flags?: number;
  };
}

/** A zip archive of stored files, or with zip64 fields throughout, as the format describes it. */
export function zip(
  members: readonly ZipMember[],
  { isZip64 = false }: { readonly isZip64?: boolean } = {},
): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const put = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    at += chunk.length;
  };
  for (const { name, bytes, lie = {} } of members) {
    const { length = bytes.length, headerAt = at, method = 0, flags = 0 } = lie;
    const encoded = new TextEncoder().encode(name);
    const wide = fields([length, 8], [length, 8], [headerAt, 8]);
    const extra = isZip64 ? join([fields([1, 2], [wide.length, 2]), wide]) : new Uint8Array(0);
    const narrow = (value: number): [number, number] => [isZip64 ? 0xffffffff : value, 4];
    directory.push(
      fields(
        [0x02014b50, 4],
        [45, 2],
        [45, 2],
        [flags, 2],
        [method, 2],
        [0, 8],
        narrow(length),
        narrow(length),
      ),
      fields([encoded.length, 2], [extra.length, 2], [0, 10], narrow(headerAt)),
      encoded,
      extra,
    );
    put(fields([0x04034b50, 4], [45, 2], [flags, 2], [method, 2], [0, 8], [length, 4], [length, 4]));
    put(fields([encoded.length, 2], [0, 2]));
    put(encoded);
    put(bytes);
  }
  const directoryAt = at;
  const entries = join(directory);
  put(entries);
  if (isZip64) {
    const recordAt = at;
    const counts = fields([members.length, 8], [members.length, 8], [entries.length, 8], [directoryAt, 8]);
    put(join([fields([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 8]), counts]));
    put(fields([0x07064b50, 4], [0, 4], [recordAt, 8], [1, 4]));
  }
  const [count, length, offset] = isZip64
    ? [0xffff, 0xffffffff, 0xffffffff]
    : [members.length, entries.length, directoryAt];
  put(fields([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [length, 4], [offset, 4], [0, 2]));
  return join(chunks);
}

/** Little-endian numbers, each with its width in bytes. */
export function fields(...values: readonly (readonly [value: number, width: number])[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap(([value, width]) =>
      Array.from({ length: width }, (_, byte) => Math.floor(value / 256 ** byte) % 256),
    ),
  );
}

export function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}
