import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeVersions, runtimeVersions } from "./version.ts";

const installed = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8"))
    .version;

describe("describeVersions", () => {
  it("names the package, Node and the installed runtime", () => {
    const { maskwright, node, onnxruntime, platform } = runtimeVersions();
    expect(onnxruntime).toBe(installed("onnxruntime-node"));
    expect(describeVersions()).toBe(
      `${maskwright}, Node ${node}, onnxruntime-node ${onnxruntime}, ${platform}`,
    );
  });
});
