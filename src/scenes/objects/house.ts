import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, polygon, rectangle } from "../outline.ts";
import { chance } from "../scalar.ts";

export const house: ObjectClass = {
  name: "house",
  plural: "houses",
  parts: ["wall", "roof", "door", "window", "chimney"],
  telling: ["roof", "window"],
  stature: 1.7,
  stance: "stands",
  home: ["grass", "snow", "soil", "sand"],
  build(r, { main, second }) {
    const half = r.between(0.42, 0.75);
    const eaves = r.between(-0.68, -0.5);
    const ridge = r.between(0.0, 0.5) * half;
    const overhang = r.between(0.04, 0.1);
    const tile = mixColors(second, rgb(110, 60, 45), r.between(0.3, 0.8));
    const frame = rgb(235, 232, 225);
    const pane = (x: number, y: number, w: number, h: number): PartModel => ({
      part: "window",
      layers: [
        { outline: rectangle(x - w, y - h, x + w, y + h), color: frame },
        {
          outline: rectangle(x - w * 0.8, y - h * 0.82, x + w * 0.8, y + h * 0.82),
          color: chance(r, 0.25) ? hsl(0.13, 0.8, 0.65) : rgb(50, 62, 80),
          gloss: 0.3,
          bulge: [0.3, 0.6],
        },
        { outline: rectangle(x - w * 0.08, y - h, x + w * 0.08, y + h), color: frame },
        { outline: rectangle(x - w, y - h * 0.08, x + w, y + h * 0.08), color: frame },
      ],
    });
    const doorX = r.between(-0.5, 0.5) * half;
    const doorHeight = -eaves * r.between(0.5, 0.65);
    const parts: PartModel[] = [];
    if (chance(r, 0.7)) {
      const x = half * r.between(0.25, 0.6) * (chance(r, 0.5) ? 1 : -1);
      parts.push({
        part: "chimney",
        layers: [
          { outline: rectangle(x - 0.06, -1.0, x + 0.06, -0.7), color: rgb(135, 75, 60), bulge: [0.3, 0] },
        ],
      });
    }
    parts.push({
      part: "wall",
      layers: [
        {
          outline: rectangle(-half, eaves - 0.02, half, 0),
          color: main,
          patterned: true,
          bulge: [0.15, 0.1],
        },
      ],
    });
    parts.push({
      part: "roof",
      layers: [
        {
          outline: polygon(
            [-half - overhang, eaves + 0.03],
            [-ridge, -0.97],
            [ridge, -0.97],
            [half + overhang, eaves + 0.03],
          ),
          color: tile,
          bulge: [0.25, 0.6],
        },
        {
          outline: limb([-half - overhang, eaves + 0.02, 0.015], [half + overhang, eaves + 0.02, 0.015]),
          color: scaleColor(tile, 0.5),
        },
      ],
    });
    parts.push({
      part: "door",
      layers: [
        {
          outline: rectangle(doorX - 0.1, -doorHeight, doorX + 0.1, 0),
          color: scaleColor(second, 0.6),
          bulge: [0.2, 0.1],
        },
        { outline: ellipse(doorX + 0.06, -doorHeight * 0.45, 0.014), color: rgb(220, 190, 90) },
      ],
    });
    const rows = eaves < -0.6 && chance(r, 0.4) ? [eaves * 0.76, eaves * 0.3] : [eaves * 0.6];
    for (const y of rows)
      for (const x of [-0.72, -0.24, 0.24, 0.72])
        if (Math.abs(x * half - doorX) > 0.2 || y < -doorHeight - 0.1)
          parts.push(pane(x * half, y, Math.min(0.08, half * 0.16), 0.085));
    return parts;
  },
};
