import { BACKGROUND, type ClassId } from "../../core/label-map.ts";
import { formatGain } from "./figures.ts";
import { type Html, html } from "./html.ts";

/** A square in the class's color; an empty place for background, which pictures show as the photo. */
export function colorChip(id: ClassId, palette: Uint8Array): Html {
  if (id === BACKGROUND) return html`<span class="chip"></span>`;
  const [r, g, b] = palette.subarray(id * 3, id * 3 + 3);
  return html`<span class="chip" style="background:rgb(${r},${g},${b})"></span>`;
}

/** A change in points, colored by its sign as printed: "0.00" is neither gain nor loss. */
export function gainMark(before: number | null, after: number | null): Html {
  const text = formatGain(before, after);
  const style = text.startsWith("+") ? "gain" : text.startsWith("−") ? "loss" : "same";
  return html`<b class="${style}">${text}</b>`;
}
