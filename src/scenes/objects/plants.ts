import type { Random } from "../../core/random.ts";
import { type Color, hsl, jitterColor, mixColors, rgb, scaleColor } from "../color.ts";
import type { Layer, ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, type Outline, polygon, smooth } from "../outline.ts";
import { chance, cosine, sine } from "../scalar.ts";

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
  const points: number[] = [];
  for (let k = 0; k < count; k++) {
    const radius = 1 + rough * r.between(-1, 1);
    points.push(cx + rx * radius * cosine(k / count), cy + ry * radius * sine(k / count));
  }
  return smooth(...points);
}

export const tree: ObjectClass = {
  name: "tree",
  plural: "trees",
  parts: ["trunk", "crown"],
  telling: ["crown"],
  stature: 1.9,
  stance: "stands",
  home: ["grass", "snow", "soil"],
  build(r, { main }) {
    const leaf = mixColors(main, hsl(r.between(0.2, 0.38), 0.5, r.between(0.2, 0.36)), 0.75);
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
          outline: limb(0, 0.01, girth * 1.5, lean * 0.5, -0.2, girth, lean, low - 0.15, girth * 0.8),
          color: bark,
          bulge: [0.9, 0],
        },
        {
          outline: limb(lean, low + 0.08, girth * 0.5, lean + 0.16, low - 0.16, girth * 0.3),
          color: bark,
          bulge: [0.9, 0],
        },
        {
          outline: limb(lean, low + 0.1, girth * 0.5, lean - 0.15, low - 0.12, girth * 0.3),
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
        0,
        top,
        wide * 0.5,
        (bottom + top) / 2,
        wide,
        bottom + droop,
        wide * 0.4,
        bottom,
        0,
        bottom + droop,
        -wide * 0.45,
        bottom,
        -wide,
        bottom + droop,
        -wide * 0.5,
        (bottom + top) / 2,
      ),
      color: jitterColor(r, dark, 0.12),
      bulge: [0.8, 0.4],
      patterned: true,
    });
  }
  return [
    {
      part: "trunk",
      layers: [{ outline: limb(0, 0.01, girth, 0, -0.3, girth * 0.7), color: bark, bulge: [0.9, 0] }],
    },
    { part: "crown", layers },
  ];
}

export const flower: ObjectClass = {
  name: "flower",
  plural: "flowers",
  parts: ["stem", "leaf", "petal", "center"],
  telling: ["petal", "center"],
  stature: 0.6,
  stance: "stands",
  home: ["grass", "soil", "foliage"],
  build(r, { main, second }) {
    const green = hsl(r.between(0.25, 0.36), 0.5, 0.3);
    const radius = r.between(0.16, 0.26);
    const x = r.between(-0.08, 0.08);
    const y = -1 + radius * 1.1;
    const count = 5 + r.integer(7);
    const width = radius * r.between(0.2, 0.38);
    const petals: Layer[] = [];
    for (let k = 0; k < count; k++) {
      const c = cosine(k / count);
      const s = sine(k / count);
      petals.push({
        outline: smooth(
          x,
          y,
          x + c * radius * 0.6 - s * width,
          y + s * radius * 0.6 + c * width,
          x + c * radius * 1.08,
          y + s * radius * 1.08,
          x + c * radius * 0.6 + s * width,
          y + s * radius * 0.6 - c * width,
        ),
        color: jitterColor(r, main, 0.15),
        bulge: [0.5, 0.5],
      });
    }
    const blade = (side: number, from: number): PartModel => ({
      part: "leaf",
      layers: [
        {
          outline: smooth(
            0,
            from,
            side * 0.12,
            from - 0.14,
            side * r.between(0.2, 0.3),
            from - 0.12,
            side * 0.16,
            from - 0.02,
          ),
          color: jitterColor(r, green, 0.2),
          bulge: [0.5, 0.5],
        },
      ],
    });
    return [
      {
        part: "stem",
        layers: [
          {
            outline: limb(0, 0, 0.02, r.between(-0.04, 0.04), -0.4, 0.018, x, y, 0.016),
            color: green,
            bulge: [0.9, 0],
          },
        ],
      },
      blade(1, -0.15),
      blade(-1, r.between(-0.35, -0.2)),
      { part: "petal", layers: petals },
      {
        part: "center",
        layers: [
          {
            outline: ellipse(x, y, radius * r.between(0.25, 0.4)),
            color: mixColors(second, hsl(0.13, 0.8, 0.5), 0.7),
            bulge: [0.8, 0.8],
          },
        ],
      },
    ];
  },
};

export const mushroom: ObjectClass = {
  name: "mushroom",
  plural: "mushrooms",
  parts: ["cap", "stem"],
  telling: ["cap"],
  stature: 0.5,
  stance: "stands",
  home: ["grass", "soil", "foliage"],
  build(r, { main }) {
    const half = r.between(0.35, 0.6);
    const rim = r.between(-0.6, -0.45);
    const girth = r.between(0.1, 0.18);
    const pale = mixColors(rgb(240, 230, 210), main, 0.1);
    const dots: Layer[] = [];
    if (chance(r, 0.5)) {
      for (let k = 0; k < 6; k++)
        dots.push({
          outline: ellipse(r.between(-0.8, 0.8) * half, r.between(-0.95, rim), r.between(0.03, 0.07)),
          color: rgb(245, 240, 230),
          inside: true,
        });
    }
    return [
      {
        part: "stem",
        layers: [
          {
            outline: smooth(
              -girth * 1.2,
              0,
              -girth * 0.8,
              -0.25,
              -girth * 0.7,
              rim - 0.05,
              girth * 0.7,
              rim - 0.05,
              girth * 0.8,
              -0.25,
              girth * 1.2,
              0,
              0,
              0.02,
            ),
            color: pale,
            bulge: [0.9, 0.1],
          },
        ],
      },
      {
        part: "cap",
        layers: [
          {
            outline: smooth(
              -half,
              rim,
              -half * 0.8,
              (rim - 1) * 0.55,
              0,
              -1,
              half * 0.8,
              (rim - 1) * 0.55,
              half,
              rim,
              half * 0.5,
              rim + 0.06,
              0,
              rim + 0.08,
              -half * 0.5,
              rim + 0.06,
            ),
            color: main,
            bulge: [0.8, 0.8],
            gloss: 0.3,
            patterned: dots.length === 0,
          },
          ...dots,
        ],
      },
    ];
  },
};
