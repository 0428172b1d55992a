import { formatCount } from "../../core/count.ts";
import type { Progress } from "../progress.ts";
import type { TaughtPictures } from "./teach-pictures.ts";

/**
 * Warns when pictures, those held out too, have more parts than a prompter has queries: each query stands for one part, and those that would
 * cost most are left over in every step. Says how many pictures, and the most parts that one has.
 *
 * @param path  what the parts were read from
 * @see WPS-SAM, whose published code fails at such a picture
 */
export function warnOfCrowdedPictures(
  { training, held }: Pick<TaughtPictures, "training" | "held">,
  queries: number,
  path: string,
  { warn }: Pick<Progress, "warn">,
): void {
  const pictures = [...training, ...held].filter(({ version }) => version === 0);
  const counts = pictures
    .map(({ targets }) => targets.classIds.length)
    .filter((partCount) => partCount > queries);
  if (counts.length === 0) return;
  const most = counts.reduce((a, b) => Math.max(a, b));
  const [have, limit] = [counts.length === 1 ? "has" : "have", queries === 1 ? "query" : "queries"];
  warn(
    `${path}: ${counts.length} of ${formatCount(pictures.length, "photo")} ${have} more parts than the network's ${queries} ${limit}, up to ${most}; those that match worst are left over in each step, --queries ${most} takes all`,
  );
}
