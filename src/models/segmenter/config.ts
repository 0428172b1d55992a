/** SegFormer: a Mix Transformer of four stages, each at half the resolution of the one before, and a head that joins them. */
export interface SegformerConfig {
  /** Channels of each stage. */
  readonly dims: readonly number[];
  /** Blocks of each stage. */
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  /** Side of the squares of positions that share a key and a value. */
  readonly reductions: readonly number[];
  /** Width of a block's MLP in units of the stage's channels. */
  readonly mlpRatio: number;
  /** Channels of the head. */
  readonly decoderDim: number;
  /** Classes, the background among them. */
  readonly classes: number;
}

/** Kernel and stride of the convolutions that make the stages' patches. */
export const PATCHES: readonly { readonly kernel: number; readonly stride: number }[] = [
  { kernel: 7, stride: 4 },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 2 },
];

export type SegformerVariant = `segformer-b${0 | 1 | 2 | 3 | 4 | 5}`;

/** The published sizes, for any number of classes. @see Xie et al. 2021, table 6 */
export function segformerConfig(variant: SegformerVariant, classes: number): SegformerConfig {
  const { dims = [64, 128, 320, 512], depths, decoderDim = 768 } = variants[variant];
  return {
    dims,
    depths,
    heads: [1, 2, 5, 8],
    reductions: [8, 4, 2, 1],
    mlpRatio: 4,
    decoderDim,
    classes,
  };
}

const variants: Readonly<
  Record<SegformerVariant, Partial<SegformerConfig> & Pick<SegformerConfig, "depths">>
> = {
  "segformer-b0": { dims: [32, 64, 160, 256], depths: [2, 2, 2, 2], decoderDim: 256 },
  "segformer-b1": { depths: [2, 2, 2, 2], decoderDim: 256 },
  "segformer-b2": { depths: [3, 4, 6, 3] },
  "segformer-b3": { depths: [3, 4, 18, 3] },
  "segformer-b4": { depths: [3, 8, 27, 3] },
  "segformer-b5": { depths: [3, 6, 40, 3] },
};
