import { add, clip, conv2d, type Tensor } from "../../engine/index.ts";
import type { MobileNetConfig } from "./config.ts";

export interface MobileNetOptions {
  /** Pixels a feature stands for, along a side. With 16 the last halving is left out and the filters after it are dilated. Default 32. */
  readonly outputStride?: 8 | 16 | 32;
}

/**
 * The features of a picture.
 *
 * @param weights  by the names of `mobileNetConvs`, each with ".weight" and ".bias"
 * @param image    [B, 3, H, W] from −1 to 1
 * @returns        [B, F, ⌈H / s⌉, ⌈W / s⌉], s the output stride
 * @see transformers, `modeling_mobilenet_v2.py`; pads are TensorFlow's, as in the published weights
 */
export function mobileNetFeatures(
  weights: (name: string) => Tensor,
  image: Tensor,
  config: MobileNetConfig,
  options: MobileNetOptions = {},
): Tensor {
  const maps = mobileNetMaps(weights, image, config, options);
  return maps[maps.length - 1];
}

/** As `mobileNetFeatures`, with what comes before them: the map before each block that halves, or with the last halvings left out would. */
export function mobileNetMaps(
  weights: (name: string) => Tensor,
  image: Tensor,
  { blocks }: MobileNetConfig,
  { outputStride = 32 }: MobileNetOptions = {},
): Tensor[] {
  const conv = (name: string, x: Tensor, options: ConvOptions = {}): Tensor =>
    samePadConv(x, weights(`${name}.weight`), weights(`${name}.bias`), options);
  let x = relu6(conv("conv_stem.first_conv", image, { stride: 2 }));
  x = relu6(conv("conv_stem.conv_3x3", x));
  x = conv("conv_stem.reduce_1x1", x);
  const maps: Tensor[] = [];
  let [strideSoFar, dilation] = [2, 1];
  for (const [i, { channels, stride: wanted }] of blocks.entries()) {
    if (wanted > 1) maps.push(x);
    const isDense = strideSoFar === outputStride && wanted > 1;
    const stride = isDense ? 1 : wanted;
    let y = relu6(conv(`layer.${i}.expand_1x1`, x));
    y = relu6(conv(`layer.${i}.conv_3x3`, y, { stride, dilation }));
    y = conv(`layer.${i}.reduce_1x1`, y);
    x = wanted === 1 && x.shape[1] === channels ? add(x, y) : y;
    strideSoFar *= stride;
    if (isDense) dilation *= wanted;
  }
  return [...maps, relu6(conv("conv_1x1", x))];
}

interface ConvOptions {
  readonly stride?: number;
  readonly dilation?: number;
}

/** A convolution as TensorFlow pads it: ⌈size / stride⌉ results along a side, an odd pad at the bottom and right. */
function samePadConv(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { stride = 1, dilation = 1 }: ConvOptions,
): Tensor {
  const [outputs, perGroup, kernel] = weight.shape as readonly number[];
  const channels = x.shape[1] as number;
  const [vertical, horizontal] = [2, 3].map((axis) => {
    const size = x.shape[axis] as number;
    const reach = dilation * (kernel - 1) + 1;
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  return conv2d(x, weight, {
    bias,
    stride,
    dilation,
    pad: [vertical[0], horizontal[0], vertical[1], horizontal[1]],
    groups: perGroup === 1 && outputs === channels ? channels : 1,
  });
}

function relu6(x: Tensor): Tensor {
  return clip(x, { min: 0, max: 6 });
}
