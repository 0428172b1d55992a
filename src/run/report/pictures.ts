import { invalid } from "../../core/error.ts";
import { formatPercent } from "./figures.ts";
import { type Html, html, trustedHtml } from "./html.ts";
import { colorChip, gainMark } from "./marks.ts";
import type { ReportImage, ReportPanel, RunReport } from "./report.ts";

/** A heading and one card an image: its figures, its classes, its panels side by side. */
export function pictureSection(
  heading: string,
  images: readonly ReportImage[],
  { pictures, classNames, palette }: RunReport,
): Html | null {
  if (images.length === 0) return null;
  const pictureOf = new Map(pictures.map((picture) => [picture.id, picture]));
  const cards = images.map((image) => {
    const { panels = [], classes = [] } = pictureOf.get(image.id) ?? {};
    const key = classes.map(
      (id) => html`<li>${colorChip(id, palette)}${classNames[id] ?? `class ${id}`}</li>`,
    );
    return html`
<article class="card">
<header><h3>${image.id}</h3>${imageFigures(image)}<ul class="key">${key}</ul></header>
<div class="panels">${panels.map((panel) => panelFigure(image.id, panel))}</div>
</article>`;
  });
  return html`<section><h2>${heading}</h2>${cards}</section>`;
}

function imageFigures({ before, after, changed }: ReportImage): Html {
  const change = html`${formatPercent(before)} → ${formatPercent(after)} ${gainMark(before, after)}`;
  const scored =
    before === null && after === null ? null : html`mIoU ${before === null ? formatPercent(after) : change}`;
  const pixels = changed === undefined ? null : `${(changed * 100).toFixed(1)} % of pixels changed`;
  return html`<p>${scored}${scored === null || pixels === null ? null : " · "}${pixels}</p>`;
}

function panelFigure(id: string, { caption, source, startsRow = false }: ReportPanel): Html {
  if (!/^data:image\/(?:jpeg|png);base64,[\w+/=]+$/.test(source))
    throw invalid(`report: panel "${caption}" of ${id}`, "a data URI of a JPEG or PNG in base64", source);
  return html`<figure${startsRow ? trustedHtml(' class="row"') : null}><img src="${source}" alt="${id}: ${caption}"><figcaption>${caption}</figcaption></figure>`;
}
