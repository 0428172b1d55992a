import type { PrompterConfig } from "../config.ts";

/** A prompter that trains in milliseconds, on the embeddings of `tinyConfig` in `models/sam`. */
export const tinyPrompter: PrompterConfig = {
  channels: 16,
  grid: 4,
  strides: [2, 1],
  dim: 8,
  heads: 2,
  mlpDim: 12,
  encoderLayers: 2,
  decoderLayers: 2,
  queries: 3,
  tokens: 2,
  classes: 2,
};
