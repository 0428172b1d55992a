import { chooseImages } from "./choose-images.ts";
import { classChart } from "./class-chart.ts";
import { classTable } from "./class-table.ts";
import { datasetFigures, formatPercent, gainOf } from "./figures.ts";
import { gainHistogram } from "./histogram.ts";
import { type Html, html, toMarkup } from "./html.ts";
import { gainMark } from "./marks.ts";
import { pictureSection } from "./pictures.ts";
import type { RunReport } from "./report.ts";
import { style } from "./style.ts";
import { trainingSection } from "./training.ts";

/** Allows the page its own styles and embedded pictures, and nothing else: should markup slip through, it cannot run or load. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/**
 * The report as one HTML file that needs nothing beside it: no script, no link, no font. Reads in light and dark, on
 * a phone and on paper. The same report gives the same text.
 *
 * @throws MaskwrightError INVALID_ARGUMENT if a panel's source is not a data URI of a JPEG or PNG
 */
export function renderReport(report: RunReport): string {
  const { title, summary, notes, stages, tables = [], trainings, images, pictures } = report;
  const { best, worst } = chooseImages(images);
  const chosen = new Set([...best, ...worst].map(({ id }) => id));
  const pictured = new Set(pictures.map(({ id }) => id));
  const others = images.filter(({ id }) => pictured.has(id) && !chosen.has(id));
  return toMarkup(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header class="page">
<h1>${title}</h1>
<p class="summary">${summary}</p>
</header>
<main>
${notes.length === 0 ? null : html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${stages.length === 0 ? null : scoreSections(report)}
${tables.map((table) => classTable(table, report))}
${trainings.map(trainingSection)}
${imageSection(report)}
${pictureSection(numbered("best", best.length), best, report)}
${pictureSection(numbered("worst", worst.length), worst, report)}
${pictureSection(chosen.size === 0 ? "Images" : "Other images", others, report)}
${factSection(report)}
</main>
</body>
</html>
`);
}

function scoreSections(report: RunReport): Html {
  const { stages } = report;
  const [miou] = datasetFigures(stages);
  const [before] = miou.values;
  const after = miou.values[miou.values.length - 1];
  const headline =
    stages.length === 1
      ? html`<strong>${formatPercent(after)}</strong>`
      : html`<span>${formatPercent(before)}</span><i>→</i><strong>${formatPercent(after)}</strong>${gainMark(before, after)}`;
  return html`
<section class="top">
<div class="headline"><h2>mIoU</h2><p>${headline}</p></div>
${datasetTable(report)}
</section>
<section><h2>IoU by class</h2>${classChart(report)}</section>`;
}

function datasetTable({ stages }: RunReport): Html {
  const isComparison = stages.length > 1;
  const rows = datasetFigures(stages).map(({ name, values }) => {
    const cells = values.map((value) => html`<td>${formatPercent(value)}</td>`);
    const gain = isComparison ? html`<td>${gainMark(values[0], values[values.length - 1])}</td>` : null;
    return html`<tr><th scope="row">${name}</th>${cells}${gain}</tr>`;
  });
  return html`
<div class="scroll"><table>
<thead><tr><th scope="col">percent</th>${stages.map(({ name }) => html`<th scope="col">${name}</th>`)}${isComparison ? html`<th scope="col">change</th>` : null}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

function imageSection({ images }: RunReport): Html | null {
  const gains = images.map(({ before, after }) => gainOf(before, after)).filter((gain) => gain !== null);
  if (gains.length === 0) return null;
  const better = gains.filter((gain) => gain > 0).length;
  const worse = gains.filter((gain) => gain < 0).length;
  return html`
<section>
<h2>Images</h2>
<p>Change in each image’s own mIoU, in points: <b class="gain">${better} better</b>, ${gains.length - better - worse} unchanged, <b class="loss">${worse} worse</b>.</p>
${gainHistogram(gains)}
</section>`;
}

function factSection({ facts }: RunReport): Html | null {
  if (facts.length === 0) return null;
  const rows = facts.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<section><h2>This run</h2><dl>${rows}</dl></section>`;
}

function numbered(which: string, count: number): string {
  return count === 1 ? `The ${which} image` : `The ${count} ${which} images`;
}
