import type { NdArray } from "../../../core/array.ts";
import { random } from "../../../core/random.ts";
import { type MobileNetConfig, mobileNetConvs, mobileNetV2 } from "../config.ts";
import { kernelShape } from "../weights.ts";

/** MobileNetV2's blocks, 4 channels wide each. */
export const tinyMobileNet: MobileNetConfig = {
  ...mobileNetV2,
  stem: [8, 4],
  blocks: mobileNetV2.blocks.map(({ stride }) => ({ channels: 4, stride })),
  features: 24,
};

/** Random weights by the names of transformers; those of one seed are equal. */
export function tinyMobileNetTensors(seed: number | string = 0): Map<string, NdArray<"float32">> {
  const { normal } = random(`tiny MobileNet ${seed}`);
  const tensors = new Map<string, NdArray<"float32">>();
  const add = (name: string, shape: readonly number[], draw: () => number): void => {
    const length = shape.reduce((a, b) => a * b, 1);
    tensors.set(`mobilenet_v2.${name}`, {
      dtype: "float32",
      shape,
      data: Float32Array.from({ length }, draw),
    });
  };
  for (const conv of mobileNetConvs(tinyMobileNet)) {
    const shape = kernelShape(conv);
    // As large as what enters, or a little larger: features of a network this deep would fade.
    const scale = 1.6 / Math.sqrt(shape[1] * shape[2] * shape[3]);
    add(`${conv.name}.convolution.weight`, shape, () => scale * normal());
    add(`${conv.name}.normalization.weight`, [conv.outputs], () => 1);
    add(`${conv.name}.normalization.bias`, [conv.outputs], () => 0.1 * normal());
    add(`${conv.name}.normalization.running_mean`, [conv.outputs], () => 0);
    add(`${conv.name}.normalization.running_var`, [conv.outputs], () => 1);
  }
  return tensors;
}
