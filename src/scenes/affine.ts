/** x′ = a·x + c·y + e, y′ = b·x + d·y + f. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** `first`, then `second`. */
export function compose(first: Affine, second: Affine): Affine {
  return {
    a: second.a * first.a + second.c * first.b,
    b: second.b * first.a + second.d * first.b,
    c: second.a * first.c + second.c * first.d,
    d: second.b * first.c + second.d * first.d,
    e: second.a * first.e + second.c * first.f + second.e,
    f: second.b * first.e + second.d * first.f + second.f,
  };
}

/** The map back; the map must not flatten the plane. */
export function invert({ a, b, c, d, e, f }: Affine): Affine {
  const scale = 1 / (a * d - b * c);
  return {
    a: d * scale,
    b: -b * scale,
    c: -c * scale,
    d: a * scale,
    e: (c * f - d * e) * scale,
    f: (b * e - a * f) * scale,
  };
}
