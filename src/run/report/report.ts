import type { ClassId } from "../../core/label-map.ts";
import type { SegmentationScores } from "../../core/metrics.ts";
import type { TrainLine } from "../train-log.ts";

/** All a report page shows, as a plain value: `renderReport` makes the page of it. */
export interface RunReport {
  /** "SEPL: refined pseudo labels" */
  readonly title: string;
  /** One plain sentence. */
  readonly summary: string;
  /** Command, versions, options, seeds, times: what one needs to repeat the run. */
  readonly facts: readonly ReportFact[];
  /** What the reader must know before believing the figures: synthetic scenes, an oracle, warnings. */
  readonly notes: readonly string[];
  /** Scores of the whole data set: one entry, or before … after. None when there is no ground truth. */
  readonly stages: readonly StageScores[];
  /** Figures by class that only this kind of run has. */
  readonly tables?: readonly ReportTable[];
  /** What was trained, if anything was. */
  readonly trainings: readonly ReportTraining[];
  readonly images: readonly ReportImage[];
  /** Of the images that `chooseImages` picks; a picture of any other image is shown after them. */
  readonly pictures: readonly ReportPictures[];
  /** index = class id */
  readonly classNames: readonly string[];
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

export interface ReportFact {
  readonly name: string;
  readonly value: string;
}

/** A point in the run where labels were scored against the ground truth. */
export interface StageScores {
  /** "before", "after" */
  readonly name: string;
  readonly scores: SegmentationScores;
  /** Fraction in [0, 1], where it was measured; null where it is undefined. */
  readonly boundaryF?: number | null;
}

/** A table with a row a class. */
export interface ReportTable {
  readonly title: string;
  /** What the figures are. */
  readonly text: string;
  /** Of the columns behind the class. */
  readonly heads: readonly string[];
  readonly rows: readonly { readonly classId: ClassId; readonly cells: readonly string[] }[];
}

/** A training run: every number of its log is drawn over the steps. */
export interface ReportTraining {
  /** "segmenter" */
  readonly name: string;
  readonly lines: readonly TrainLine[];
}

export interface ReportImage {
  readonly id: string;
  /** mIoU of this image alone, over the classes that occur in it; null when there is nothing to score, or no such stage. */
  readonly before: number | null;
  readonly after: number | null;
  /** Fraction of the pixels whose label changed, where labels were there before. */
  readonly changed?: number;
}

export interface ReportPictures {
  readonly id: string;
  readonly panels: readonly ReportPanel[];
  /** Foreground classes to be seen in the panels, for the color key. */
  readonly classes: readonly ClassId[];
}

export interface ReportPanel {
  /** "image", "before", "proposals", "after", "truth" */
  readonly caption: string;
  /** A data URI of base64: the page loads nothing. */
  readonly source: string;
  /** Whether it begins a row even where the one before has room: what is alike in two rows stands below each other. */
  readonly startsRow?: boolean;
}
