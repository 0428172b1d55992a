import type { SegformerConfig } from "../config.ts";
import type { LightHeadConfig } from "../light-head.ts";
import type { SegmenterNetwork } from "../network.ts";

/** A SegFormer that trains in milliseconds, on squares of 32 pixels. */
export const tinySegformer: SegformerConfig = {
  dims: [4, 4, 6, 8],
  depths: [1, 1, 1, 1],
  heads: [1, 2, 2, 4],
  reductions: [8, 4, 2, 1],
  mlpRatio: 2,
  decoderDim: 6,
  classes: 3,
};

/** A head on the maps of `tinyMobileNet`. */
export const tinyLightHead: LightHeadConfig = { levels: [4, 4, 24], dim: 5, classes: 3 };

export const tinyNetworks: Readonly<Record<SegmenterNetwork["kind"], SegmenterNetwork>> = {
  segformer: { kind: "segformer", config: tinySegformer },
  light: {
    kind: "light",
    encoder: { kind: "mobilenet", name: "tiny.safetensors", sha256: "0".repeat(64) },
    config: tinyLightHead,
  },
};
