import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { namedClasses } from "./named-classes.ts";

function named(kind: "boxes" | "points", file: string, content: string): Promise<string[] | undefined> {
  const folder = temporaryFolder();
  writeTree(folder, { [file]: content });
  return namedClasses(join(folder, file.replace(/^voc\/.*/, "voc")), kind);
}

describe("namedClasses", () => {
  it("has each name of a CSV once, in alphabetical order", async () => {
    const boxes = "file,class,x0,y0,x1,y1\na.jpg,wheel,0,0,1,1\nb.jpg,door,0,0,1,1\na.jpg,wheel,1,1,2,2\n";
    expect(await named("boxes", "parts.csv", boxes)).toEqual(["door", "wheel"]);
    const points = "file,class,x,y,positive\na.jpg,wheel,0,0,\na.jpg,left door,1,1,0\n";
    expect(await named("points", "parts.csv", points)).toEqual(["left door", "wheel"]);
  });

  it("has the names of VOC's objects, in folders too", async () => {
    const box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>";
    const size = "<size><width>3</width><height>2</height></size>";
    const objects = ["wheel", "door"].map((name) => `<object><name>${name}</name>${box}</object>`).join("");
    const xml = `<annotation><filename>a.jpg</filename>${size}${objects}</annotation>`;
    expect(await named("boxes", "voc/Annotations/sub/a.xml", xml)).toEqual(["door", "wheel"]);
  });

  it("leaves other files to who reads them", async () => {
    expect(await named("boxes", "parts.json", "{}")).toBeUndefined();
  });

  it("refuses a file that names nothing", async () => {
    const header = "file,class,x0,y0,x1,y1\n";
    await expect(named("boxes", "parts.csv", header)).rejects.toThrow(
      /parts\.csv: expected some boxes, got none$/,
    );
  });

  it("refuses numbers, which are names of nothing without a list", async () => {
    const boxes = "file,class,x0,y0,x1,y1\na.jpg,3,0,0,1,1\n";
    await expect(named("boxes", "parts.csv", boxes)).rejects.toThrow(
      /class: expected a name, as there is no --classes, got "3"$/,
    );
    await expect(named("points", "parts.csv", boxes)).rejects.toThrow(/a header line file,class,x,y/);
  });
});
