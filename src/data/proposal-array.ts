import { basename } from "node:path";
import type { NdArray } from "../core/array.ts";
import { badFormat } from "../core/error.ts";
import type { Size } from "../core/geometry.ts";
import { checkSize, MAX_PROPOSALS } from "../core/limits.ts";
import type { Proposal, ProposalSet } from "../core/proposal.ts";
import { encodeRle, rleArea, rleBox } from "../core/rle.ts";
import { readNpy } from "./npy.ts";
import { isZip, readNpz } from "./npz.ts";
import { pictureId } from "./picture-id.ts";

/**
 * The proposals in a .npy or .npz file: masks [N, H, W] of bool or uint8, of 0 and 1 or of 0 and 255. In a .npz
 * they are the array "masks", or the only one; "predicted_iou" and "stability_score" [N] may stand beside them.
 *
 * @param where  the file's path: names it in messages and gives the id
 * @throws MaskwrightError BAD_FORMAT for other arrays, shapes or values
 */
export function decodeProposalArray(bytes: Uint8Array, where: string): ProposalSet {
  const arrays = isZip(bytes) ? readNpz(bytes, where) : new Map([["masks", readNpy(bytes, where)]]);
  const masks = arrays.get("masks") ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
  if (masks === undefined) throw badFormat(where, 'an array "masks"', `${[...arrays.keys()].join(", ")}`);
  const { dtype, shape } = masks;
  if (shape.length !== 3 || (dtype !== "bool" && dtype !== "uint8"))
    throw badFormat(where, "masks [N, H, W] of bool or uint8", `${dtype} [${shape.join(", ")}]`);
  const [count, height, width] = shape;
  if (count > MAX_PROPOSALS) throw badFormat(where, `at most ${MAX_PROPOSALS} masks`, String(count));
  if (count > 0) checkSize(where, { height, width });
  const data = masks.data as Uint8Array;
  checkValues(data, { height, width }, where);
  const predictedIous = readQualities(arrays, "predicted_iou", count, where);
  const stabilities = readQualities(arrays, "stability_score", count, where);
  const proposals = Array.from({ length: count }, (_, k): Proposal => {
    const pixels = data.subarray(k * height * width, (k + 1) * height * width); // [H, W]
    const rle = encodeRle({ height, width, data: pixels });
    const [predictedIou, stability] = [predictedIous[k], stabilities[k]];
    return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou, stability };
  });
  return { id: pictureId(basename(where)), height, width, proposals };
}

/** Throws unless all set pixels are 1 or all are 255: anything else is no stack of masks. */
function checkValues(data: Uint8Array, { height, width }: Size, where: string): void {
  let set = 0;
  for (let p = 0; p < data.length; p++) {
    const value = data[p];
    if (value === 0 || value === set) continue;
    if (set !== 0 || (value !== 1 && value !== 255)) {
      const expected =
        set === 0 ? "masks of 0 and 1, or of 0 and 255" : `0 or ${set} as in the pixels before`;
      throw badFormat(`${where}: mask ${Math.floor(p / (height * width))}`, expected, String(value));
    }
    set = value;
  }
}

/** [N]; NaN where the file does not say. */
function readQualities(
  arrays: ReadonlyMap<string, NdArray>,
  name: string,
  count: number,
  where: string,
): ArrayLike<number> {
  const array = arrays.get(name);
  if (array === undefined) return new Float64Array(count).fill(Number.NaN);
  const { dtype, shape, data } = array;
  if ((dtype === "float32" || dtype === "float64") && shape.length === 1 && shape[0] === count)
    return data as Float32Array | Float64Array;
  throw badFormat(`${where}: ${name}`, `float32 or float64 [${count}]`, `${dtype} [${shape.join(", ")}]`);
}
