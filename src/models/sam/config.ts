/** A ViT whose blocks attend inside windows, but for a few that see the whole grid. */
export interface VitConfig {
  readonly kind: "vit";
  /** Side of the square input, px. */
  readonly side: number;
  /** Side of a patch, px. */
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  /** Side of an attention window, patches. */
  readonly window: number;
  /** Blocks without windows, from 0. */
  readonly globalBlocks: readonly number[];
  /** Width of a block's MLP in units of `dim`. */
  readonly mlpRatio: number;
}

/** MobileSAM's encoder: a stage of convolutions at a quarter of the side, then stages that attend inside windows. */
export interface TinyVitConfig {
  readonly kind: "tiny-vit";
  readonly side: number;
  readonly convolutions: { readonly dim: number; readonly depth: number };
  readonly stages: readonly TinyVitStage[];
  readonly mlpRatio: number;
}

export interface TinyVitStage {
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly window: number;
}

/** `sam-tiny`'s own encoder: residual convolutions down to an eighth of the side, then blocks that see the whole grid. */
export interface HybridConfig {
  readonly kind: "hybrid";
  readonly side: number;
  /** Channels at half of the side. */
  readonly stem: number;
  /** Residual convolutions at a quarter and at an eighth of the side. */
  readonly convolutions: readonly [ConvolutionStage, ConvolutionStage];
  /** Channels at a sixteenth of the side. */
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
}

export interface ConvolutionStage {
  readonly dim: number;
  readonly depth: number;
}

export type EncoderConfig = VitConfig | TinyVitConfig | HybridConfig;

export interface SamConfig {
  readonly kind: "sam";
  readonly encoder: EncoderConfig;
  /** Channels of an embedding and length of a token. */
  readonly dim: number;
  /** Channels inside the network that reads mask prompts. */
  readonly maskChannels: number;
  readonly decoder: {
    readonly depth: number;
    readonly heads: number;
    readonly mlpDim: number;
    readonly iouDim: number;
    /** Width of the layer of `lookForPrompt`, for a model that has one. */
    readonly placeDim?: number;
  };
}

/** EfficientSAM's encoder: a ViT of which every block sees the whole grid, without relative positions. */
export interface PlainVitConfig {
  readonly kind: "plain-vit";
  readonly side: number;
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlpRatio: number;
  /** Side of the table of absolute positions, which is stretched to the grid. */
  readonly positionSide: number;
}

/** EfficientSAM, which has SAM's design but other prompts and another decoder; see `efficient-sam.ts`. */
export interface EfficientSamConfig {
  readonly kind: "efficient-sam";
  readonly encoder: PlainVitConfig;
  readonly dim: number;
  /** Tokens of every prompt: what it has less is filled up, what it has more is an error. */
  readonly pointCount: number;
  readonly decoder: {
    readonly depth: number;
    readonly heads: number;
    readonly mlpDim: number;
    readonly iouDim: number;
    /** Channels after each doubling of the map. */
    readonly upscaling: readonly [number, number];
  };
}

/** Masks the decoder makes of every prompt: one for prompts that mean one thing, then three for those that may not. */
export const MASK_COUNT = 4;

/** How much wider a TinyViT's bottlenecks are inside. */
export const EXPANSION = 4;

/** Pixels along a side of a cell of the hybrid encoder's embedding. */
export const HYBRID_STRIDE = 16;

/** Length of a mask's filter: the channels it is drawn with, and one for the prompt's own map, see `likenMask`. */
export function filterLength({ dim, decoder }: SamConfig): number {
  return dim / 8 + (decoder.placeDim === undefined ? 0 : 1);
}

/** Cells along a side of an embedding. */
export function gridSide(encoder: EncoderConfig | PlainVitConfig): number {
  if (encoder.kind === "hybrid") return encoder.side / HYBRID_STRIDE;
  if (encoder.kind !== "tiny-vit") return encoder.side / encoder.patch;
  return encoder.stages.reduce((side, { dim }) => side / downsamplingStride(dim), encoder.side / 4);
}

/**
 * Stride of the convolution between two stages of a TinyViT, the second of which has `dim` channels. The last one has 1, so that the
 * embedding is as fine as a ViT's; the original tells it by its number of channels.
 *
 * @see MobileSAM, `tiny_vit_sam.py`, `PatchMerging`
 */
export function downsamplingStride(dim: number): 1 | 2 {
  return dim === 320 || dim === 448 || dim === 576 ? 1 : 2;
}

const samDecoder = {
  dim: 256,
  maskChannels: 16,
  decoder: { depth: 2, heads: 8, mlpDim: 2048, iouDim: 256 },
};

function vit(dim: number, depth: number, heads: number, globalBlocks: readonly number[]): SamConfig {
  return {
    kind: "sam",
    encoder: { kind: "vit", side: 1024, patch: 16, dim, depth, heads, window: 14, globalBlocks, mlpRatio: 4 },
    ...samDecoder,
  };
}

function efficient(dim: number, heads: number): EfficientSamConfig {
  return {
    kind: "efficient-sam",
    encoder: {
      kind: "plain-vit",
      side: 1024,
      patch: 16,
      dim,
      depth: 12,
      heads,
      mlpRatio: 4,
      positionSide: 14,
    },
    dim: 256,
    pointCount: 6,
    decoder: { depth: 2, heads: 8, mlpDim: 2048, iouDim: 256, upscaling: [64, 32] },
  };
}

type WithSamPrompts = "sam-vit-b" | "sam-vit-l" | "sam-vit-h" | "mobile-sam" | "sam-tiny";
type Efficient = "efficient-sam-ti" | "efficient-sam-s";
export type SamVariant = WithSamPrompts | Efficient;

/** The published sizes: of `build_sam.py` 94, 312 and 641 million parameters, MobileSAM 10, EfficientSAM 10 and 26; and our own of 4. */
export const samConfigs: Readonly<Record<WithSamPrompts, SamConfig> & Record<Efficient, EfficientSamConfig>> =
  {
    "sam-vit-b": vit(768, 12, 12, [2, 5, 8, 11]),
    "sam-vit-l": vit(1024, 24, 16, [5, 11, 17, 23]),
    "sam-vit-h": vit(1280, 32, 16, [7, 15, 23, 31]),
    "mobile-sam": {
      kind: "sam",
      encoder: {
        kind: "tiny-vit",
        side: 1024,
        convolutions: { dim: 64, depth: 2 },
        stages: [
          { dim: 128, depth: 2, heads: 4, window: 7 },
          { dim: 160, depth: 6, heads: 5, window: 14 },
          { dim: 320, depth: 2, heads: 10, window: 7 },
        ],
        mlpRatio: 4,
      },
      ...samDecoder,
    },
    "sam-tiny": {
      kind: "sam",
      encoder: {
        kind: "hybrid",
        side: 512,
        stem: 24,
        convolutions: [
          { dim: 32, depth: 2 },
          { dim: 64, depth: 3 },
        ],
        dim: 160,
        depth: 6,
        heads: 5,
      },
      dim: 128,
      maskChannels: 16,
      decoder: { depth: 2, heads: 8, mlpDim: 512, iouDim: 128, placeDim: 128 },
    },
    "efficient-sam-ti": efficient(192, 3),
    "efficient-sam-s": efficient(384, 6),
  };
