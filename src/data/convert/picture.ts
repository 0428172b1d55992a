import type { Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import type { Rle } from "../../core/rle.ts";
import type { LossKind } from "./ledger.ts";

/** A photo: a file, or the bytes of one that came inside another file. */
export type Photo = { readonly path: string } | { readonly bytes: Uint8Array };

/** An object of a picture, or in a label map the whole region of a class. */
export interface Annotation {
  readonly classId: ClassId;
  readonly rle: Rle;
  /** The outlines it was drawn with, where it was: x, y, x, y, … in pixels. `rle` is their union as pycocotools draws them. */
  readonly polygons?: readonly (readonly number[])[];
  /** A region of many objects that nobody told apart. */
  readonly isCrowd: boolean;
}

/**
 * One picture of a data set in any format: the value that every reader makes and every writer takes, so that a format
 * needs one of each and no pair of formats needs anything.
 */
export interface AnnotatedPicture extends Size {
  readonly id: string;
  /** The photo's path in the folder of photos, where the format tells. */
  readonly file: string | null;
  /** "train", "val", … where the format has such. */
  readonly split: string | null;
  /** In the order of the source. */
  readonly annotations: readonly Annotation[];
  /** Pixels of class 255; null for none. */
  readonly ignore: Rle | null;
  readonly photo: Photo | null;
  /** What the reader had to leave out. */
  readonly leftOut: Partial<Readonly<Record<LossKind, number>>>;
}

/** A data set that is read a picture at a time. */
export interface AnnotationSource {
  /** index = class id, 0 = background. */
  readonly classes: readonly string[];
  /** The names are made up: those behind the last one that occurs mean nothing. */
  readonly isNumbered: boolean;
  /** 256 × RGB by class id, where the source has colors. */
  readonly palette?: Uint8Array;
  /** COCO's number of each class, where the source has one. */
  readonly categoryIds?: readonly number[];
  /** Of the pictures, in the order they are read in. */
  readonly ids: readonly string[];
  /** Of all pictures: empty without splits. */
  readonly splits: readonly string[];
  /** An annotation covers those before it. Otherwise the order says nothing, and the small ones lie on top. */
  readonly isLayered: boolean;
  /** Annotations are objects: two of one class are two things. */
  readonly hasObjects: boolean;
  read(index: number): AnnotatedPicture | Promise<AnnotatedPicture>;
}

/** A data set that is being written. */
export interface AnnotationTarget {
  write(picture: AnnotatedPicture): void | Promise<void>;
  /** After the last picture. @param classes  index = class id, 0 = background */
  finish(classes: readonly string[]): void | Promise<void>;
}

/** A picture as the reader found it, without what most formats lack. */
export function bare(size: Size, id: string): AnnotatedPicture {
  const { height, width } = size;
  const nothing = { file: null, split: null, annotations: [], ignore: null, photo: null, leftOut: {} };
  return { height, width, id, ...nothing };
}
