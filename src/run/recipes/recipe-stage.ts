import type { ClassList } from "../../data/class-list.ts";
import type { RunSummary } from "../command.ts";
import type { Estimate } from "../estimate.ts";
import type { CamReading, LabelInput } from "../label-input.ts";
import type { ReportFact, StageScores } from "../report/report.ts";
import type { Failure, WorkContext } from "../stage.ts";

/** What a stage works on and with. */
export interface StageWork {
  /** Its run directory. */
  readonly dir: string;
  /** A file that lists the photos that are left, one id a line. */
  readonly ids: string;
  readonly context: WorkContext;
  /** The whole run's command, for the stage's own page. */
  readonly commandLine: string;
}

/** One link of a recipe's chain: a command of its own, in a folder of its own. */
export interface RecipeStage {
  /** Ends its folder's name: "masks" is in 01-masks. */
  readonly name: string;
  /** Whole sentence for the plan: "Propose masks for every photo with regions." */
  readonly title: string;
  /** About what it takes on two cores, to weigh stages against each other: the run's own pace is measured. */
  readonly seconds: number;
  run(work: StageWork): Promise<StageProduct>;
  /** What it would take, where that can be tried before the stages before it are done. */
  readonly estimate: ((context: WorkContext) => Promise<Estimate>) | null;
}

/** What a stage has made. */
export interface StageProduct {
  readonly images: number;
  readonly failures: readonly Failure[];
  readonly fingerprint: string;
  /** What to know of it in one line each. */
  readonly figures: readonly ReportFact[];
  /** What can be looked at, in the order it was made. */
  readonly layers: readonly StageLayer[];
  /** Scores that the stage has of its own, where its truth is no folder of label maps. */
  readonly scores?: readonly ScoredLayer[];
  /** Ids that the stage kept out of its training, where it trained. */
  readonly unseen?: readonly string[];
}

/** Something that is made for every photo. */
export type StageLayer =
  | { readonly kind: "proposals"; readonly name: string; readonly folder: string }
  | {
      readonly kind: "labels";
      readonly name: string;
      readonly input: LabelInput;
      /** How CAMs become labels, where it is of CAMs. */
      readonly cams: CamReading;
      /** Whether a network was trained to make it, of which some photos are unseen. */
      readonly isPredicted?: boolean;
    };

/** A layer's scores over the photos that have a truth. */
export interface ScoredLayer extends StageScores {
  readonly images: number;
}

/** A recipe that can be carried out: everything it names was found and read. */
export interface RecipePlan {
  readonly classes: ClassList;
  /** File of each photo. */
  readonly photos: ReadonlyMap<string, string>;
  /** Those to work on. */
  readonly ids: readonly string[];
  /** Photos for the report, where those are others. */
  readonly shown?: readonly string[];
  /** Those that are missing, where that is no reason to stop. */
  readonly absent: readonly Failure[];
  readonly stages: readonly RecipeStage[];
}

/** Where labels are no CAMs, it does not matter how those would be read. */
export const noCams: CamReading = { background: { kind: "threshold", threshold: 0.3 }, keyBase: 0 };

/** A command's report as what its stage has made. */
export function productOf(
  { images, failures, fingerprint }: RunSummary,
  made: Omit<StageProduct, "images" | "failures" | "fingerprint">,
): StageProduct {
  return { images, failures, fingerprint, ...made };
}
