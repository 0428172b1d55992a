/** A zod schema as far as its own structure goes. */
interface Shaped {
  readonly shape?: Readonly<Record<string, Shaped>>;
  readonly def?: { readonly innerType?: Shaped };
  readonly description?: string | undefined;
}

/** The keys that an object in a schema has; none where there is no object. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  return Object.keys(layersAt(schema, path).find(({ shape }) => shape !== undefined)?.shape ?? {});
}

/** What a schema says of a key. */
export function descriptionAt(schema: unknown, path: readonly PropertyKey[]): string {
  return (
    layersAt(schema, path).find(({ description }) => description !== undefined)?.description ?? path.join(".")
  );
}

/** The schema at a path, and those inside what makes it optional. */
function layersAt(schema: unknown, path: readonly PropertyKey[]): Shaped[] {
  let layers = unwrap(schema as Shaped | undefined);
  for (const key of path)
    layers = unwrap(layers.find(({ shape }) => shape !== undefined)?.shape?.[String(key)]);
  return layers;
}

function unwrap(schema: Shaped | undefined): Shaped[] {
  return schema === undefined ? [] : [schema, ...unwrap(schema.def?.innerType)];
}
