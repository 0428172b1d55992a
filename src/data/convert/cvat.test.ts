import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readThings, writeThings } from "../../testing/things.ts";
import { labelPng } from "../../testing/tree.ts";

const label = (name: string): string =>
  `<label><name>${name}</name><color>#0a0B0c</color><attributes/></label>`;

/** A file of CVAT with one image of 2 × 4 pixels. */
function cvat(shapes: string, head = ""): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>7</id><labels>${label("cat")}${label("a &lt; b")}</labels></task></meta>
  ${head}<image id="0" name="sub/a.jpg" width="4" height="2">
    ${shapes}
  </image>
</annotations>
`;
}

const box = 'xtl="0" ytl="0" xbr="1" ybr="1"';
const read = (shapes: string, head?: string) =>
  readThings("cvat", { "in.xml": cvat(shapes, head) }, "in.xml");

describe("CVAT", () => {
  it("reads polygons, boxes and masks of boxes, groups as one object, and layers by z_order", async () => {
    const { things, losses } = await read(`
      <box label="cat" occluded="0" xtl="2.00" ytl="0.00" xbr="4.00" ybr="1.00" z_order="2"><attribute name="x">1</attribute></box>
      <polygon label="a &lt; b" points="0,0;1,0;1,1;0,1" group_id="3" z_order="0"></polygon>
      <mask label="cat" rle="1, 2, 1" left="1" top="0" width="2" height="2" z_order="-1"/>
      <polygon label="a &lt; b" points="3,1;4,1;4,2;3,2" group_id="3"></polygon>
      <points label="cat" points="1,1"></points><tag label="cat"></tag>`);
    expect(things).toEqual({ "sub/a": ["1 ..#. .#..", "2 #... ...#", "1 ..## ...."] });
    expect(losses).toMatchObject({ shapes: 2, attributes: 1 });
  });

  it("turns boxes about their centers", async () => {
    const { things } = await read(
      '<box label="cat" xtl="0.5" ytl="0.5" xbr="2.5" ybr="1.5" rotation="90.00"/>',
    );
    expect(things).toEqual({ "sub/a": ["1 .#.. .#.."] });
  });

  it("writes masks as run lengths of rows, and names as XML has them", async () => {
    const classes = { name: "odd", classes: ["background", 'a < "b"'] };
    const output = await writeThings("cvat", { "in/a&b.png": labelPng("0110 0010") }, { classes });
    const text = readFileSync(output, "utf8");
    expect(text).toContain("<label><name>a &lt; &quot;b&quot;</name><color>#800000</color>");
    expect(text).toContain('<image id="0" name="a&amp;b.jpg" width="4" height="2">');
    expect(text).toContain(
      '<mask label="a &lt; &quot;b&quot;" source="file" occluded="0" rle="0, 2, 1, 1" left="1" top="0" width="2" height="2" z_order="0"></mask>',
    );
  });

  it("keeps splits as subsets", async () => {
    const files = { "in/ann_dir/train/a.png": labelPng("01"), "in/ann_dir/val/b.png": labelPng("10") };
    const output = await writeThings("cvat", files, { from: "mmseg" });
    expect(readFileSync(output, "utf8")).toContain('name="b.jpg" subset="val"');
  });

  it.each<[string, string, string | undefined, RegExp]>([
    [
      "a label that is not listed",
      `<box label="dog" ${box}/>`,
      undefined,
      /<box> 1: expected a label of the file's list, got "dog"/,
    ],
    [
      "a mask that leaves the picture",
      '<mask label="cat" rle="0,4" left="3" top="0" width="2" height="2"/>',
      undefined,
      /expected a box of whole pixels inside/,
    ],
    [
      "run lengths that are short",
      '<mask label="cat" rle="0,3" left="0" top="0" width="2" height="2"/>',
      undefined,
      /rle: expected run lengths that sum to 4, got 3/,
    ],
    [
      "run lengths that are long",
      '<mask label="cat" rle="0,9" left="0" top="0" width="2" height="2"/>',
      undefined,
      /rle\[1\]: expected run lengths that sum to 4, got 9/,
    ],
    [
      "points that are words",
      '<polygon label="cat" points="a,b;1,1;2,2"/>',
      undefined,
      /<polygon> 1\[0\]: expected a number/,
    ],
    ["no points", '<polygon label="cat"/>', undefined, /three or more corners/],
    ["a video", "", '<track id="0" label="cat"></track>', /expected no <track>, got one/],
    [
      "comments, in which tags could hide",
      "",
      "<!-- <image> -->",
      /expected XML without comments, CDATA or a document type/,
    ],
    [
      "two images of one name",
      "",
      '<image id="1" name="sub/a.png" width="1" height="1"/>',
      /one image for each label map/,
    ],
    [
      "an image outside",
      "",
      '<image id="1" name="../a.png" width="1" height="1"/>',
      /expected a name of a photo, got a path with "\.\."/,
    ],
    [
      "a subset outside",
      "",
      '<image id="1" name="b.png" subset="../x" width="1" height="1"/>',
      /names of pictures and splits/,
    ],
    [
      "a picture of no size",
      "",
      '<image id="1" name="b.png" width="0" height="1"/>',
      /expected a height and width/,
    ],
    [
      "a picture too large",
      "",
      '<image id="1" name="b.png" width="100000" height="100000"/>',
      /at most 100000000 pixels/,
    ],
  ])("refuses %s", async (_, shapes, head, message) => {
    await expect(read(shapes, head)).rejects.toThrow(message);
  });

  it.each([
    [
      "a document type",
      '<!DOCTYPE x [<!ENTITY a "b">]><annotations></annotations>',
      /comments, CDATA or a document type/,
    ],
    ["a cut file", "<annotations><image name='a'>", /expected XML to its last tag/],
    ["a cut tag", "<annotations><image", /expected XML to its last tag, got a tag that does not end/],
    ["no XML", "[1]", /expected XML to its last tag/],
    ["deep nesting", "<a>".repeat(30), /tags nested 0 to 20 deep/],
    ["another XML", "<annotation></annotation>", /expected (XML|<annotations>)/],
  ])("refuses %s", async (_, text, message) => {
    await expect(readThings("cvat", { "in.xml": text }, "in.xml")).rejects.toThrow(message);
  });
});
