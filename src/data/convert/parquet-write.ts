import type { SchemaElement } from "hyparquet";
import { fileWriter, ParquetWriter } from "hyparquet-writer";

/** A row of a data set: photo and labels as the bytes of their files. */
export interface ParquetRow {
  readonly id: string;
  readonly image: StoredImage;
  readonly annotation: StoredImage;
}

interface StoredImage {
  readonly bytes: Uint8Array;
  readonly path: string;
}

export interface ParquetTarget {
  /** Of the images so far. */
  readonly bytes: number;
  add(row: ParquetRow): Promise<void>;
  finish(): Promise<void>;
}

/** Rows of a group, which a reader has in memory together: `datasets` takes as many for columns of images. */
const GROUP_ROWS = 100;
const GROUP_BYTES = 32 * 2 ** 20;

const text = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;
const image = (name: string): SchemaElement[] => [
  { name, num_children: 2, repetition_type: "OPTIONAL" },
  { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  { name: "path", ...text, repetition_type: "OPTIONAL" },
];
const schema: SchemaElement[] = [
  { name: "schema", num_children: 3 },
  { name: "id", ...text, repetition_type: "OPTIONAL" },
  ...image("image"),
  ...image("annotation"),
];

/** What `datasets` takes the columns for. */
const features = {
  id: { dtype: "string", _type: "Value" },
  image: { _type: "Image" },
  annotation: { _type: "Image" },
};

/** A Parquet file that is written a group of rows at a time. Images are packed already: nothing is compressed again. */
export function createParquet(path: string): ParquetTarget {
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema,
    codec: "UNCOMPRESSED",
    statistics: false,
    kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
    createdBy: "maskwright",
  });
  let rows: ParquetRow[] = [];
  let groupBytes = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    const column = (name: keyof ParquetRow) => ({
      name,
      data: rows.map((row) => row[name]),
      encoding: "PLAIN" as const,
    });
    await writer.write({
      columnData: [column("id"), column("image"), column("annotation")],
      rowGroupSize: rows.length,
    });
    rows = [];
    groupBytes = 0;
  };
  return {
    get bytes() {
      return bytes;
    },
    async add(row) {
      const size = row.image.bytes.length + row.annotation.bytes.length;
      rows.push(row);
      groupBytes += size;
      bytes += size;
      if (rows.length >= GROUP_ROWS || groupBytes >= GROUP_BYTES) await flush();
    },
    async finish() {
      await flush();
      await writer.finish();
    },
  };
}
