import { describe, expect, it } from "vitest";
import { pathFault } from "../data/picture-id.ts";
import { clipConfigs, toyClipConfig } from "./clip/config.ts";
import { findModel, type ModelSource, modelRegistry } from "./registry.ts";
import { samConfigs } from "./sam/config.ts";

const sources = modelRegistry.flatMap(({ name, files }) =>
  files.flatMap((file) =>
    file.sources.map((source) => [`${name} ${file.role} ${source.kind}`, source] as const),
  ),
);

describe("modelRegistry", () => {
  it("has every SAM that can be built, and CLIP", () => {
    const names = modelRegistry.map(({ name }) => name);
    expect(names).toEqual([...Object.keys(samConfigs), ...Object.keys(clipConfigs), "toy-clip"]);
    const configs = { ...samConfigs, ...clipConfigs, "toy-clip": toyClipConfig };
    for (const { name, network } of modelRegistry)
      expect(network.config).toBe(configs[name as keyof typeof configs]);
  });

  it("begins with the authors' own file, whose digest somebody published, unless it ships", () => {
    for (const { name, files } of modelRegistry)
      for (const { sources: each, bundled } of files) {
        if (bundled !== undefined) {
          expect(bundled.path).toBe(`weights/${name}.safetensors`);
          expect(each).toEqual([]);
          continue;
        }
        expect(each[0].kind).toBe("authors");
        expect(each[0].digest).not.toBeNull();
      }
  });

  it.each(sources)("says where %s is, and where its digest was read", (_, source: ModelSource) => {
    const { bytes, digest } = source;
    if (bytes !== null) expect(bytes).toBeGreaterThan(1e6);
    if (digest !== null) {
      expect(digest.value).toMatch(digest.algorithm === "sha256" ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/);
      expect(new URL(digest.source).protocol).toBe("https:");
    }
    if (source.kind === "authors") expect(new URL(source.url).protocol).toBe("https:");
    else {
      expect(source.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(pathFault(source.path)).toBeNull();
    }
  });

  it("has the digest that OpenAI's addresses hold", () => {
    for (const [, source] of sources)
      if (source.kind === "authors" && source.url.includes("/clip/models/"))
        expect(source.url.split("/").at(-2)).toBe(source.digest?.value);
  });

  it("says which names there are when it does not know one", () => {
    expect(findModel("sam-vit-b").title).toBe("SAM ViT-B");
    expect(() => findModel("sam-vit-x")).toThrow(
      /^models: expected one of sam-vit-b, .*, clip-vit-l-14-336, .*got "sam-vit-x"$/,
    );
  });
});
