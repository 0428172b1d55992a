import type { ClassMaps, Probs } from "../../core/class-maps.ts";
import { MaskwrightError } from "../../core/error.ts";
import type { Box, Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { ClassId } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { mirrorRows } from "../../core/mirror.ts";
import { cropResized } from "./inference-crop.ts";
import { addLogits } from "./inference-grid.ts";
import type { LogitGrid, PixelClassifier } from "./inference-network.ts";
import { planViews, type ScoreOptions, type View } from "./inference-views.ts";
import { type WindowAxis, windowSpan, windowStart, windowsOver } from "./inference-windows.ts";

/** What a network says of a picture, computed where it is asked for. */
export interface ScoreField extends Size {
  /** Id of each channel. */
  readonly classes: readonly ClassId[];
  /**
   * The scores in a box: logits of the one look at the picture, or the mean of the probabilities of several.
   *
   * @param box   in pixels of `grid`
   * @param grid  how finely the whole picture is asked about; default its own pixels
   * @throws MaskwrightError ABORTED when the signal has fired
   */
  read(box: Box, grid?: Size): Promise<ClassMaps<"logit" | "prob">>;
}

/** Logits of windows that are kept while others beside them are computed. */
const WINDOW_BYTES = 2 ** 30;

/**
 * A network's scores for every pixel of a picture.
 *
 * Logits of windows are stretched bilinearly from the network's grid and averaged by their number at each pixel; every scale and its mirror
 * image is such a look, and the probabilities of several are averaged. Windows are computed when a box needs them, and up to 1 GiB of their
 * logits is kept: reading boxes in strips along the shorter side computes each once.
 *
 * Differs from mmsegmentation: logits go to the picture's pixels in one step, not by way of the resized picture; a mirrored window is the one
 * that is mirrored, where there the windows begin at the other end; shrinking averages; sides are padded to the network's multiples.
 *
 * @param classes  id of each channel, ascending
 * @throws MaskwrightError INVALID_ARGUMENT for an option out of range
 * @see mmsegmentation, `EncoderDecoder.slide_inference`, `whole_inference` and `aug_test`
 */
export function openScores(
  classifier: PixelClassifier,
  classes: readonly ClassId[],
  image: RgbImage,
  options: ScoreOptions = {},
): ScoreField {
  checkSize("openScores: image", image);
  const { signal } = options;
  const views = planViews(classifier.sides, image, options);
  const keep = createWindowStore(WINDOW_BYTES);
  const checkGoing = (): void => {
    if (signal?.aborted === true)
      throw new MaskwrightError("ABORTED", "openScores: stopped in the middle of a picture");
  };
  const compute = (view: View, k: number, l: number): Promise<LogitGrid> => {
    checkGoing();
    const [y0, x0] = [windowStart(view.rows, k), windowStart(view.columns, l)];
    const box = { y0, x0, y1: y0 + view.rows.length, x1: x0 + view.columns.length };
    const seen = cropResized(image, view.size, box);
    const data = view.isMirrored ? mirrorRows(seen.data, seen.width, 3) : seen.data;
    return classifier.classify({ ...seen, data });
  };

  const readView = async (index: number, box: Box, grid: Size): Promise<Float32Array> => {
    const view = views[index];
    const [height, width] = [box.y1 - box.y0, box.x1 - box.x0];
    const sums = new Float32Array(classes.length * height * width);
    const counts = { rows: new Uint16Array(height), columns: new Uint16Array(width) };
    const rows = spansIn(view.rows, box.y0, box.y1, grid.height);
    const columns = spansIn(view.columns, box.x0, box.x1, grid.width);
    for (const { from, to } of rows) for (let i = from; i < to; i++) counts.rows[i - box.y0]++;
    for (const { from, to } of columns) for (let j = from; j < to; j++) counts.columns[j - box.x0]++;
    for (const row of rows)
      for (const column of columns) {
        const logits = await keep(`${index} ${row.k} ${column.k}`, () => compute(view, row.k, column.k));
        const part = { y0: row.from, y1: row.to, x0: column.from, x1: column.to };
        const offset = { y: windowStart(view.rows, row.k), x: windowStart(view.columns, column.k) };
        addLogits({ sums, box }, part, logits, {
          row: (i) => ((i + 0.5) * view.size.height) / grid.height - offset.y,
          column: (j) => {
            const x = ((j + 0.5) * view.size.width) / grid.width - offset.x;
            return view.isMirrored ? view.columns.length - x : x;
          },
        });
      }
    divideByCounts(sums, counts);
    return sums;
  };

  return {
    height: image.height,
    width: image.width,
    classes,
    async read(box, grid = image) {
      checkGoing();
      const result = { classes, height: box.y1 - box.y0, width: box.x1 - box.x0 };
      const logits = await readView(0, box, grid);
      if (views.length === 1) return { kind: "logit", ...result, data: logits };
      const data = softmaxOverClasses(logits, classes.length);
      for (let index = 1; index < views.length; index++) {
        const next = softmaxOverClasses(await readView(index, box, grid), classes.length);
        for (let p = 0; p < data.length; p++) data[p] += next[p];
      }
      for (let p = 0; p < data.length; p++) data[p] /= views.length;
      return { kind: "prob", ...result, data };
    },
  };
}

/** The probabilities that scores are or stand for; logits are overwritten. */
export function toProbs({ kind, data, ...maps }: ClassMaps<"logit" | "prob">): Probs {
  return {
    ...maps,
    kind: "prob",
    data: kind === "prob" ? data : softmaxOverClasses(data, maps.classes.length),
  };
}

/** Softmax over the channels of [C, pixels], in place. */
function softmaxOverClasses(values: Float32Array, channels: number): Float32Array {
  const area = values.length / channels;
  for (let p = 0; p < area; p++) {
    let high = Number.NEGATIVE_INFINITY;
    for (let q = p; q < values.length; q += area) if (values[q] > high) high = values[q];
    let sum = 0;
    for (let q = p; q < values.length; q += area) sum += values[q] = Math.exp(values[q] - high);
    for (let q = p; q < values.length; q += area) values[q] /= sum;
  }
  return values;
}

/** A window's part of a stretch of the grid. */
interface Span {
  readonly k: number;
  readonly from: number;
  readonly to: number;
}

function spansIn(axis: WindowAxis, from: number, to: number, gridTotal: number): Span[] {
  const scale = axis.total / gridTotal;
  const { first, end } = windowsOver(axis, from * scale, to * scale);
  return Array.from({ length: end - first }, (_, n) => {
    const span = windowSpan(axis, first + n, gridTotal);
    return { k: first + n, from: Math.max(from, span.from), to: Math.min(to, span.to) };
  }).filter((span) => span.from < span.to);
}

function divideByCounts(
  sums: Float32Array,
  { rows, columns }: { readonly rows: Uint16Array; readonly columns: Uint16Array },
): void {
  if (rows.every((count) => count === 1) && columns.every((count) => count === 1)) return;
  for (let p = 0; p < sums.length; )
    for (let i = 0; i < rows.length && p < sums.length; i++)
      for (let j = 0; j < columns.length; j++) sums[p++] /= rows[i] * columns[j];
}

/** Keeps what was computed last, up to so many bytes; one that is larger alone stays until the next. */
function createWindowStore(
  maxBytes: number,
): (key: string, compute: () => Promise<LogitGrid>) => Promise<LogitGrid> {
  const entries = new Map<string, LogitGrid>();
  let bytes = 0;
  return async (key, compute) => {
    const found = entries.get(key) ?? (await compute());
    if (entries.delete(key)) bytes -= found.data.byteLength;
    for (const [oldest, { data }] of entries) {
      if (bytes + found.data.byteLength <= maxBytes) break;
      entries.delete(oldest);
      bytes -= data.byteLength;
    }
    entries.set(key, found);
    bytes += found.data.byteLength;
    return found;
  };
}
