/** The image encoder: a ViT over square patches. */
export interface ClipVisionConfig {
  /** Side of the pictures it was trained on, px; it takes others too. */
  readonly side: number;
  /** Side of a patch, px. */
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
}

/** The text encoder: a causal transformer over byte pairs. */
export interface ClipTextConfig {
  /** Tokens of the longest text, its start and end included. */
  readonly context: number;
  /** Different tokens. */
  readonly vocabulary: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
}

export interface ClipConfig {
  readonly vision: ClipVisionConfig;
  readonly text: ClipTextConfig;
  /** Length of the vectors in which pictures and texts are compared. */
  readonly dim: number;
}

/** Width of a block's MLP in units of its `dim`, in all published sizes. */
export const MLP_RATIO = 4;

/** Patches along a side of the pictures it was trained on. */
export function trainedGrid({ side, patch }: ClipVisionConfig): number {
  return side / patch;
}

const baseText: ClipTextConfig = { context: 77, vocabulary: 49_408, dim: 512, depth: 12, heads: 8 };
const largeText: ClipTextConfig = { ...baseText, dim: 768, heads: 12 };

function base(patch: number): ClipConfig {
  return { vision: { side: 224, patch, dim: 768, depth: 12, heads: 12 }, text: baseText, dim: 512 };
}

function large(side: number): ClipConfig {
  return { vision: { side, patch: 14, dim: 1024, depth: 24, heads: 16 }, text: largeText, dim: 768 };
}

export type ClipVariant = "clip-vit-b-16" | "clip-vit-b-32" | "clip-vit-l-14" | "clip-vit-l-14-336";

/** A CLIP for drawn scenes, 1.2 million parameters. Its text encoder reads words of a small vocabulary. */
export const toyClipConfig: ClipConfig = {
  vision: { side: 240, patch: 16, dim: 128, depth: 5, heads: 4 },
  text: { context: 32, vocabulary: 128, dim: 64, depth: 2, heads: 2 },
  dim: 64,
};

/** The published sizes with a ViT: 150, 151, 428 and 428 million parameters. Heads are 64 wide (`model.py`). */
export const clipConfigs: Readonly<Record<ClipVariant, ClipConfig>> = {
  "clip-vit-b-16": base(16),
  "clip-vit-b-32": base(32),
  "clip-vit-l-14": large(224),
  "clip-vit-l-14-336": large(336),
};
