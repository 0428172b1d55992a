import { type Html, html } from "./html.ts";
import { colorChip } from "./marks.ts";
import type { ReportTable, RunReport } from "./report.ts";

/** A heading, what the figures are, and one row a class. */
export function classTable(
  { title, text, heads, rows }: ReportTable,
  { classNames, palette }: Pick<RunReport, "classNames" | "palette">,
): Html {
  const lines = rows.map(({ classId, cells }) => {
    const name = html`<th scope="row">${colorChip(classId, palette)}${classNames[classId]}</th>`;
    return html`<tr>${name}${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  });
  return html`
<section>
<h2>${title}</h2>
<p>${text}</p>
<div class="scroll"><table class="by-class">
<thead><tr><th scope="col">class</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${lines}</tbody>
</table></div>
</section>`;
}
