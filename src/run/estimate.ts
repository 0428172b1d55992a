import { formatDuration } from "./progress.ts";

/** What a stage would take, judged by doing a few of its images without keeping them. */
export interface Estimate {
  readonly images: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** Images that are tried: enough to see past an odd one, few enough to answer at once. */
const SAMPLE = 4;

/**
 * Tries a few images spread over the ids, and scales up.
 *
 * @param attempt  does one image without writing; returns the bytes it would have written
 * @param most     images to try; default 4
 */
export async function estimateStage(
  ids: readonly string[],
  attempt: (id: string) => Promise<number>,
  most: number = SAMPLE,
): Promise<Estimate> {
  const count = Math.min(most, ids.length);
  const sample = Array.from({ length: count }, (_, k) => ids[Math.floor((k * ids.length) / count)]);
  await attempt(sample[0]); // loads code and data, so that the clock below sees the steady state
  const startMs = performance.now();
  const sizes = await Promise.all(sample.map(attempt));
  const scale = ids.length / count;
  return {
    images: ids.length,
    seconds: ((performance.now() - startMs) / 1000) * scale,
    bytes: sizes.reduce((sum, size) => sum + size, 0) * scale,
  };
}

/** "about 2:05 and 31 MB for 1464 images" */
export function describeEstimate({ images, seconds, bytes }: Estimate): string {
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
  return `about ${formatDuration(seconds)} and ${size} for ${images} images`;
}
