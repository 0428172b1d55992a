import { MaskwrightError } from "../core/error.ts";
import { type Absence, type Device, type DeviceOptions, openDevice, reasonOf } from "./device.ts";
import { localRuntime, probe } from "./local-runtime.ts";
import { createOrtSession, type Ort, type OrtOptions } from "./ort-session.ts";
import type { Runtime, RuntimeOptions, SessionOptions } from "./runtime.ts";
import { webgpuProvider } from "./webgpu-provider.ts";

export interface WebRuntimeOptions extends RuntimeOptions {
  /** "cpu" is WebAssembly; threads need a page that is cross-origin isolated. Of a list the first that is there. Default "cpu". */
  readonly device?: WebDevice | readonly WebDevice[];
  /** Where onnxruntime-web's .wasm and .mjs files lie, when the bundler does not find them: a URL that ends in "/". */
  readonly wasmFolder?: string;
}

export type WebDevice = Extract<Device, "cpu" | "webgpu">;

type WebOrt = typeof import("onnxruntime-web");

/**
 * ONNX Runtime in WebAssembly or on WebGPU, in a browser or anywhere else that runs WebAssembly.
 *
 * @throws MaskwrightError MODEL when onnxruntime-web is not installed, or none of the devices is there
 */
export async function openWebRuntime(options: WebRuntimeOptions = {}): Promise<Runtime> {
  const open = async (device: Device): Promise<Runtime> => {
    const ort = await loadOnnxRuntime(device);
    ort.env.logLevel = "error";
    // Read once, when the first session is created.
    if (options.threads !== undefined) ort.env.wasm.numThreads = options.threads;
    if (options.wasmFolder !== undefined) ort.env.wasm.wasmPaths = options.wasmFolder;
    const runtime = localRuntime(device, (model, sessionOptions = {}) =>
      createOrtSession(ort as Ort, model, webOptions(device, model, sessionOptions), sessionOptions, {
        writesInto: false,
        copiesGiven: false,
        keepsOutputs: device === "webgpu",
      }),
    );
    if (device !== "cpu") await probe(runtime);
    return runtime;
  };
  return await openDevice(options as DeviceOptions, open, explainAbsence);
}

function webOptions(device: Device, model: Uint8Array, { folder, profile }: SessionOptions): OrtOptions {
  if (folder !== undefined)
    throw new MaskwrightError(
      "MODEL",
      `openWebRuntime: expected weights in memory, got a folder of them: ${folder}`,
    );
  return {
    executionProviders: [device === "webgpu" ? webgpuProvider(model) : "wasm"],
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  };
}

/** The build with WebGPU is twice as large, so it is loaded for WebGPU only; the one for Node reads its files, not URLs. */
async function loadOnnxRuntime(device: Device): Promise<WebOrt> {
  const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;
  try {
    if (device === "webgpu") return await import("onnxruntime-web/webgpu");
    return isNode ? await import("onnxruntime-web") : await import("onnxruntime-web/wasm");
  } catch (cause) {
    throw new MaskwrightError(
      "MODEL",
      `onnxruntime-web: expected the package that runs networks, got ${reasonOf(cause)}`,
      {
        hint: "npm install onnxruntime-web",
        cause,
      },
    );
  }
}

function explainAbsence(device: Device, error: unknown): Absence {
  const reason = reasonOf(error);
  return device === "webgpu"
    ? { reason, hint: "WebGPU needs a browser and a GPU that offer it" }
    : { reason };
}
