import { CsvError, parse } from "csv-parse/sync";
import { badFormat } from "../core/error.ts";
import { parseDecimal } from "./decimal.ts";
import { decodeText } from "./json-file.ts";
import { type Problems, quote } from "./problems.ts";

/** One record: its fields by column name, and the line of the file it ends on. */
export interface CsvRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
}

export interface CsvColumns {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

/**
 * The records of a comma-separated file with a header line: UTF-8 with or without byte order mark, quoted
 * fields with commas and line breaks in them, any line ends. Fields are trimmed outside their quotes, empty
 * lines skipped, columns may come in any order; an optional column that is not there has no field.
 *
 * @param problems takes what is wrong with single records, which are then left out
 * @throws MaskwrightError BAD_FORMAT for a header without the required columns, with unknown or repeated
 *         ones, or for quotes that never close
 */
export function parseCsv(
  bytes: Uint8Array,
  where: string,
  columns: CsvColumns,
  problems: Problems,
): CsvRow[] {
  const records = readRecords(decodeText(bytes, where), where);
  const header = records.shift();
  const { required, optional = [] } = columns;
  const expected = `a header line ${[...required, ...optional.map((name) => `[${name}]`)].join(",")}`;
  if (header === undefined) throw badFormat(where, expected, "an empty file");
  const names = header.record;
  const isHeader =
    required.every((name) => names.includes(name)) &&
    names.every((name) => required.includes(name) || optional.includes(name)) &&
    new Set(names).size === names.length;
  if (!isHeader) throw badFormat(`${where}:${header.line}`, expected, quote(names.join(",")));
  const rows: CsvRow[] = [];
  for (const { record, line } of records) {
    if (record.length !== names.length) {
      problems.add(`line ${line}`, `${names.length} fields`, `${record.length}`);
    } else rows.push({ line, fields: Object.fromEntries(names.map((name, i) => [name, record[i]])) });
  }
  return rows;
}

function readRecords(text: string, where: string): { record: string[]; line: number }[] {
  try {
    const found: unknown = parse(text, {
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: 2 ** 20,
    });
    // The package's types do not know that `info` changes the result.
    return (found as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      record,
      line: info.lines,
    }));
  } catch (error) {
    if (error instanceof CsvError) throw badFormat(where, "comma-separated values", error.message);
    throw error;
  }
}

/** A decimal number of a field; anything else is a problem and NaN. */
export function parseNumber({ line, fields }: CsvRow, column: string, problems: Problems): number {
  const value = parseDecimal(fields[column]);
  if (Number.isNaN(value)) problems.add(`line ${line}, ${column}`, "a number", quote(fields[column]));
  return value;
}
