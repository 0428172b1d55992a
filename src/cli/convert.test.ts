import { describe, expect, it } from "vitest";
import type { Conversion } from "../data/convert/convert.ts";
import { convertFormats } from "../data/convert/convert.ts";
import { convertCommand, describeConversion } from "./convert.ts";

const conversion: Conversion = {
  from: "labels",
  to: "coco",
  written: true,
  pictures: 3,
  losses: [
    {
      kind: "ignore-pixels",
      meaning: "pixels of class 255",
      count: 12,
      pictures: 2,
      examples: [
        { id: "b", count: 8 },
        { id: "a", count: 4 },
      ],
    },
  ],
  roundTrip: { compared: 5, meanIou: 0.99999, minIou: 0.75, worst: "c" },
  warnings: [],
};

describe("convert", () => {
  it("offers the formats there are", () => {
    const formats = convertCommand().options.filter(({ long }) => long === "--from" || long === "--to");
    expect(formats.map(({ argChoices }) => argChoices)).toEqual([[...convertFormats], [...convertFormats]]);
  });

  it("has examples in its help", () => {
    let help = "";
    convertCommand()
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp();
    expect(help.match(/\$ maskwright convert/g)?.length).toBe(7);
    expect(help).toContain("docs/convert.md");
  });

  it("prints the ledger", () => {
    expect(describeConversion(conversion, "out.json").split("\n")).toEqual([
      "labels → coco: 3 pictures",
      "lost:",
      "  ignore-pixels: 12 in 2 pictures",
      "    pixels of class 255",
      "    most in b (8), a (4)",
      "read back: mean IoU 0.9999, lowest 0.7500 in c, of 5 regions",
      "written to out.json",
      "",
    ]);
  });

  it("says that nothing was lost, or that nothing was written", () => {
    const roundTrip = { compared: 0, meanIou: null, minIou: null, worst: null };
    expect(describeConversion({ ...conversion, losses: [], roundTrip, warnings: ["w"] }, "x")).toBe(
      "labels → coco: 3 pictures\nwarning: w\nlost: nothing\nwritten to x\n",
    );
    expect(describeConversion({ ...conversion, written: false }, "x")).toMatch(
      /nothing was written \(--strict\)\n$/,
    );
  });
});
