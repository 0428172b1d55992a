import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { embeddingsFolder, modelsFolder } from "./location.ts";

describe("modelsFolder", () => {
  const home = homedir();
  it.each([
    ["linux", { MASKWRIGHT_HOME: "/a", XDG_DATA_HOME: "/b" }, "/a/models"],
    ["linux", { XDG_DATA_HOME: "/b" }, "/b/maskwright/models"],
    ["linux", { XDG_DATA_HOME: "relative" }, join(home, ".local/share/maskwright/models")],
    ["linux", { MASKWRIGHT_HOME: "" }, join(home, ".local/share/maskwright/models")],
    ["darwin", {}, join(home, "Library/Application Support/maskwright/models")],
    ["darwin", { XDG_DATA_HOME: "/b" }, "/b/maskwright/models"],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/maskwright/models"],
    ["win32", {}, join(home, "AppData/Local/maskwright/models")],
  ] as const)("on %s with %o is %s", (platform, environment, folder) => {
    expect(modelsFolder(environment, platform)).toBe(folder);
  });
});

describe("embeddingsFolder", () => {
  const home = homedir();
  it.each([
    ["linux", { MASKWRIGHT_HOME: "/a", XDG_CACHE_HOME: "/b" }, "/a/embeddings"],
    ["linux", { XDG_CACHE_HOME: "/b" }, "/b/maskwright/embeddings"],
    ["linux", { XDG_CACHE_HOME: "relative" }, join(home, ".cache/maskwright/embeddings")],
    ["linux", {}, join(home, ".cache/maskwright/embeddings")],
    ["darwin", {}, join(home, "Library/Caches/maskwright/embeddings")],
    ["win32", { LOCALAPPDATA: "/local" }, "/local/maskwright/embeddings"],
    ["win32", {}, join(home, "AppData/Local/maskwright/embeddings")],
  ] as const)("on %s with %o is %s", (platform, environment, folder) => {
    expect(embeddingsFolder(environment, platform)).toBe(folder);
  });
});
