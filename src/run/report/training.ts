import type { TrainLine } from "../train-log.ts";
import { type Html, html } from "./html.ts";
import { lossCurve } from "./loss-curve.ts";
import type { ReportTraining } from "./report.ts";

/** A training run's numbers over its steps: the loss, the parts it consists of, the learning rate. */
export function trainingSection({ name, lines }: ReportTraining): Html {
  const last = lines.at(-1);
  const names = [...new Set(lines.flatMap(Object.keys))].filter((key) => key !== "step" && key !== "rate");
  return html`
<section>
<h2>Training: ${name}</h2>
<p>${last?.step ?? 0} steps.</p>
<div class="curves">${[...names, ...(last === undefined ? [] : ["rate"])].map((key) => curve(lines, key))}</div>
</section>`;
}

/** Not every line has every number: those of a validation are on some. */
function curve(all: readonly TrainLine[], name: string): Html {
  const lines = all.filter((line) => name in line);
  const [first, last] = [lines[0], lines[lines.length - 1]].map((line) => Number(line[name].toPrecision(4)));
  const title = name === "rate" ? "learning rate" : name;
  return html`<figure><figcaption><b>${title}</b><span>${first} → ${last}</span></figcaption>${lossCurve(lines, name)}</figure>`;
}
