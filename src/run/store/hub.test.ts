import { describe, expect, it } from "vitest";
import type { ModelSource } from "../../models/registry.ts";
import { authorization, hubSettings, sourceUrl } from "./hub.ts";

function hubFile(repository: string, path: string, revision = "main"): ModelSource {
  return { kind: "hub", repository, revision, path, bytes: null, digest: null };
}

describe("hubSettings", () => {
  it("are those of Hugging Face when nothing is said", () => {
    expect(hubSettings({})).toEqual({
      endpoint: new URL("https://huggingface.co"),
      token: null,
      offlineBy: null,
    });
  });

  it.each(["1", "true", "YES", "on"])("are offline with HF_HUB_OFFLINE=%s", (value) => {
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offlineBy).toBe("HF_HUB_OFFLINE");
  });

  it.each(["0", "", "false", "no"])("are not with HF_HUB_OFFLINE=%s", (value) => {
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offlineBy).toBeNull();
  });

  it.each(["hf-mirror.example", "file:///x", "ftp://x"])("refuse the endpoint %s", (value) => {
    expect(() => hubSettings({ HF_ENDPOINT: value })).toThrow("HF_ENDPOINT: expected an address");
  });
});

describe("sourceUrl", () => {
  it("asks the hub, or its mirror, to resolve a path", () => {
    const file = hubFile("a/b", "sub folder/x.safetensors");
    expect(sourceUrl(file, hubSettings({})).href).toBe(
      "https://huggingface.co/a/b/resolve/main/sub%20folder/x.safetensors",
    );
    expect(sourceUrl(file, hubSettings({ HF_ENDPOINT: "http://mirror:80/hf/" })).href).toBe(
      "http://mirror/hf/a/b/resolve/main/sub%20folder/x.safetensors",
    );
  });

  it.each([
    ["../b", "x", "main"],
    ["a/b", "../../x", "main"],
    ["a/b", "/x", "main"],
    ["a/b", "x\\y", "main"],
    ["a/b", "x", "../main"],
    ["a/b", "", "main"],
  ])("refuses the repository %s, path %s, revision %s", (repository, path, revision) => {
    expect(() => sourceUrl(hubFile(repository, path, revision), hubSettings({}))).toThrow(
      "expected a path inside a repository",
    );
  });

  it("refuses an author's address that is not the web's", () => {
    const source: ModelSource = { kind: "authors", url: "file:///x.pth", bytes: null, digest: null };
    expect(() => sourceUrl(source, hubSettings({}))).toThrow("begins with https:// or http://");
  });
});

describe("authorization", () => {
  const settings = hubSettings({ HF_ENDPOINT: "https://hub.example", HF_TOKEN: "secret" });
  it("is for the hub's own scheme, name and port", () => {
    const of = (url: string): object => authorization(new URL(url), settings);
    expect(of("https://hub.example/x")).toEqual({ authorization: "Bearer secret" });
    for (const url of ["http://hub.example/x", "https://hub.example:8443/x", "https://hub.example.org/x"])
      expect(of(url)).toEqual({});
  });
});
