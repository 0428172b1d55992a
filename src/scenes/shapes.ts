import type { Random } from "../core/random.ts";
import {
  ellipse,
  type Outline,
  polygon,
  roundedBox,
  smooth,
  transformOutline,
  type Vertex,
} from "./outline.ts";
import { chance, cosine, pick, sine } from "./scalar.ts";

/** A random shape of no class, about 1 across, centered on (0, 0). */
export function makeShape(r: Random): Outline {
  const shape = pick(r, families)(r);
  return chance(r, 0.12) ? [...shape, ...hole(r)] : shape;
}

const families: readonly ((r: Random) => Outline)[] = [
  blob,
  blob,
  superellipse,
  superellipse,
  convex,
  jagged,
  star,
  gear,
  crescent,
  cross,
  ribbon,
  fractal,
  fractal,
  petals,
  box,
  wedge,
];

/** A smooth closed curve through a handful of points at wandering radii. */
function blob(r: Random): Outline {
  return smooth(...around(r, 5 + r.integer(8), r.between(0.1, 0.45)));
}

/** `count` points round the center, at radii 0.5 · (1 ± rough). */
function around(r: Random, count: number, rough: number): Vertex[] {
  const points: Vertex[] = [];
  for (let k = 0; k < count; k++) {
    const radius = 0.5 * (1 + rough * r.between(-1, 1));
    const angle = (k + r.between(-0.25, 0.25)) / count;
    points.push([radius * cosine(angle), radius * sine(angle)]);
  }
  return points;
}

/** |x|^n + |y|^n = const, for exponents whose inverses need square roots only. */
function superellipse(r: Random): Outline {
  const bend = pick(r, [
    (c: number): number => c,
    (c: number): number => c,
    (c: number): number => Math.sqrt(c),
    (c: number): number => Math.sqrt(Math.sqrt(c)),
    (c: number): number => c * Math.sqrt(c),
    (c: number): number => c * c,
  ]);
  const flat = r.between(0.35, 1);
  const points: Vertex[] = [];
  for (let k = 0; k < 48; k++) {
    const c = cosine(k / 48);
    const s = sine(k / 48);
    points.push([
      0.5 * bend(Math.abs(c)) * (c < 0 ? -1 : 1),
      0.5 * flat * bend(Math.abs(s)) * (s < 0 ? -1 : 1),
    ]);
  }
  return polygon(...points);
}

function convex(r: Random): Outline {
  return polygon(...around(r, 3 + r.integer(6), 0.12));
}

function jagged(r: Random): Outline {
  return polygon(...around(r, 6 + r.integer(14), r.between(0.2, 0.6)));
}

function star(r: Random): Outline {
  const inner = r.between(0.18, 0.38);
  const points = radial(2 * (3 + r.integer(9)), (k) => ((k & 1) === 0 ? 0.5 : inner));
  return chance(r, 0.5) ? polygon(...points) : smooth(...points);
}

function gear(r: Random): Outline {
  const root = r.between(0.34, 0.45);
  const wheel = polygon(...radial(4 * (5 + r.integer(10)), (k) => ((k & 3) < 2 ? 0.5 : root)));
  return chance(r, 0.6) ? [...wheel, ...ellipse(0, 0, r.between(0.08, 0.25))] : wheel;
}

function petals(r: Random): Outline {
  const count = 3 + r.integer(6);
  const depth = r.between(0.3, 0.8);
  return polygon(...radial(96, (k) => 0.5 * (1 - depth * (0.5 + 0.5 * cosine((k * count) / 96)))));
}

/** Points at equal angles and the radii given. */
function radial(count: number, radius: (k: number) => number): Vertex[] {
  const points: Vertex[] = [];
  for (let k = 0; k < count; k++) points.push([radius(k) * cosine(k / count), radius(k) * sine(k / count)]);
  return points;
}

function crescent(r: Random): Outline {
  const bite = r.between(0.1, 0.35);
  const points: Vertex[] = [];
  for (let k = 0; k <= 20; k++)
    points.push([0.5 * cosine(0.2 + (0.6 * k) / 20), 0.5 * sine(0.2 + (0.6 * k) / 20)]);
  for (let k = 20; k >= 0; k--)
    points.push([bite + 0.42 * cosine(0.22 + (0.56 * k) / 20), 0.44 * sine(0.22 + (0.56 * k) / 20)]);
  return polygon(...points);
}

function cross(r: Random): Outline {
  const a = r.between(0.08, 0.22);
  const b = r.between(0.08, 0.22);
  return polygon(
    [-b, -0.5],
    [b, -0.5],
    [b, -a],
    [0.5, -a],
    [0.5, a],
    [b, a],
    [b, 0.5],
    [-b, 0.5],
    [-b, a],
    [-0.5, a],
    [-0.5, -a],
    [-b, -a],
  );
}

/** A wavy band. */
function ribbon(r: Random): Outline {
  const waves = r.between(0.5, 2);
  const swing = r.between(0.05, 0.3);
  const half = r.between(0.04, 0.14);
  const points: Vertex[] = [];
  for (let k = 0; k <= 24; k++) points.push([k / 24 - 0.5, swing * sine((waves * k) / 24) - half]);
  for (let k = 24; k >= 0; k--) points.push([k / 24 - 0.5, swing * sine((waves * k) / 24) + half]);
  return polygon(...points);
}

/** A coastline: the sides of a polygon halved again and again, each middle moved by a share of its side. */
function fractal(r: Random): Outline {
  let points = around(r, 4 + r.integer(4), 0.25);
  const rough = r.between(0.15, 0.4);
  for (let level = 0; level < 4; level++) {
    const finer: Vertex[] = [];
    points.forEach(([x, y], k) => {
      const next = points[(k + 1) % points.length];
      const dx = next[0] - x;
      const dy = next[1] - y;
      const out = rough * r.between(-1, 1);
      finer.push([x, y], [x + dx / 2 + dy * out, y + dy / 2 - dx * out]);
    });
    points = finer;
  }
  return polygon(...points);
}

function box(r: Random): Outline {
  const half = r.between(0.15, 0.5);
  return roundedBox(-0.5, -half, 0.5, half, r.between(0, half));
}

function wedge(r: Random): Outline {
  const from = r.next();
  const span = r.between(0.12, 0.8);
  const points: Vertex[] = [[0, 0]];
  for (let k = 0; k <= 24; k++)
    points.push([0.5 * cosine(from + (span * k) / 24), 0.5 * sine(from + (span * k) / 24)]);
  return polygon(...points);
}

function hole(r: Random): Outline {
  const size = r.between(0.15, 0.4);
  const e = r.between(-0.1, 0.1);
  const f = r.between(-0.1, 0.1);
  return transformOutline(blob(r), { a: size, b: 0, c: 0, d: size, e, f });
}
