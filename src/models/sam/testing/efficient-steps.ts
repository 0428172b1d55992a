import { type Graph, reshape, slice, type Tensor, transpose } from "../../../engine/index.ts";
import { type EfficientSamConfig, gridSide } from "../config.ts";
import { absolutePositions } from "../plain-vit.ts";
import { scoped, type Weights } from "../weights.ts";
import { computedWith, following } from "./look-inside.ts";
import { toChannelsFirst } from "./picture-layout.ts";

/** What EfficientSAM's encoder computes on its way, by the golden set's names. The graph has to hold one encoder. */
export function plainVitSteps(
  graph: Graph,
  weights: Weights,
  { encoder }: EfficientSamConfig,
): Record<string, Tensor> {
  const own = scoped(weights, "image_encoder.");
  const grid = gridSide(encoder);
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const tokens = (x: Tensor): Tensor => reshape(x, [1, grid * grid, -1]);
  const steps: Record<string, Tensor> = {
    pos_embed_abs: absolutePositions(own("pos_embed"), grid),
    "encoder.patch_embed": at("patch_embed.proj"),
    "encoder.neck0": toChannelsFirst(at("neck.0"), grid),
    "encoder.neck1": toChannelsFirst(at("neck.1"), grid),
    "encoder.neck2": at("neck.2"),
    "encoder.neck3": toChannelsFirst(at("neck.3"), grid),
  };
  for (let i = 0; i < encoder.depth; i++) {
    const mlp = at(`blocks.${i}.mlp.fc2`);
    steps[`encoder.block${i}.attn`] = tokens(at(`blocks.${i}.attn.proj`));
    steps[`encoder.block${i}.mlp`] = tokens(mlp);
    steps[`encoder.block${i}`] = tokens(following(mlp, "add"));
  }
  return steps;
}

/** What its decoder computes on its way. The graph has to hold one decoder; maps are those of the first prompt. */
export function efficientDecoderSteps(
  graph: Graph,
  weights: Weights,
  { encoder, decoder }: EfficientSamConfig,
): Record<string, Tensor> {
  const own = scoped(weights, "mask_decoder.");
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const grid = gridSide(encoder);
  const [first, second] = decoder.upscaling;
  const upscaling = (name: string): string => `final_output_upscaling_layers.${name}`;
  const alone = (x: Tensor): Tensor => slice(x, { axis: 0, end: 1 });
  // The 2×2 or 4×4 pixels of a cell stay with it until the end: [B, y, x, y', x', (y'', x'',) c].
  const doubled = (x: Tensor): Tensor =>
    alone(
      reshape(transpose(reshape(x, [-1, grid, grid, 2, 2, first]), [0, 5, 1, 3, 2, 4]), [
        -1,
        first,
        2 * grid,
        2 * grid,
      ]),
    );
  const quadrupled = (x: Tensor): Tensor =>
    alone(
      reshape(transpose(reshape(x, [-1, grid, grid, 2, 2, 2, 2, second]), [0, 7, 1, 3, 5, 2, 4, 6]), [
        -1,
        second,
        4 * grid,
        4 * grid,
      ]),
    );
  const [half, whole] = [at(upscaling("0.0")), at(upscaling("1.0"))];
  const steps: Record<string, Tensor> = {
    transformer: at("transformer.norm_final_attn"),
    "upscale0.0": doubled(half),
    "upscale0.1": doubled(computedWith(graph, own(upscaling("0.1.bias")))),
    "upscale0.2": doubled(following(half, "gelu")),
    "upscale1.0": quadrupled(whole),
    // Between the second doubling and its GELU the original has nothing.
    "upscale1.1": quadrupled(whole),
    "upscale1.2": quadrupled(following(whole, "gelu")),
  };
  for (let i = 0; i < decoder.depth; i++) {
    const layer = `transformer.layers.${i}`;
    for (const name of ["self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"])
      steps[`layer${i}.${name}`] = computedWith(graph, own(`${layer}.${name}.out_proj.bias`));
    steps[`layer${i}.mlp`] = at(`${layer}.mlp.fc`);
    for (let k = 1; k <= 4; k++) steps[`layer${i}.norm${k}`] = at(`${layer}.norm${k}`);
  }
  return steps;
}
