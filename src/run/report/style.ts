import { type Html, trustedHtml } from "./html.ts";

/** Colors by meaning, for light and for dark paper; gained and lost also differ in fill, for who cannot tell the hues apart. */
const light = `
  --paper: #fcfcfb; --ink: #1b1f24; --soft: #5d6672; --rule: #e3e5e8; --grid: #eceef0;
  --kept: #9fb0c6; --gain: #0b7a54; --gained: #1f9d70; --loss: #b3401f; --lost: #cf5a36; --note: #fff7e0; --note-edge: #e3b341;`;
const dark = `
  --paper: #14171b; --ink: #e6e9ed; --soft: #98a2ae; --rule: #2d333b; --grid: #262b32;
  --kept: #566981; --gain: #4fcb9b; --gained: #2fa97c; --loss: #ff9473; --lost: #e0764f; --note: #2a2413; --note-edge: #b58a26;`;

/** The page's style sheet. */
export const style: Html = trustedHtml(`
:root { color-scheme: light dark; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3.5rem 2rem 5rem; max-width: 74rem; background: var(--paper); color: var(--ink);
  font: 400 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums lining-nums; overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, figure { margin: 0; padding: 0; }
h1, .summary, h2 { font-family: ui-serif, Charter, "Iowan Old Style", "Source Serif 4", Cambria, Georgia, serif; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.8vw, 2.4rem); font-weight: 600; line-height: 1.15; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1.3rem; font-weight: 600; margin-bottom: 1rem; }
h3 { font: 600 .95rem/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
section { margin-top: 3.5rem; }
.summary { margin-top: .6rem; font-size: 1.15rem; color: var(--soft); max-width: 46rem; text-wrap: pretty; }
.gain { color: var(--gain); } .loss { color: var(--loss); } .same { color: var(--soft); }
b { font-weight: 600; }
td b { font-weight: 400; }

.notes { margin-top: 1.75rem; list-style: none; border-left: 3px solid var(--note-edge); background: var(--note); padding: .65rem 1rem; }
.notes li + li { margin-top: .3rem; }

.top { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 2rem 4rem; align-items: center;
  margin-top: 2.25rem; padding: 1.75rem 0; border-block: 1px solid var(--rule); }
.headline h2 { margin: 0 0 .25rem; font: 600 .8rem/1.4 system-ui, sans-serif; color: var(--soft); letter-spacing: .02em; }
.headline p { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .7rem; line-height: 1.1; font-size: clamp(2.1rem, 1.5rem + 2.6vw, 3.2rem); letter-spacing: -.02em; }
.headline span { color: var(--soft); font-weight: 300; }
.headline i { font-style: normal; color: var(--soft); font-weight: 300; font-size: .7em; }
.headline strong { font-weight: 600; }
.headline b { font-size: .5em; letter-spacing: 0; }

.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .34rem 0 .34rem 1.25rem; text-align: right; font-weight: 400; white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--soft); font-size: .8rem; vertical-align: bottom; border-bottom: 1px solid var(--rule); }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
.classes, .by-class { font-size: .9rem; }
.classes tbody tr > * { padding-block: 0; height: 24px; line-height: 24px; }
.classes tbody::before { content: ""; display: block; height: 4px; }
.classes tbody tr + tr > * { border: 0; }
.classes .track { width: 60%; padding-right: .25rem; }
.classes .extra { color: var(--soft); }
.chip { display: inline-block; width: .65em; height: .65em; margin-right: .55em; border-radius: 2px; }
.chip[style] { box-shadow: inset 0 0 0 1px rgb(128 128 128 / .45); }

svg { display: block; overflow: visible; }
.axis, .bar, .histogram { width: 100%; }
svg text { fill: var(--soft); font-size: .75rem; }
.grid { stroke: var(--grid); }
.kept, .unchanged { fill: var(--kept); }
.gained { fill: var(--gained); }
.lost { fill: var(--lost); fill-opacity: .18; stroke: var(--lost); }
.histogram text { text-anchor: middle; }
.histogram .base { stroke: var(--soft); }
section > p { color: var(--soft); margin-bottom: 1rem; }

.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 2.5rem; }
.curves figcaption { display: flex; justify-content: space-between; margin: 0 0 .3rem; }

.key { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; font-size: .85rem; color: var(--soft); }
.key li { display: flex; align-items: center; }
.key .sample { margin-right: .5em; }
.scroll + .key { margin-top: .9rem; }

.card { margin-top: 1.75rem; break-inside: avoid; }
.card header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem 1.25rem; margin-bottom: .5rem; font-size: .9rem; }
.card header p { color: var(--soft); }
.panels { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .5rem; }
.panels .row { grid-column-start: 1; }
.panels img { display: block; width: 100%; height: auto; max-height: 36rem; object-fit: contain; background: var(--grid); }
figcaption { margin-top: .2rem; font-size: .78rem; color: var(--soft); }

dl > div { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 0 1.5rem; padding: .4rem 0; border-top: 1px solid var(--grid); }
dt { color: var(--soft); }
dd { margin: 0; font: .85rem/1.6 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; white-space: pre-wrap; }

@media screen and (max-width: 46rem) {
  body { padding: 1.75rem 1.1rem 3rem; }
  section { margin-top: 2.5rem; }
  .top { grid-template-columns: minmax(0, 1fr); }
  .classes .extra { display: none; }
  .classes { font-size: .8rem; }
  th, td { padding-left: .7rem; }
  dl > div { grid-template-columns: minmax(0, 1fr); }
}
@media screen and (max-width: 36rem) {
  .classes .first, .axis .minor, .dense .count { display: none; }
  .classes th:first-child { max-width: 8.2rem; overflow: hidden; text-overflow: ellipsis; }
  .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .panels > :first-child:nth-last-child(odd) { grid-column: 1 / -1; }
}
@media print {
  @page { margin: 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 10pt; }
  body { padding: 0; max-width: none; }
  section { margin-top: 2rem; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
}
`);
