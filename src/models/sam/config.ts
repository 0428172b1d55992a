/** The image encoder: a ViT whose blocks attend inside windows, but for a few that see the whole grid. */
export interface VitConfig {
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

export interface SamConfig {
  readonly encoder: VitConfig;
  /** Channels of an embedding and length of a token. */
  readonly dim: number;
  /** Channels inside the network that reads mask prompts. */
  readonly maskChannels: number;
  readonly decoder: {
    readonly depth: number;
    readonly heads: number;
    readonly mlpDim: number;
    readonly iouDim: number;
  };
}

/** Masks the decoder makes of every prompt: one for prompts that mean one thing, then three for those that may not. */
export const MASK_COUNT = 4;

/** Patches along a side of the input, which is the side of an embedding. */
export function gridSide({ side, patch }: VitConfig): number {
  return side / patch;
}

function vit(dim: number, depth: number, heads: number, globalBlocks: readonly number[]): SamConfig {
  return {
    encoder: { side: 1024, patch: 16, dim, depth, heads, window: 14, globalBlocks, mlpRatio: 4 },
    dim: 256,
    maskChannels: 16,
    decoder: { depth: 2, heads: 8, mlpDim: 2048, iouDim: 256 },
  };
}

export type SamVariant = "sam-vit-b" | "sam-vit-l" | "sam-vit-h";

/** The published sizes (`build_sam.py`): 94, 312 and 641 million parameters. */
export const samConfigs: Readonly<Record<SamVariant, SamConfig>> = {
  "sam-vit-b": vit(768, 12, 12, [2, 5, 8, 11]),
  "sam-vit-l": vit(1024, 24, 16, [5, 11, 17, 23]),
  "sam-vit-h": vit(1280, 32, 16, [7, 15, 23, 31]),
};
