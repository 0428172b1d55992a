import { shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../../core/label-map.ts";
import type { Proposal } from "../../core/proposal.ts";
import { resizeLabels } from "../../core/resize.ts";
import { decodeRle } from "../../core/rle.ts";

export interface OverlayOptions {
  /** Share of the class color in a colored pixel, 0..1; the photo is the rest. */
  readonly alpha?: number;
}

/** What stands in for a photo that is missing: a picture of one middle gray. */
export function grayPicture({ height, width }: Size): RgbImage {
  return { height, width, data: new Uint8Array(height * width * 3).fill(150) };
}

/**
 * Class colors laid over a photo, with white lines where classes meet. Background is the photo; ignore is the
 * photo under a white hatch and draws no lines, since VOC's is itself a line around every object.
 *
 * @param palette  256 × RGB by class id
 * @throws MaskwrightError SHAPE_MISMATCH if the sizes differ
 */
export function overlayLabels(
  image: RgbImage,
  labels: LabelMap,
  palette: Uint8Array,
  options: OverlayOptions = {},
): RgbImage {
  const { alpha = 0.6 } = options;
  if (!isSameSize(image, labels))
    throw shapeMismatch("overlayLabels", `labels of ${formatSize(image)} like the image`, formatSize(labels));
  const { height, width, data: ids } = labels;
  const data = Uint8Array.from(image.data);
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, p++) {
      const id = ids[p];
      if (id === BACKGROUND) continue;
      if (id !== IGNORE) mixPixel(data, p, palette, id * 3, alpha);
      else if ((i + j) % 6 < 2) mixPixel(data, p, white, 0, 0.8);
    }
  }
  drawContours(data, labels, (a, b) => a !== IGNORE && b !== IGNORE);
  return { height, width, data };
}

/**
 * Proposals laid over a photo, each in a hue of its own, larger ones below so that nested ones stay visible, with
 * white lines where regions meet. The hue goes by the index, so a proposal keeps its color; of equal areas the
 * later lies on top. Masks of another size than the photo's are resampled to it.
 */
export function overlayProposals(
  image: RgbImage,
  proposals: readonly Proposal[],
  options: OverlayOptions = {},
): RgbImage {
  const { alpha = 0.5 } = options;
  const { height, width } = image;
  const regions = new Int32Array(height * width); // 0 is no proposal
  const largestFirst = proposals.map((_, k) => k).sort((a, b) => proposals[b].area - proposals[a].area);
  for (const k of largestFirst) {
    const mask = decodeRle(proposals[k].rle);
    const { data: isSet } = isSameSize(mask, image) ? mask : resizeLabels(mask, image);
    for (let p = 0; p < isSet.length; p++) if (isSet[p] !== 0) regions[p] = k + 1;
  }
  const data = Uint8Array.from(image.data);
  const colors = Uint8Array.from(proposals.flatMap((_, k) => regionColor(k)));
  for (let p = 0; p < regions.length; p++)
    if (regions[p] !== 0) mixPixel(data, p, colors, (regions[p] - 1) * 3, alpha);
  drawContours(data, { height, width, data: regions }, () => true);
  return { height, width, data };
}

/** A bright color whose hue is a golden-ratio step from the one before: neighbors in the order never look alike. */
function regionColor(index: number): [red: number, green: number, blue: number] {
  const hue = (index * 0.618034) % 1;
  const channel = (offset: number): number => {
    const position = (hue + offset) % 1;
    const level = Math.min(1, Math.max(0, Math.abs(position * 6 - 3) - 1));
    return Math.round(255 * (0.15 + 0.8 * level));
  };
  return [channel(0), channel(2 / 3), channel(1 / 3)];
}

const white = Uint8Array.of(255, 255, 255);

/** Moves pixel p of `data` towards the color at `offset` in `colors`, by `share` of the way. */
function mixPixel(data: Uint8Array, p: number, colors: Uint8Array, offset: number, share: number): void {
  for (let c = 0; c < 3; c++)
    data[p * 3 + c] = Math.round((1 - share) * data[p * 3 + c] + share * colors[offset + c]);
}

/** Whitens each pixel whose right or lower neighbor is of another region, where that pair `isDrawn`. */
function drawContours(
  data: Uint8Array,
  { height, width, data: regions }: Size & { readonly data: Uint8Array | Int32Array },
  isDrawn: (a: number, b: number) => boolean,
): void {
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, p++) {
      const region = regions[p];
      const right = j + 1 < width ? regions[p + 1] : region;
      const below = i + 1 < height ? regions[p + width] : region;
      if ((right !== region && isDrawn(region, right)) || (below !== region && isDrawn(region, below)))
        mixPixel(data, p, white, 0, 0.85);
    }
  }
}
