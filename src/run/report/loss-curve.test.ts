import { XMLParser } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import type { TrainLine } from "../train-log.ts";
import { toMarkup } from "./html.ts";
import { lossCurve } from "./loss-curve.ts";

function lines(...losses: readonly number[]): TrainLine[] {
  return losses.map((loss, i) => ({ step: i + 1, rate: 0.1, loss }));
}

function draw(...losses: readonly number[]): string {
  return toMarkup(lossCurve(lines(...losses)));
}

function parse(svg: string): { svg: { polyline: Record<string, string>; text: unknown[] } } {
  return new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(svg);
}

describe("lossCurve", () => {
  it("goes from the first loss at the left to the last at the right, highest on top", () => {
    const { points } = parse(draw(4, 2, 0)).svg.polyline;
    expect(points).toBe("242.7,8.0 437.3,102.0 632.0,196.0");
  });

  it("has round numbers at its scales", () => {
    const text = draw(0.7, 0.31, 0.28).matchAll(/>([\d.]+)<\/text>/g);
    expect([...text].map(([, number]) => number)).toEqual([
      "0",
      "0.2",
      "0.4",
      "0.6",
      "0",
      "0.5",
      "1",
      "1.5",
      "2",
      "2.5",
      "3",
    ]);
  });

  it("draws many steps as means within a span", () => {
    const losses = Array.from({ length: 3000 }, (_, i) => (i % 2 === 0 ? 1 : 3));
    const svg = draw(...losses);
    const { points } = parse(svg).svg.polyline;
    expect(points.split(" ")).toHaveLength(300);
    // The mean, 2, is at two thirds of 3.
    expect(new Set(points.split(" ").map((point) => point.split(",")[1]))).toEqual(new Set(["70.7"]));
  });

  it("is a picture without steps too, and with one loss only", () => {
    expect(draw()).toContain("<svg");
    expect(draw(0)).not.toContain("NaN");
  });
});
