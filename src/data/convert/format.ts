import type { Size } from "../../core/geometry.ts";
import type { ClassList } from "../class-list.ts";
import type { LossKind } from "./ledger.ts";
import type { AnnotationSource, AnnotationTarget } from "./picture.ts";

/** What a format has a place for; what is false is counted when it is lost. */
export interface Capabilities {
  /** Objects of one class in one picture stay apart. */
  readonly objects: boolean;
  /** A pixel can lie in two annotations. */
  readonly overlaps: boolean;
  /** Which of two annotations at one place lies on top: the later one. */
  readonly layers: boolean;
  /** Class 255. */
  readonly ignore: boolean;
  readonly crowds: boolean;
  readonly splits: boolean;
  /** Numbers of classes that are not 1, 2, 3, …: COCO's category ids. */
  readonly categoryIds: boolean;
}

export interface OpenOptions {
  /** Names of the classes; null takes them from the input. */
  readonly classes: ClassList | null;
  /** The path of a picture's photo, or null. */
  photo(id: string): string | null;
  /** The size of a picture, for formats that do not tell it. */
  sizeOf(id: string): Promise<Size>;
}

export interface CreateOptions {
  /** index = class id, 0 = background; those behind the last that is used may be missing at the end. */
  readonly classes: readonly string[];
  readonly palette?: Uint8Array;
  /** COCO's number of each class. */
  readonly categoryIds?: readonly number[];
  /** As in the source. */
  readonly hasObjects: boolean;
  /** How a photo comes into the new data set. */
  readonly photos: "link" | "copy";
  lose(kind: LossKind, id: string, count: number): void;
  warn(message: string): void;
}

export interface AnnotationFormat {
  readonly output: "file" | "folder";
  readonly holds: Capabilities;
  /** A data set of this format takes photos in. */
  readonly photos: "none" | "wanted" | "needed";
  open(path: string, options: OpenOptions): Promise<AnnotationSource>;
  create(path: string, options: CreateOptions): AnnotationTarget;
}
