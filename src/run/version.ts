import { createRequire } from "node:module";
import packageJson from "../../package.json" with { type: "json" };

/** The package's version, as `--version` prints it and every run records it. */
export const version: string = packageJson.version;

/** What a run's numbers may depend on besides its options and inputs. */
export interface Versions {
  readonly maskwright: string;
  /** "v20.20.2" */
  readonly node: string;
  /** Of onnxruntime-node; null where it is not installed. */
  readonly onnxruntime: string | null;
  /** "linux-x64" */
  readonly platform: string;
}

export function runtimeVersions(): Versions {
  return {
    maskwright: version,
    node: process.version,
    onnxruntime: onnxRuntimeVersion(),
    platform: `${process.platform}-${process.arch}`,
  };
}

/** "0.4.0, Node v20.20.2, onnxruntime-node 1.30.0, linux-x64": for a report's page. */
export function describeVersions(): string {
  const { maskwright, node, onnxruntime, platform } = runtimeVersions();
  const runtime = onnxruntime === null ? [] : [`onnxruntime-node ${onnxruntime}`];
  return [maskwright, `Node ${node}`, ...runtime, platform].join(", ");
}

/** Read from its package.json: it is not loaded where nothing computes with it. */
function onnxRuntimeVersion(): string | null {
  try {
    const require = createRequire(import.meta.url);
    return (require("onnxruntime-node/package.json") as { readonly version: string }).version;
  } catch {
    return null;
  }
}
