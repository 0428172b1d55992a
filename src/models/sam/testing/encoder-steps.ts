import { type Graph, linear, pad, reshape, slice, type Tensor, transpose } from "../../../engine/index.ts";
import { gridSide, type VitConfig } from "../config.ts";
import { scoped, type Weights } from "../weights.ts";
import { computedWith, following, nodesOf } from "./look-inside.ts";
import { toChannelsFirst } from "./picture-layout.ts";

/**
 * What the encoder computes on its way, by the golden sets' names. The graph has to hold one encoder, without query blocks.
 *
 * @param wants  whether a name is asked for
 */
export function encoderSteps(
  graph: Graph,
  weights: Weights,
  config: VitConfig,
  wants: (name: string) => boolean,
): Record<string, Tensor> {
  const own = scoped(weights, "image_encoder.");
  const grid = gridSide(config);
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const steps: Record<string, Tensor> = {
    patch_embed: transpose(at("patch_embed.proj"), [0, 2, 3, 1]),
    neck0: toChannelsFirst(at("neck.0"), grid),
    neck1: toChannelsFirst(at("neck.1"), grid),
    neck2: at("neck.2"),
    neck3: toChannelsFirst(at("neck.3"), grid),
  };
  for (let i = 0; i < config.depth; i++)
    for (const [name, make] of Object.entries(blockSteps(graph, own, config, i)))
      if (wants(`block${i}.${name}`)) steps[`block${i}.${name}`] = make();
  return steps;
}

function blockSteps(
  graph: Graph,
  weights: Weights,
  config: VitConfig,
  i: number,
): Record<string, () => Tensor> {
  const { window, globalBlocks, dim } = config;
  const own = scoped(weights, `blocks.${i}.`);
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const grid = gridSide(config);
  const cell = globalBlocks.includes(i) ? grid : window;
  const count = Math.ceil(grid / cell);
  const padded = count * cell;
  const normed = reshape(at("norm1"), [grid, grid, dim]);
  const softmax = nodesOf(graph, "softmax")[i];
  // One head of one window is in place as it is.
  const merge = config.heads * count === 1 ? "matmul" : "transpose";
  const first = (tensor: Tensor): Tensor => slice(tensor, { axis: 0, end: 1 });
  /** [padded, padded, C] as [windows, cell, cell, C] */
  const windows = (map: Tensor, channels = dim): Tensor => {
    const parts = reshape(map, [count, cell, count, cell, channels]);
    return reshape(transpose(parts, [0, 2, 1, 3, 4]), [count * count, cell, cell, channels]);
  };
  return {
    norm1: () => normed,
    norm2: () => at("norm2"),
    "attn.in": () =>
      windows(
        pad(normed, [
          { axis: 0, after: padded - grid },
          { axis: 1, after: padded - grid },
        ]),
      ),
    // Before windows and heads were taken apart.
    "attn.qkv": () => windows(following(at("attn.qkv"), "transpose").node.inputs[0], 3 * dim),
    attn_logits_first_head: () => first(softmax.inputs[0]),
    rel_pos_bias_first_head: () => first(softmax.inputs[0].node.inputs[1]),
    // For the padding too, which the block itself leaves out.
    attn: () =>
      linear(windows(following(softmax.outputs[0], merge)), own("attn.proj.weight"), {
        bias: own("attn.proj.bias"),
        transposeWeight: true,
      }),
    mlp: () => at("mlp.lin2"),
    out: () => following(at("mlp.lin2"), "add"),
  };
}
