import type { RunSummary } from "../command.ts";
import type { ReportFact } from "../report/report.ts";
import type { Versions } from "../version.ts";
import type { Method } from "./recipe.ts";
import type { ScoredLayer } from "./recipe-stage.ts";

/** What a recipe's run reports. */
export interface RecipeReport extends RunSummary {
  readonly method: Method;
  /** Of what computed it. */
  readonly versions: Versions;
  readonly stages: readonly StageReport[];
  /** Scores after each stage, where there is a truth: fractions. */
  readonly scores: readonly ScoredLayer[];
  /** The same of the photos that no network was trained on, where some were kept out. */
  readonly unseen: readonly ScoredLayer[];
}

/** One stage of it; its own report lies in its folder. */
export interface StageReport {
  readonly name: string;
  /** Its folder, in that of the run. */
  readonly folder: string;
  readonly title: string;
  readonly images: number;
  readonly figures: readonly ReportFact[];
  readonly fingerprint: string;
}
