import { describe, expect, it } from "vitest";
import { vocPalette } from "../../core/label-map.ts";
import { confusion, scores } from "../../core/metrics.ts";
import { labels } from "../../testing/picture.ts";
import { renderReport } from "./render.ts";
import type { ReportImage, ReportPictures, RunReport, StageScores } from "./report.ts";

const names = ["background", "cat", "dog"];
const pixel = "data:image/png;base64,iVBORw0KGgo=";

function stage(name: string, drawing: string, classNames = names): StageScores {
  return { name, scores: scores(confusion(labels(drawing), labels("0011 0011"), 3), classNames) };
}

const image = (id: string, before: number | null, after: number | null): ReportImage => ({
  id,
  before,
  after,
  changed: 0.125,
});
const picture = (id: string, source = pixel): ReportPictures => ({
  id,
  panels: ["image", "before", "proposals", "after", "truth"].map((caption) => ({ caption, source })),
  classes: [1],
});

const report: RunReport = {
  title: "SEPL: refined pseudo labels",
  summary: "Two images.",
  facts: [{ name: "seed", value: "0" }],
  notes: ["synthetic scenes"],
  stages: [stage("before", "0000 0011"), stage("after", "0001 0011")],
  trainings: [],
  images: [image("a", 0.5, 0.75), image("b", 0.5, 0.25)],
  pictures: [picture("a"), picture("b")],
  classNames: names,
  palette: vocPalette(),
};

/** Everything between tags, one space between pieces. */
function textOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
}

/** Names of the elements left open or closed out of order. */
function unbalancedTags(page: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, rest] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (slash === "" && !rest.endsWith("/") && !["meta", "img"].includes(name)) open.push(name);
    else if (slash === "/" && open.pop() !== name) return [name];
  }
  return open;
}

describe("renderReport", () => {
  it("shows the headline, the data set's figures, the classes, the images and the facts", () => {
    const page = renderReport(report);
    const text = textOf(page);
    expect(text).toContain("mIoU 58.33 → 77.50 +19.17");
    expect(text).toContain("pixel accuracy 75.00 87.50 +12.50");
    expect(text).toContain("cat 50.00 75.00 +25.00 100.00 75.00");
    expect(text).toContain("1 better , 0 unchanged, 1 worse");
    expect(text).toContain("The best image a mIoU 50.00 → 75.00 +25.00 · 12.5 % of pixels changed cat");
    expect(text).toContain("The worst image b mIoU 50.00 → 25.00 −25.00");
    expect(text).toContain("synthetic scenes");
    expect(text).toContain("This run seed 0");
    expect(page.match(/<img/g)).toHaveLength(10);
    expect(unbalancedTags(page)).toEqual([]);
  });

  it("sorts classes by gain, undefined ones last, and draws what each gained", () => {
    const page = renderReport(report);
    const order = [...page.matchAll(/<\/span>(background|cat|dog)<\/th>/g)].map(([, name]) => name);
    expect(order).toEqual(["cat", "background", "dog"]);
    expect(page).toContain('<rect class="kept" x="0%" y="6.5" width="50%"');
    expect(page).toContain('<rect class="gained" x="50%" y="6.5" width="25%"');
    expect(textOf(page)).toContain("dog – – – – –");
    const loss = renderReport({ ...report, stages: report.stages.toReversed() });
    expect(loss).toContain('<rect class="lost" x="50%" y="6.5" width="25%"');
  });

  it("escapes every text", () => {
    const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;
    const page = renderReport({
      title: hostile,
      summary: hostile,
      facts: [{ name: hostile, value: hostile }],
      notes: [hostile],
      stages: [stage(hostile, "0000 0011", [hostile, hostile, hostile]), stage(hostile, "0001 0011")],
      trainings: [{ name: hostile, lines: [{ step: 1, rate: 1, [hostile]: 1 }] }],
      images: [image(hostile, 0.5, 0.75)],
      pictures: [{ id: hostile, panels: [{ caption: hostile, source: pixel }], classes: [1, 200] }],
      classNames: [hostile, hostile, hostile],
      palette: vocPalette(),
    });
    expect(page).not.toContain("<script");
    expect(page.match(/<img/g)).toHaveLength(1);
    expect(page.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\sonerror/);
    expect(unbalancedTags(page)).toEqual([]);
  });

  it.each([
    "https://example.org/a.png",
    "javascript:alert(1)",
    `${pixel}" onerror="alert(1)`,
    "data:image/svg+xml;base64,PHN2Zz4=",
    "",
  ])("refuses a panel that is no embedded picture: %s", (source) => {
    expect(() => renderReport({ ...report, pictures: [picture("a", source)] })).toThrow(
      'report: panel "image" of a: expected a data URI of a JPEG or PNG in base64',
    );
  });

  it("loads nothing and runs nothing", () => {
    const page = renderReport(report);
    expect(page).toContain("default-src &#39;none&#39;");
    expect(page).not.toMatch(/https?:|<script|<link|@import|url\(/);
  });

  it("shows one stage without a comparison", () => {
    const page = renderReport({
      ...report,
      stages: [stage("labels", "0000 0011")],
      images: [image("a", null, 0.5)],
      pictures: [picture("a")],
    });
    const text = textOf(page);
    expect(text).toContain("cat 50.00 100.00 50.00");
    expect(text).toContain("Images a mIoU 50.00 · 12.5 %");
    expect(text).not.toContain("change ");
    expect(page).not.toContain('class="gained"');
  });

  it("shows pictures without ground truth", () => {
    const text = textOf(renderReport({ ...report, stages: [], images: [image("a", null, null)] }));
    expect(text).toContain("Images a 12.5 % of pixels changed cat image before");
    expect(text).not.toContain("mIoU");
  });

  it("is a page even of nothing at all", () => {
    const page = renderReport({
      ...report,
      facts: [],
      notes: [],
      stages: [],
      images: [],
      pictures: [],
    });
    expect(textOf(page).trim()).toBe("SEPL: refined pseudo labels SEPL: refined pseudo labels Two images.");
    expect(unbalancedTags(page)).toEqual([]);
  });

  it("has boundary F where it was measured", () => {
    expect(renderReport(report)).not.toContain("boundary F");
    const [before, after] = report.stages;
    const stages = [
      { ...before, boundaryF: 0.25 },
      { ...after, boundaryF: 0.5 },
    ];
    expect(textOf(renderReport({ ...report, stages }))).toContain("boundary F 25.00 50.00 +25.00");
  });

  it("gives the same page for the same report, whatever the order of its images", () => {
    const page = renderReport(report);
    const shuffled = {
      ...report,
      images: report.images.toReversed(),
      pictures: report.pictures.toReversed(),
    };
    expect(renderReport(report)).toBe(page);
    expect(renderReport(shuffled)).toBe(page);
  });

  it("shows pictures of images beyond the best and worst after them", () => {
    const images = Array.from({ length: 25 }, (_, k) => image(`i${k}`, 0, k / 25));
    const text = textOf(renderReport({ ...report, images, pictures: images.map(({ id }) => picture(id)) }));
    expect(text).toContain("The 10 best images i24 ");
    expect(text).toContain("The 10 worst images i0 ");
    expect(text).toContain("Other images i10 ");
  });

  it("draws every number of a training run", () => {
    const lines = [3, 2, 1].map((loss, i) => ({ step: i + 1, rate: 0.5, loss, dice: loss / 4 }));
    const page = renderReport({ ...report, trainings: [{ name: "segmenter", lines }] });
    expect(textOf(page)).toContain("Training: segmenter 3 steps. loss 3 → 1");
    expect(textOf(page)).toContain("dice 0.75 → 0.25");
    expect(textOf(page)).toContain("learning rate 0.5 → 0.5");
    expect(page.match(/<polyline/g)).toHaveLength(3);
    expect(unbalancedTags(page)).toEqual([]);
  });

  it("draws what was measured after some steps only through those", () => {
    const lines = [4, 3, 2, 1].map((loss, i) => ({
      step: i + 1,
      rate: 0.5,
      loss,
      ...(i % 2 === 1 ? { "val loss": loss + 1 } : {}),
    }));
    const page = renderReport({ ...report, trainings: [{ name: "segmenter", lines }] });
    expect(textOf(page)).toContain("val loss 4 → 2");
    expect(page).not.toContain("NaN");
    expect(page.match(/<polyline/g)).toHaveLength(3);
  });

  it("says so of a training run without steps", () => {
    const page = renderReport({ ...report, trainings: [{ name: "segmenter", lines: [] }] });
    expect(textOf(page)).toContain("Training: segmenter 0 steps.");
  });
});
