/** A tensor's official name and its shape. */
export type TensorEntry = readonly [name: string, shape: readonly number[]];

/** A weight and its bias. */
export function layerEntries(
  name: string,
  weight: readonly number[],
  outputs: number = weight[0],
): TensorEntry[] {
  return [
    [`${name}.weight`, weight],
    [`${name}.bias`, [outputs]],
  ];
}

export function neckEntries(inputs: number, outputs: number): TensorEntry[] {
  return [
    ["image_encoder.neck.0.weight", [outputs, inputs, 1, 1]],
    ...layerEntries("image_encoder.neck.1", [outputs]),
    ["image_encoder.neck.2.weight", [outputs, outputs, 3, 3]],
    ...layerEntries("image_encoder.neck.3", [outputs]),
  ];
}

/** The decoder's attention, but for its MLPs the same in SAM and EfficientSAM. */
export function twoWayEntries(dim: number, depth: number): TensorEntry[] {
  const attention = (name: string, inner: number): TensorEntry[] => [
    ...["q_proj", "k_proj", "v_proj"].flatMap((part) =>
      layerEntries(`mask_decoder.transformer.${name}.${part}`, [inner, dim]),
    ),
    ...layerEntries(`mask_decoder.transformer.${name}.out_proj`, [dim, inner]),
  ];
  const block = (i: number): TensorEntry[] => [
    ...attention(`layers.${i}.self_attn`, dim),
    ...attention(`layers.${i}.cross_attn_token_to_image`, dim / 2),
    ...attention(`layers.${i}.cross_attn_image_to_token`, dim / 2),
    ...[1, 2, 3, 4].flatMap((k) => layerEntries(`mask_decoder.transformer.layers.${i}.norm${k}`, [dim])),
  ];
  return [
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...attention("final_attn_token_to_image", dim / 2),
    ...layerEntries("mask_decoder.transformer.norm_final_attn", [dim]),
  ];
}
