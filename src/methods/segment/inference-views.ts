import { invalid } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import { type NetworkSides, paddedSize } from "./inference-network.ts";
import { checkWindow, type SlidingWindow, type WindowAxis, windowAxis } from "./inference-windows.ts";

export interface ScoreOptions {
  /** Look through a window that slides; default: only at pictures that are too large to be seen whole. */
  readonly window?: SlidingWindow;
  /** The window for those. Default: 512 px every 384, or the square that the network takes every three quarters of it. */
  readonly fallback?: SlidingWindow;
  /** Sizes at which the picture is looked at, in units of its own. Default [1]. */
  readonly scales?: readonly number[];
  /** Look at its mirror image too. Default false. */
  readonly flip?: boolean;
  readonly signal?: AbortSignal;
}

/** Pixels of the largest picture that is seen whole: SegFormer's first attention takes 0.3 GB there, and grows by the square. */
const MAX_WHOLE_PIXELS = 2 ** 20;
/** Of the largest window, px. */
const MAX_SIDE = 2048;

/** One way to look at the picture. */
export interface View {
  readonly size: Size;
  readonly rows: WindowAxis;
  readonly columns: WindowAxis;
  readonly isMirrored: boolean;
}

/**
 * The window for pictures that a network cannot see whole.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for an option out of range
 */
export function checkScoreOptions(
  { kind, step }: NetworkSides,
  { window, fallback, scales = [1] }: ScoreOptions,
): SlidingWindow {
  const maxSide = kind === "exact" ? step : MAX_SIDE;
  const side = kind === "exact" ? step : 512;
  const instead = fallback ?? { side, stride: Math.ceil((3 * side) / 4) };
  for (const each of [instead, ...(window === undefined ? [] : [window])]) checkWindow(each, maxSide);
  if (scales.length === 0 || scales.some((scale) => !(scale > 0 && scale <= 8)))
    throw invalid("scales", "at least one number, all of them above 0 and at most 8", scales.join(", "));
  return instead;
}

/** Every scale of a picture, and its mirror image. @throws MaskwrightError as `checkScoreOptions` */
export function planViews(sides: NetworkSides, { height, width }: Size, options: ScoreOptions): View[] {
  const instead = checkScoreOptions(sides, options);
  const { window, scales = [1], flip = false } = options;
  return scales.flatMap((scale) => {
    const scaled = (length: number): number => Math.max(1, Math.floor(length * scale + 0.5));
    const size = { height: scaled(height), width: scaled(width) };
    const padded = paddedSize(size, sides);
    const longest = Math.max(size.height, size.width);
    const isSeenWhole =
      sides.kind === "exact" ? longest <= sides.step : padded.height * padded.width <= MAX_WHOLE_PIXELS;
    const chosen = window ?? (isSeenWhole ? { side: longest, stride: longest } : instead);
    const axes = { rows: windowAxis(size.height, chosen), columns: windowAxis(size.width, chosen) };
    const view = { size, ...axes, isMirrored: false };
    return flip ? [view, { ...view, isMirrored: true }] : [view];
  });
}
