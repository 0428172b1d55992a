import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../core/image.ts";
import { vocPalette } from "../../core/label-map.ts";
import type { Proposal } from "../../core/proposal.ts";
import { encodeRle, rleArea, rleBox } from "../../core/rle.ts";
import { labels, mask } from "../../testing/picture.ts";
import { grayPicture, overlayLabels, overlayProposals } from "./overlay.ts";

const palette = vocPalette();
const solid = { alpha: 1 };

function proposal(drawing: string): Proposal {
  const rle = encodeRle(mask(drawing));
  return { rle, area: rleArea(rle), box: rleBox(rle), predictedIou: 1, stability: 1 };
}

/** "." is the gray of the picture, "|" what a line or the hatch whitened; other colors are a, b, c … as they appear. */
function drawColors({ height, width, data }: RgbImage): string {
  const letters = new Map<string, string>();
  const letterOf = (p: number): string => {
    const rgb = Array.from(data.subarray(p * 3, p * 3 + 3));
    if (rgb.every((value) => value === 150)) return ".";
    if (rgb.every((value) => value >= 0.8 * 255)) return "|";
    const letter = letters.get(rgb.join()) ?? String.fromCharCode(97 + letters.size);
    letters.set(rgb.join(), letter);
    return letter;
  };
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => letterOf(i * width + j)).join(""),
  ).join(" ");
}

describe("overlayLabels", () => {
  it("mixes class colors into the photo and leaves background as it is", () => {
    const one = overlayLabels(grayPicture({ height: 1, width: 1 }), labels("1"), palette, { alpha: 0.5 });
    expect([...one.data]).toEqual([139, 75, 75]); // halfway from 150, 150, 150 to 128, 0, 0
    const empty = grayPicture({ height: 2, width: 3 });
    expect(overlayLabels(empty, labels("000 000"), palette)).toEqual(empty);
  });

  it("draws a line where two classes meet", () => {
    const picture = grayPicture({ height: 3, width: 5 });
    const drawn = overlayLabels(picture, labels("01122 01122 00000"), palette, solid);
    expect(drawColors(drawn)).toBe("|a|bb ||||| .....");
  });

  it("hatches ignore and draws no line around it", () => {
    const picture = grayPicture({ height: 2, width: 8 });
    const drawn = overlayLabels(picture, labels("xxxxxxx1 xxxxxx00"), palette, solid);
    expect(drawColors(drawn)).toBe("||....|| |....|.."); // hatched where (i + j) % 6 < 2; the 1 has a line below
  });

  it("changes neither input, and refuses another size", () => {
    const picture = grayPicture({ height: 1, width: 2 });
    const map = labels("12");
    overlayLabels(picture, map, palette);
    expect(picture).toEqual(grayPicture({ height: 1, width: 2 }));
    expect(map).toEqual(labels("12"));
    expect(() => overlayLabels(picture, labels("1 2"), palette)).toThrow(
      "overlayLabels: expected labels of 1×2 like the image, got 2×1",
    );
  });
});

describe("overlayProposals", () => {
  it("puts small proposals over large ones, whatever their order", () => {
    const picture = grayPicture({ height: 3, width: 4 });
    const whole = proposal("#### #### ####");
    const nested = proposal(".... ..## ..##");
    const drawn = overlayProposals(picture, [nested, whole]);
    expect(drawColors(drawn)).toBe("aa|| a|bb a|bb");
    expect(drawColors(overlayProposals(picture, [whole, nested]))).toBe(drawColors(drawn));
  });

  it("gives a proposal the color of its index", () => {
    const picture = grayPicture({ height: 1, width: 3 });
    const [left, right] = [proposal("#.."), proposal("..#")];
    const first = overlayProposals(picture, [left, right]);
    expect([...first.data.subarray(6)]).toEqual([
      ...overlayProposals(picture, [left, right]).data.subarray(6),
    ]);
    expect([...overlayProposals(picture, [right]).data.subarray(6)]).not.toEqual([...first.data.subarray(6)]);
  });

  it("shows the photo where there is no proposal, and fits masks of another size", () => {
    const picture = grayPicture({ height: 2, width: 3 });
    expect(overlayProposals(picture, [])).toEqual(picture);
    expect(overlayProposals(picture, [proposal("... ...")])).toEqual(picture);
    const small = grayPicture({ height: 1, width: 2 });
    const drawn = overlayProposals(small, [proposal("##.. ##..")], solid);
    expect([...drawn.data.subarray(3)]).toEqual([150, 150, 150]);
    expect([...drawn.data.subarray(0, 3)]).not.toEqual([150, 150, 150]);
  });
});
