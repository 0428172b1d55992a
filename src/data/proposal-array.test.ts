import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { decodeRle } from "../core/rle.ts";
import { draw } from "../testing/picture.ts";
import { decodeProposalArray } from "./proposal-array.ts";

/** A .npy file, format 1.0. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${list}), }\n`;
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]),
    Buffer.from(header),
    data,
  ]);
}

const pixels = Uint8Array.of(0, 1, 1, 0, 0, 0, /* */ 0, 0, 0, 0, 0, 1); // [2, 2, 3]
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe("decodeProposalArray", () => {
  it.each([
    ["bool", npy("|b1", [2, 2, 3], pixels)],
    ["uint8 of 0 and 1", npy("|u1", [2, 2, 3], pixels)],
    [
      "uint8 of 0 and 255",
      npy(
        "|u1",
        [2, 2, 3],
        pixels.map((value) => value * 255),
      ),
    ],
    [
      "an archive's array masks",
      zipSync({ "masks.npy": npy("|b1", [2, 2, 3], pixels), "x.npy": npy("<f4", [1], floats(1)) }),
    ],
    ["an archive's only array", zipSync({ "arr_0.npy": npy("|b1", [2, 2, 3], pixels) })],
  ])("reads %s", (_, bytes) => {
    const { id, height, width, proposals } = decodeProposalArray(bytes, "in/a.npz");
    expect({ id, height, width }).toEqual({ id: "a", height: 2, width: 3 });
    expect(proposals.map(({ rle }) => draw(decodeRle(rle)))).toEqual([".## ...", "... ..#"]);
    expect(proposals[1]).toMatchObject({
      area: 1,
      box: { x0: 2, y0: 1, x1: 3, y1: 2 },
      predictedIou: Number.NaN,
    });
  });

  it("takes qualities from arrays beside the masks", () => {
    const bytes = zipSync({
      "masks.npy": npy("|b1", [2, 2, 3], pixels),
      "predicted_iou.npy": npy("<f4", [2], floats(0.5, 0.25)),
      "stability_score.npy": npy("<f4", [2], floats(1, 0)),
    });
    const { proposals } = decodeProposalArray(bytes, "a.npz");
    expect(proposals.map(({ predictedIou, stability }) => [predictedIou, stability])).toEqual([
      [0.5, 1],
      [0.25, 0],
    ]);
  });

  it("reads a picture without masks", () => {
    expect(decodeProposalArray(npy("|b1", [0, 2, 3], new Uint8Array(0)), "a.npy")).toEqual({
      id: "a",
      height: 2,
      width: 3,
      proposals: [],
    });
  });

  it.each([
    [
      "two dimensions",
      npy("|b1", [2, 3], pixels.subarray(6)),
      /a\.npz: expected masks \[N, H, W\] of bool or uint8, got bool \[2, 3\]$/,
    ],
    ["floats", npy("<f4", [1, 1, 1], floats(1)), /got float32 \[1, 1, 1\]$/],
    [
      "values that are no mask",
      npy(
        "|u1",
        [2, 2, 3],
        pixels.map((value) => value * 7),
      ),
      /a\.npz: mask 0: expected masks of 0 and 1, or of 0 and 255, got 7$/,
    ],
    [
      "masks of two kinds",
      npy("|u1", [2, 1, 1], Uint8Array.of(1, 255)),
      /a\.npz: mask 1: expected 0 or 1 as in the pixels before, got 255$/,
    ],
    [
      "no masks among several arrays",
      zipSync({ "a.npy": npy("<f4", [1], floats(1)), "b.npy": npy("<f4", [1], floats(1)) }),
      /expected an array "masks", got a, b$/,
    ],
    [
      "qualities of another number",
      zipSync({
        "masks.npy": npy("|b1", [2, 2, 3], pixels),
        "predicted_iou.npy": npy("<f4", [1], floats(1)),
      }),
      /predicted_iou: expected float32 or float64 \[2\], got float32 \[1\]$/,
    ],
    [
      "a size without pixels",
      npy("|b1", [1, 0, 3], new Uint8Array(0)),
      /expected a height and width of at least 1/,
    ],
    [
      "a header that lies",
      npy("|b1", [1, 60000, 60000], new Uint8Array(6)),
      /a\.npz: expected 3600000000 bytes of data/,
    ],
    ["other bytes", Buffer.from("nothing"), /a\.npz: expected a \.npy file/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeProposalArray(bytes, "a.npz")).toThrow(message);
  });
});
