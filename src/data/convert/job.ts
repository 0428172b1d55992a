import type { ClassList } from "../class-list.ts";
import type { OpenLedger } from "./ledger.ts";

/** Who watches a conversion. */
export interface ConvertWatch {
  /** Before the pictures of a stage, with their number: "convert", and "check" where reading back comes after. */
  begin(stage: string, pictures: number): void;
  /** After each picture, and waited for. May throw to stop the conversion. */
  advance(id: string): Promise<void>;
}

/** What a converter works on. It reads `input`, writes `output`, reads that back, and enters what differs. */
export interface ConvertJob {
  readonly input: string;
  /** A path where nothing is yet. */
  readonly output: string;
  /** Names and colors of the classes; null takes them from the input. */
  readonly classes: ClassList | null;
  /** The folder of photos. */
  readonly images: string | null;
  /** How photos come into formats that have a place for them. */
  readonly photos: "link" | "copy";
  /** Which of the pictures are for validation; null leaves the splits as they are. */
  readonly validation: ((ids: readonly string[]) => ReadonlySet<string>) | null;
  readonly ledger: OpenLedger;
  readonly watch: ConvertWatch;
}
