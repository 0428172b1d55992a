/** The student prompter of WPS-SAM: a neck that shrinks SAM's embedding, a DETR-like transformer, two heads. */
export interface PrompterConfig {
  /** Channels of an embedding, which is the length of a token. */
  readonly channels: number;
  /** Side of an embedding, cells. */
  readonly grid: number;
  /** Strides of the neck's two convolutions: each is 1 or 2. */
  readonly strides: readonly [number, number];
  /** Width of the transformer. */
  readonly dim: number;
  readonly heads: number;
  readonly mlpDim: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Parts that can be found in a picture. */
  readonly queries: number;
  /** Tokens of a prompt: two for a box, two for a point and the padding after it. */
  readonly tokens: number;
  /** Part classes; one more stands for "no object" and comes last. */
  readonly classes: number;
}

/** As published for PartImageNet on SAM ViT-B: 12,717,609 parameters. */
export const partImageNetPrompter: PrompterConfig = {
  channels: 256,
  grid: 64,
  strides: [2, 2],
  dim: 256,
  heads: 8,
  mlpDim: 1024,
  encoderLayers: 6,
  decoderLayers: 6,
  queries: 25,
  tokens: 2,
  classes: 40,
};

/** Side of the grid that the transformer sees: a convolution of stride s leaves ⌈n / s⌉ cells of n. */
export function neckSide({ grid, strides }: PrompterConfig): number {
  return strides.reduce((side, stride) => Math.ceil(side / stride), grid);
}
