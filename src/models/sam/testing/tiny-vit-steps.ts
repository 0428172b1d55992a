import { type Graph, linear, reshape, type Tensor, transpose } from "../../../engine/index.ts";
import { downsamplingStride, type TinyVitConfig, type TinyVitStage } from "../config.ts";
import { scoped, type Weights } from "../weights.ts";
import { computedWith, following, nodesOf } from "./look-inside.ts";
import { toChannelsFirst } from "./picture-layout.ts";

/** What the encoder computes on its way, by the golden set's names. The graph has to hold one encoder, of one picture. */
export function tinyVitSteps(
  graph: Graph,
  weights: Weights,
  { side, convolutions, stages }: TinyVitConfig,
): Record<string, Tensor> {
  const own = scoped(weights, "image_encoder.");
  const convolved = (name: string): Tensor => following(own(`${name}.c.weight`), "conv2d");
  const at = (name: string): Tensor => computedWith(graph, own(`${name}.weight`));
  const steps: Record<string, Tensor> = {
    "stem.conv1": convolved("patch_embed.seq.0"),
    stem: convolved("patch_embed.seq.2"),
  };
  for (let i = 0; i < convolutions.depth; i++) {
    const block = `layer0.block${i}`;
    for (const part of ["conv1", "conv2", "conv3"])
      steps[`${block}.${part}`] = convolved(`layers.0.blocks.${i}.${part}`);
    steps[block] = following(steps[`${block}.conv3`], "gelu");
  }
  let grid = side / 4;
  let softmaxes = 0;
  for (const [s, stage] of stages.entries()) {
    grid /= downsamplingStride(stage.dim);
    steps[`layer${s}.downsample.conv2`] = convolved(`layers.${s}.downsample.conv2`);
    steps[`layer${s}.downsample`] = toTokens(convolved(`layers.${s}.downsample.conv3`));
    for (let i = 0; i < stage.depth; i++) {
      const block = `layer${s + 1}.block${i}`;
      const name = `layers.${s + 1}.blocks.${i}`;
      const shares = nodesOf(graph, "softmax")[softmaxes++].outputs[0];
      const proj = scoped(own, `${name}.attn.proj.`);
      steps[`${block}.attn_windows`] = linear(windowsOf(shares, grid, stage), proj("weight"), {
        bias: proj("bias"),
        transposeWeight: true,
      });
      steps[`${block}.local_conv`] = convolved(`${name}.local_conv`);
      steps[`${block}.mlp`] = reshape(at(`${name}.mlp.fc2`), [1, grid * grid, stage.dim]);
      steps[block] = reshape(following(at(`${name}.mlp.fc2`), "add"), [1, grid * grid, stage.dim]);
    }
  }
  // A layer is what its downsampling makes, where it has one.
  for (let s = 0; s <= stages.length; s++)
    steps[`layer${s}`] = steps[`layer${s}.downsample`] ?? steps[`layer${s}.block${stages[s - 1].depth - 1}`];
  return {
    ...steps,
    neck0: toChannelsFirst(at("neck.0"), grid),
    neck1: toChannelsFirst(at("neck.1"), grid),
    neck2: at("neck.2"),
    neck3: toChannelsFirst(at("neck.3"), grid),
  };
}

/** [1, C, h, w] as [1, h · w, C] */
function toTokens(map: Tensor): Tensor {
  const [, channels, height, width] = map.shape as readonly number[];
  return reshape(transpose(map, [0, 2, 3, 1]), [1, height * width, channels]);
}

/** What attention gives before the projection, padding included: [windows, window², C]. */
function windowsOf(shares: Tensor, grid: number, { window, dim }: TinyVitStage): Tensor {
  const count = Math.ceil(grid / window);
  const map = reshape(following(shares, "transpose"), [count, window, count, window, dim]);
  return reshape(transpose(map, [0, 2, 1, 3, 4]), [count * count, window * window, dim]);
}
