/** A MobileNetV2: a stem, inverted residual blocks, and a last 1×1 convolution. */
export interface MobileNetConfig {
  /** Channels after the stem's first and after its last convolution. */
  readonly stem: readonly [number, number];
  readonly blocks: readonly { readonly channels: number; readonly stride: 1 | 2 }[];
  /** Channels inside a block in units of those that enter it. */
  readonly expansion: number;
  /** Channels of the features. */
  readonly features: number;
}

const sizes = [
  { channels: 24, strides: [2, 1] },
  { channels: 32, strides: [2, 1, 1] },
  { channels: 64, strides: [2, 1, 1, 1] },
  { channels: 96, strides: [1, 1, 1] },
  { channels: 160, strides: [2, 1, 1] },
  { channels: 320, strides: [1] },
] as const;

/** MobileNetV2 1.0: 2,223,872 parameters without a classifier. @see Sandler et al. 2018, table 2 */
export const mobileNetV2: MobileNetConfig = {
  stem: [32, 16],
  blocks: sizes.flatMap(({ channels, strides }) => strides.map((stride) => ({ channels, stride }))),
  expansion: 6,
  features: 1280,
};

/** One convolution of the network, with the batch norm after it in its weight and bias. */
export interface MobileNetConv {
  /** As transformers names it, below "mobilenet_v2.". */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: 1 | 3;
  readonly isDepthwise: boolean;
}

/** All convolutions in the order in which they are applied, which is the one TFLite files have them in. */
export function mobileNetConvs({ stem, blocks, expansion, features }: MobileNetConfig): MobileNetConv[] {
  const dense = (name: string, inputs: number, outputs: number, kernel: 1 | 3 = 1): MobileNetConv => ({
    name,
    inputs,
    outputs,
    kernel,
    isDepthwise: false,
  });
  const depthwise = (name: string, channels: number): MobileNetConv => ({
    ...dense(name, channels, channels, 3),
    isDepthwise: true,
  });
  const convs = [
    dense("conv_stem.first_conv", 3, stem[0], 3),
    depthwise("conv_stem.conv_3x3", stem[0]),
    dense("conv_stem.reduce_1x1", stem[0], stem[1]),
  ];
  let inputs = stem[1];
  for (const [i, { channels }] of blocks.entries()) {
    const hidden = inputs * expansion;
    convs.push(
      dense(`layer.${i}.expand_1x1`, inputs, hidden),
      depthwise(`layer.${i}.conv_3x3`, hidden),
      dense(`layer.${i}.reduce_1x1`, hidden, channels),
    );
    inputs = channels;
  }
  return [...convs, dense("conv_1x1", inputs, features)];
}
