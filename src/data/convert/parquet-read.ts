import { statSync } from "node:fs";
import { type FileMetaData, parquetMetadata, parquetReadObjects } from "hyparquet";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { readSpan } from "./file-items.ts";

/** A Parquet file that is read a group of rows at a time. */
export interface ParquetFile {
  readonly path: string;
  /** Names at the top of the schema. */
  readonly columns: readonly string[];
  readonly rowCount: number;
  /** All of a column of texts; null for one that is none. */
  texts(column: string): Promise<readonly (string | null)[]>;
  /** Columns of one row. Rows near one another come from the same group, which stays in memory until another is asked for. */
  row(row: number, columns: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}

/** Each has an id in memory. */
const MAX_ROWS = 10_000_000;
const MAX_METADATA = 2 ** 26;
/** Of a group of rows, in the file and unpacked: it is read whole. */
const MAX_GROUP = 2 ** 30;

/**
 * @throws MaskwrightError BAD_FORMAT for a file that is no Parquet, is damaged, or is larger where it is unpacked than its limits; what is
 *         not compressed by Snappy or not at all is refused
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const metadata = await readable(path, () => readMetadata(path, size));
  const columns = topColumns(metadata);
  const rowCount = Number(metadata.num_rows);
  if (!(rowCount >= 0 && rowCount <= MAX_ROWS))
    throw badFormat(path, `at most ${MAX_ROWS} rows`, String(rowCount));
  const starts: number[] = [0];
  for (const { num_rows } of metadata.row_groups) {
    if (num_rows < 0n) throw badFormat(path, "groups of rows", String(num_rows));
    starts.push(starts[starts.length - 1] + Number(num_rows));
  }
  if (starts[starts.length - 1] !== rowCount)
    throw badFormat(path, `groups of ${rowCount} rows`, String(starts[starts.length - 1]));
  const file = {
    byteLength: size,
    slice: (start: number, end: number = size) => readSpan(path, start, end).buffer as ArrayBuffer,
  };

  const readGroup = (group: number, names: readonly string[]): Promise<Record<string, unknown>[]> =>
    readable(path, async () => {
      checkGroup(metadata.row_groups[group], names, `${path}: group ${group}`);
      const [rowStart, rowEnd] = [starts[group], starts[group + 1]];
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: [...names],
        rowStart,
        rowEnd,
        utf8: false,
      });
      if (rows.length !== rowEnd - rowStart)
        throw badFormat(`${path}: group ${group}`, `${rowEnd - rowStart} rows`, String(rows.length));
      return rows;
    });
  let cached: { key: string; rows: Promise<Record<string, unknown>[]> } | null = null;
  return {
    path,
    columns,
    rowCount,
    async texts(column) {
      const texts: (string | null)[] = [];
      for (let group = 0; group + 1 < starts.length; group++)
        for (const { [column]: value } of await readGroup(group, [column]))
          texts.push(typeof value === "string" ? value : null);
      return texts;
    },
    async row(row, names) {
      const group = starts.findIndex((_, g) => row < starts[g + 1]);
      const key = `${group} ${names.join(" ")}`;
      if (cached?.key !== key) cached = { key, rows: readGroup(group, names) };
      return (await cached.rows)[row - starts[group]];
    },
  };
}

function readMetadata(path: string, size: number): FileMetaData {
  const tail = readSpan(path, Math.max(0, size - 8), size);
  const length = tail.length < 8 ? 0 : new DataView(tail.buffer).getUint32(0, true);
  if (tail.length < 8 || Buffer.from(tail.subarray(4)).toString("latin1") !== "PAR1")
    throw badFormat(path, 'a Parquet file that ends in "PAR1"', `${size} bytes that do not`);
  if (length > MAX_METADATA || length + 12 > size)
    throw badFormat(path, `metadata of at most ${MAX_METADATA} bytes`, String(length));
  return parquetMetadata(readSpan(path, size - length - 8, size).buffer as ArrayBuffer);
}

/** Names of the root's children: their own children follow each in the flat list. */
function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  let at = 1;
  const pass = (): void => {
    const children = schema[at++]?.num_children ?? 0;
    for (let k = 0; k < children; k++) pass();
  };
  for (let k = 0; k < (schema[0]?.num_children ?? 0) && at < schema.length; k++) {
    names.push(schema[at].name);
    pass();
  }
  return names;
}

function checkGroup(
  { columns }: FileMetaData["row_groups"][number],
  names: readonly string[],
  where: string,
): void {
  let bytes = 0;
  for (const { meta_data: data } of columns) {
    if (data === undefined || !names.includes(data.path_in_schema[0])) continue;
    bytes += Math.max(Number(data.total_compressed_size), Number(data.total_uncompressed_size));
  }
  if (bytes > MAX_GROUP)
    throw badFormat(
      where,
      `at most ${MAX_GROUP} bytes`,
      String(bytes),
      "Write it again with smaller row groups.",
    );
}

/** The reader's own errors are about the file: it checks as it goes. */
async function readable<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MaskwrightError) throw error;
    throw badFormat(path, "a Parquet file, plain or packed by Snappy", (error as Error).message);
  }
}
