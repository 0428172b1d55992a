import { MaskwrightError } from "../core/error.ts";
import { type ClipConfig, clipConfigs, toyClipConfig } from "./clip/config.ts";
import { samConfigs } from "./sam/config.ts";
import type { samWeights } from "./sam/weights.ts";

/** A model with weights, others' or our own: what it is, under which license, and where its files are. */
export interface ModelEntry {
  readonly name: string;
  readonly title: string;
  readonly license: "Apache-2.0" | "MIT";
  /** Where its authors describe it and state that license: an address, or a page of ours. */
  readonly project: string;
  readonly network: ModelNetwork;
  readonly files: readonly ModelFile[];
}

/** The network that the weights are for, so that a file can be checked to have its tensors. */
export type ModelNetwork =
  | { readonly kind: "sam"; readonly config: SamNetworkConfig }
  | { readonly kind: "clip"; readonly config: ClipConfig };

/** Every configuration that `samWeights` takes. */
export type SamNetworkConfig = Parameters<typeof samWeights>[1];

/** One of the files a model needs. */
export interface ModelFile {
  readonly role: FileRole;
  /**
   * Where it can be fetched: they hold the same tensors, maybe by other names. The first one is taken unless another kind is asked for. A
   * bundled file has none, nor has one that everyone makes.
   */
  readonly sources: readonly ModelSource[];
  readonly bundled?: BundledFile;
}

/** A file that ships with the package, so that it is always here. */
export interface BundledFile {
  /** From the package's root. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Weights of the network, or the vocabulary of its tokenizer. */
export type FileRole = "weights" | "vocabulary";

/** A published file: from where its authors put it, or from a repository of a Hugging Face hub. */
export type ModelSource = PublishedFile &
  (
    | { readonly kind: "authors"; readonly url: string }
    | {
        readonly kind: "hub";
        /** "owner/name" */
        readonly repository: string;
        readonly revision: string;
        readonly path: string;
      }
  );

export interface PublishedFile {
  /** Size, null where it is not known. */
  readonly bytes: number | null;
  /** Null where nobody published it. */
  readonly digest: FileDigest | null;
}

/** What a file's bytes must hash to, and the public place that says so. */
export interface FileDigest {
  /** "git-blob" is Git's name for a file: the SHA-1 of "blob SIZE\0" and its bytes. */
  readonly algorithm: "sha256" | "git-blob";
  /** Hexadecimal, lower case. */
  readonly value: string;
  readonly source: string;
}

function sha256(value: string, source: string): FileDigest {
  return { algorithm: "sha256", value, source };
}

function hub(repository: string, path: string, file: PublishedFile, revision = "main"): ModelSource {
  return { kind: "hub", repository, revision, path, ...file };
}

/** Files of transformers: other names, the same numbers; nobody published their digests apart from the hub. */
const unknown: PublishedFile = { bytes: null, digest: null };

const microSam =
  "https://github.com/computational-cell-analytics/micro-sam/blob/79e441a0e047d942e885a08e4464a466bccd0eaa/micro_sam/util.py";

/** The six digits in the files' names begin their MD5, not their SHA-256. */
function sam(
  size: "b" | "l" | "h",
  { file, hubName, bytes, digest }: { file: string; hubName: string; bytes: number; digest: string },
): ModelEntry {
  const name = `sam-vit-${size}` as const;
  return {
    name,
    title: `SAM ViT-${size.toUpperCase()}`,
    license: "Apache-2.0",
    project: "https://github.com/facebookresearch/segment-anything",
    network: { kind: "sam", config: samConfigs[name] },
    files: [
      {
        role: "weights",
        sources: [
          {
            kind: "authors",
            url: `https://dl.fbaipublicfiles.com/segment_anything/${file}`,
            bytes,
            digest: sha256(digest, microSam),
          },
          hub(`facebook/${hubName}`, "model.safetensors", unknown),
        ],
      },
    ],
  };
}

const mobileSam: PublishedFile = {
  bytes: 40_728_226,
  digest: sha256("6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f", microSam),
};

const efficientSamRaw =
  "https://raw.githubusercontent.com/yformer/EfficientSAM/d525f622e6f640acf5a0fc37c7ca1f243da5bde0/weights";
const efficientSamTi: PublishedFile = {
  bytes: 40_982_470,
  digest: sha256(
    "dff858b19600a46461cbb7de98f796b23a7a888d9f5e34c0b033f7d6eb9e4e6a",
    "https://github.com/segmen-pixel/seg-studio/blob/c779b1cb6739787fc8998fe4a56a4dff02687377/licenses/third_party/MODEL_WEIGHTS.md",
  ),
};

function efficientSam(size: "ti" | "s", sources: readonly ModelSource[]): ModelEntry {
  const name = `efficient-sam-${size}` as const;
  return {
    name,
    title: `EfficientSAM-${size === "ti" ? "Ti" : "S"}`,
    license: "Apache-2.0",
    project: "https://github.com/yformer/EfficientSAM",
    network: { kind: "sam", config: samConfigs[name] },
    files: [{ role: "weights", sources }],
  };
}

const openaiClip = "https://github.com/openai/CLIP/blob/d05afc436d78f1c48dc0dbf8e5980a9d471f35f6";

/** OpenAI's addresses have the SHA-256 in them, and its own code checks it. */
function clip(
  size: "b-16" | "b-32" | "l-14" | "l-14-336",
  { file, bytes, digest, hubFile }: { file: string; bytes: number; digest: string; hubFile: ModelSource },
): ModelEntry {
  const name = `clip-vit-${size}` as const;
  return {
    name,
    title: `CLIP ViT-${size.toUpperCase()}`,
    license: "MIT",
    project: "https://github.com/openai/CLIP",
    network: { kind: "clip", config: clipConfigs[name] },
    files: [
      {
        role: "weights",
        sources: [
          {
            kind: "authors",
            url: `https://openaipublic.azureedge.net/clip/models/${digest}/${file}`,
            bytes,
            digest: sha256(digest, `${openaiClip}/clip/clip.py`),
          },
          hubFile,
        ],
      },
      {
        role: "vocabulary",
        sources: [
          {
            kind: "authors",
            url: "https://raw.githubusercontent.com/openai/CLIP/d05afc436d78f1c48dc0dbf8e5980a9d471f35f6/clip/bpe_simple_vocab_16e6.txt.gz",
            bytes: 1_356_917,
            digest: sha256(
              "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
              `${openaiClip}/clip/bpe_simple_vocab_16e6.txt.gz`,
            ),
          },
        ],
      },
    ],
  };
}

/** A model of our own whose weights ship with the package, as `weights/NAME.safetensors`. */
export function bundled(
  name: string,
  model: Pick<ModelEntry, "title" | "project" | "network">,
  file: Pick<BundledFile, "bytes" | "sha256">,
): ModelEntry {
  const path = `weights/${name}.safetensors`;
  return {
    name,
    license: "Apache-2.0",
    ...model,
    files: [{ role: "weights", sources: [], bundled: { path, ...file } }],
  };
}

/** The models whose weights can be fetched or imported, or ship with the package, in the order of a list for people. */
export const modelRegistry: readonly ModelEntry[] = [
  sam("b", {
    file: "sam_vit_b_01ec64.pth",
    hubName: "sam-vit-base",
    bytes: 375_042_383,
    digest: "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
  }),
  sam("l", {
    file: "sam_vit_l_0b3195.pth",
    hubName: "sam-vit-large",
    bytes: 1_249_524_607,
    digest: "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
  }),
  sam("h", {
    file: "sam_vit_h_4b8939.pth",
    hubName: "sam-vit-huge",
    bytes: 2_564_550_879,
    digest: "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
  }),
  {
    name: "mobile-sam",
    title: "MobileSAM",
    license: "Apache-2.0",
    project: "https://github.com/ChaoningZhang/MobileSAM",
    network: { kind: "sam", config: samConfigs["mobile-sam"] },
    files: [
      {
        role: "weights",
        sources: [
          {
            kind: "authors",
            url: "https://raw.githubusercontent.com/ChaoningZhang/MobileSAM/34bbbfdface3c18e5221aa7de6032d7220c6c6a1/weights/mobile_sam.pt",
            ...mobileSam,
          },
          hub("dhkim2810/MobileSAM", "mobile_sam.pt", mobileSam),
        ],
      },
    ],
  },
  bundled(
    "sam-tiny",
    {
      title: "a small SAM that learned from drawn scenes",
      project: "docs/methods/sam-tiny.md",
      network: { kind: "sam", config: samConfigs["sam-tiny"] },
    },
    { bytes: 7_194_918, sha256: "ffa03697028fd3d8502fa1b93c9fa77d7eaaaf7a52c88d22580bb640d0e49330" },
  ),
  efficientSam("ti", [
    { kind: "authors", url: `${efficientSamRaw}/efficient_sam_vitt.pt`, ...efficientSamTi },
    hub(
      "merve/EfficientSAM",
      "efficient_sam_vitt.pt",
      efficientSamTi,
      "38bb0b55425abf62274ba4a8c51249e3d7298b70",
    ),
  ]),
  efficientSam("s", [
    {
      kind: "authors",
      url: `${efficientSamRaw}/efficient_sam_vits.pt.zip`,
      bytes: null,
      digest: {
        algorithm: "git-blob",
        value: "fa4e9f05f753e109dbde052f97d37903b833cf53",
        source:
          "https://github.com/yformer/EfficientSAM/tree/d525f622e6f640acf5a0fc37c7ca1f243da5bde0/weights",
      },
    },
  ]),
  clip("b-16", {
    file: "ViT-B-16.pt",
    bytes: 350_837_078,
    digest: "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f",
    hubFile: hub("openai/clip-vit-base-patch16", "model.safetensors", unknown),
  }),
  clip("b-32", {
    file: "ViT-B-32.pt",
    bytes: 353_976_522,
    digest: "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
    hubFile: hub("openai/clip-vit-base-patch32", "pytorch_model.bin", unknown),
  }),
  clip("l-14", {
    file: "ViT-L-14.pt",
    bytes: 932_768_134,
    digest: "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836",
    hubFile: hub("openai/clip-vit-large-patch14", "model.safetensors", unknown),
  }),
  clip("l-14-336", {
    file: "ViT-L-14-336px.pt",
    bytes: 934_088_680,
    digest: "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
    hubFile: hub("openai/clip-vit-large-patch14-336", "pytorch_model.bin", unknown),
  }),
  bundled(
    "toy-clip",
    {
      title: "a CLIP for drawn scenes",
      project: "docs/methods/toy-clip.md",
      network: { kind: "clip", config: toyClipConfig },
    },
    { bytes: 2_494_674, sha256: "6cb7c984568dfd48080b062f1f06ec0560d01c9186a0b61152945d9ec9d54979" },
  ),
];

/** The entry of a name. @throws MaskwrightError NOT_FOUND */
export function findModel(name: string, registry: readonly ModelEntry[] = modelRegistry): ModelEntry {
  const entry = registry.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = registry.map((candidate) => candidate.name).join(", ");
  throw new MaskwrightError("NOT_FOUND", `models: expected one of ${names}, got ${JSON.stringify(name)}`);
}
