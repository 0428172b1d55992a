import { checkSomeFinished } from "./command.ts";
import { formatDuration } from "./progress.ts";
import { type Failure, isBadImage } from "./stage.ts";

/** What a stage would take, judged by doing a few of its images without keeping them. */
export interface Estimate {
  /** All but the failures. */
  readonly images: number;
  readonly seconds: number;
  readonly bytes: number;
  /** What is to be done besides, and is not in these figures; absent is nothing. */
  readonly uncounted?: string;
  /** Bad images among the few that were tried; absent is none. */
  readonly failures?: readonly Failure[];
}

/** Images that are tried: enough to see past an odd one, few enough to answer at once. */
const SAMPLE = 4;

export interface EstimateOptions {
  /** Images to try; default 4. */
  readonly most?: number;
  /** Pass over bad images, and try others in their place; default false. */
  readonly keepGoing?: boolean;
}

/**
 * Tries a few images spread over the ids, and scales up.
 *
 * @param attempt  does one image without writing; returns the bytes it would have written
 * @throws MaskwrightError the first image's error, unless `keepGoing`; BAD_FORMAT when no image can be done
 */
export async function estimateStage(
  ids: readonly string[],
  attempt: (id: string) => Promise<number>,
  { most = SAMPLE, keepGoing = false }: EstimateOptions = {},
): Promise<Estimate> {
  const count = Math.min(most, ids.length);
  const spread = Array.from({ length: count }, (_, k) => ids[Math.floor((k * ids.length) / count)]);
  const failures: Failure[] = [];
  const attemptOrNote = async (id: string): Promise<number | null> => {
    try {
      return await attempt(id);
    } catch (error) {
      if (!keepGoing || !isBadImage(error)) throw error;
      failures.push({ id, message: error.message });
      return null;
    }
  };
  // Loads code and data, so that the clock below sees the steady state.
  const first = await firstGood([...spread, ...ids.filter((id) => !spread.includes(id))], attemptOrNote);
  if (first === null) checkSomeFinished("dry run", 0, failures);
  const bad = new Set(failures.map(({ id }) => id));
  const sample = [...new Set([first ?? ids[0], ...spread])].filter((id) => !bad.has(id)).slice(0, count);
  const startMs = performance.now();
  const sizes = (await Promise.all(sample.map(attemptOrNote))).filter((size) => size !== null);
  const seconds = (performance.now() - startMs) / 1000;
  const images = ids.length - failures.length;
  const scale = images / sizes.length;
  return {
    images,
    seconds: seconds * scale,
    bytes: sizes.reduce((sum, size) => sum + size, 0) * scale,
    ...(failures.length > 0 && { failures }),
  };
}

async function firstGood(
  ids: readonly string[],
  attempt: (id: string) => Promise<number | null>,
): Promise<string | null> {
  for (const id of ids) if ((await attempt(id)) !== null) return id;
  return null;
}

/** "about 2:05 and 31 MB for 1464 images" */
export function describeEstimate({ images, seconds, bytes, failures = [] }: Estimate): string {
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
  const skipped = failures.length === 0 ? "" : `, without ${failures.length} that cannot be done`;
  return `about ${formatDuration(seconds)} and ${size} for ${images} images${skipped}`;
}
