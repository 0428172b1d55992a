import { type Graph, reshape, type Tensor, transpose } from "../../../engine/index.ts";
import { gridSide, MASK_COUNT, type SamConfig } from "../config.ts";
import { scoped, type Weights } from "../weights.ts";
import { computedWith, following } from "./look-inside.ts";

/** What the mask decoder computes on its way, by the golden sets' names. The graph has to hold one decoder. */
export function decoderSteps(graph: Graph, weights: Weights, config: SamConfig): Record<string, Tensor> {
  const own = scoped(weights, "mask_decoder.");
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const grid = gridSide(config.encoder);
  const { depth } = config.decoder;
  // The 2×2 or 4×4 pixels of a cell stay with it until the end: [B, y, x, y', x', (y'', x'',) c].
  const doubled = (x: Tensor): Tensor =>
    transpose(reshape(x, [-1, grid, grid, 2, 2, config.dim / 4]), [0, 5, 1, 3, 2, 4]);
  const quadrupled = (x: Tensor): Tensor =>
    transpose(reshape(x, [-1, grid, grid, 2, 2, 2, 2, config.dim / 8]), [0, 7, 1, 3, 5, 2, 4, 6]);
  const steps: Record<string, Tensor> = {
    final_attn: at("transformer.final_attn_token_to_image.out_proj"),
    "transformer.out0": at("transformer.norm_final_attn"),
    "transformer.out1": at(`transformer.layers.${depth - 1}.norm4`),
    upscale0: doubled(at("output_upscaling.0")),
    upscale1: doubled(at("output_upscaling.1")),
    upscale2: doubled(following(at("output_upscaling.1"), "gelu")),
    upscale3: quadrupled(at("output_upscaling.3")),
    upscale4: quadrupled(following(at("output_upscaling.3"), "gelu")),
  };
  for (let m = 0; m < MASK_COUNT; m++) steps[`hyper${m}`] = at(`output_hypernetworks_mlps.${m}.layers.2`);
  for (let i = 0; i < depth; i++) {
    const layer = `transformer.layers.${i}`;
    for (const name of ["self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"])
      steps[`layer${i}.${name}`] = computedWith(graph, own(`${layer}.${name}.out_proj.bias`));
    steps[`layer${i}.mlp`] = at(`${layer}.mlp.lin2`);
    for (let k = 1; k <= 4; k++) steps[`layer${i}.norm${k}`] = at(`${layer}.norm${k}`);
  }
  return steps;
}
