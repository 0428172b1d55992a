import type { Random } from "../../core/random.ts";
import { type Color, hsl, jitterColor, scaleColor } from "../color.ts";
import type { Layer, ObjectClass, PartModel } from "../model.ts";
import { limb, type Outline, polygon, smooth, type Vertex } from "../outline.ts";
import { cosine, sine } from "../scalar.ts";

export const tree: ObjectClass = {
  name: "tree",
  plural: "trees",
  colors: ["green", "green", "green", "green", "teal", "orange", "yellow", "brown", "pink"],
  parts: ["trunk", "crown"],
  telling: ["crown"],
  stature: 1.9,
  stance: "stands",
  home: ["grass", "snow", "soil"],
  build(r, { main }) {
    const leaf = scaleColor(main, r.between(0.5, 1));
    const bark = hsl(0.07, r.between(0.15, 0.4), r.between(0.2, 0.36));
    const girth = r.between(0.03, 0.065);
    const kind = r.integer(3);
    if (kind === 0) return conifer(r, leaf, bark, girth);
    const low = r.between(-0.5, -0.32);
    const lean = r.between(-0.06, 0.06);
    const trunk: PartModel = {
      part: "trunk",
      layers: [
        {
          outline: limb([0, 0.01, girth * 1.5], [lean * 0.5, -0.2, girth], [lean, low - 0.15, girth * 0.8]),
          color: bark,
          bulge: [0.9, 0],
        },
        {
          outline: limb([lean, low + 0.08, girth * 0.5], [lean + 0.16, low - 0.16, girth * 0.3]),
          color: bark,
          bulge: [0.9, 0],
        },
        {
          outline: limb([lean, low + 0.1, girth * 0.5], [lean - 0.15, low - 0.12, girth * 0.3]),
          color: bark,
          bulge: [0.9, 0],
        },
      ],
    };
    const half = r.between(0.26, 0.44);
    const middle = (low - 1) / 2;
    const tall = (1 + low) / 2;
    const clumps: Layer[] = [
      {
        outline: lumpy(r, lean, middle, half, tall, 13, 0.1),
        color: scaleColor(leaf, 0.8),
        bulge: [0.8, 0.8],
        patterned: true,
      },
    ];
    for (let k = 0; k < 4 + r.integer(5); k++) {
      const angle = r.next();
      const reach = r.between(0.2, 0.75);
      const size = r.between(0.25, 0.5);
      clumps.push({
        outline: lumpy(
          r,
          lean + half * reach * cosine(angle),
          middle + tall * reach * sine(angle),
          half * size,
          tall * size,
          9,
          0.14,
        ),
        color: jitterColor(r, leaf, 0.25),
        bulge: [0.8, 0.8],
        patterned: true,
      });
    }
    return [trunk, { part: "crown", layers: clumps }];
  },
};

/** A lumpy closed curve: `count` points at radii that wander. */
function lumpy(
  r: Random,
  cx: number,
  cy: number,
  rx: number,
  ry: number,
  count: number,
  rough: number,
): Outline {
  const points: Vertex[] = [];
  for (let k = 0; k < count; k++) {
    const radius = 1 + rough * r.between(-1, 1);
    points.push([cx + rx * radius * cosine(k / count), cy + ry * radius * sine(k / count)]);
  }
  return smooth(...points);
}

function conifer(r: Random, leaf: Color, bark: Color, girth: number): PartModel[] {
  const half = r.between(0.2, 0.34);
  const tiers = 3 + r.integer(3);
  const dark = scaleColor(leaf, 0.7);
  const layers: Layer[] = [];
  for (let k = 0; k < tiers; k++) {
    const bottom = -0.12 - (0.72 * k) / tiers;
    const top = Math.max(-1, bottom - 1.3 / tiers);
    const wide = half * (1 - (0.75 * k) / tiers);
    const droop = r.between(0.02, 0.06);
    layers.push({
      outline: polygon(
        [0, top],
        [wide * 0.5, (bottom + top) / 2],
        [wide, bottom + droop],
        [wide * 0.4, bottom],
        [0, bottom + droop],
        [-wide * 0.45, bottom],
        [-wide, bottom + droop],
        [-wide * 0.5, (bottom + top) / 2],
      ),
      color: jitterColor(r, dark, 0.12),
      bulge: [0.8, 0.4],
      patterned: true,
    });
  }
  return [
    {
      part: "trunk",
      layers: [{ outline: limb([0, 0.01, girth], [0, -0.3, girth * 0.7]), color: bark, bulge: [0.9, 0] }],
    },
    { part: "crown", layers },
  ];
}
