import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { MaskwrightError } from "../core/error.ts";
import { type Absence, type Device, type DeviceOptions, openDevice, reasonOf } from "./device.ts";
import { localRuntime, probe } from "./local-runtime.ts";
import { createOrtSession, type Ort, type OrtOptions } from "./ort-session.ts";
import type { Runtime, RuntimeOptions, SessionOptions } from "./runtime.ts";
import { webgpuProvider } from "./webgpu-provider.ts";

export interface NodeRuntimeOptions extends DeviceOptions, RuntimeOptions {}

/** What onnxruntime-node calls the devices. */
const providers: Readonly<Record<Device, string>> = {
  cpu: "cpu",
  cuda: "cuda",
  webgpu: "webgpu",
  coreml: "coreml",
  directml: "dml",
};

/**
 * ONNX Runtime in this process, on the first device of those asked for that works.
 *
 * A run blocks the thread that called it; see `openWorkerRuntime` for one that does not.
 *
 * @throws MaskwrightError MODEL when onnxruntime-node is not installed, or none of the devices is there
 */
export async function openNodeRuntime(options: NodeRuntimeOptions = {}): Promise<Runtime> {
  const ort = await loadOnnxRuntime();
  const { threads = availableParallelism() } = options;
  const open = async (device: Device): Promise<Runtime> => {
    const runtime = localRuntime(device, (model, sessionOptions = {}) =>
      createOrtSession(ort, model, nodeOptions(device, threads, model, sessionOptions), sessionOptions, {
        writesInto: true,
        copiesGiven: device === "cpu",
        keepsOutputs: device === "webgpu",
      }),
    );
    if (device !== "cpu") await probe(runtime);
    return runtime;
  };
  return await openDevice(options, open, explainAbsence);
}

function nodeOptions(
  device: Device,
  threads: number,
  model: Uint8Array,
  { folder, releaseMemory = false, profile }: SessionOptions,
): OrtOptions {
  return {
    // The CPU takes what a device has no kernel for, without being named. Named, it would also take the place of a missing device.
    executionProviders: [device === "webgpu" ? webgpuProvider(model) : providers[device]],
    intraOpNumThreads: threads,
    // Planned memory is held twice over while attention's large buffers grow: SAM ViT-B took 7.1 GB with it, 3.9 without.
    enableMemPattern: false,
    enableCpuMemArena: !releaseMemory,
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    extra: {
      // On the CPU its one kernel takes three times as long as the sum and the norm that it stands for.
      ...(device === "cpu" && { optimization: { disable_specified_optimizers: "SkipLayerNormFusion" } }),
      ...(folder !== undefined && {
        session: { model_external_initializers_file_folder_path: resolve(folder) },
      }),
    },
  };
}

/** The package, or one line that says how to get it. */
async function loadOnnxRuntime(): Promise<Ort> {
  try {
    const ort = await import("onnxruntime-node");
    ort.env.logLevel = "fatal";
    return ort as unknown as Ort;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const got = isMissing ? "no such package" : `one that does not load: ${reasonOf(cause)}`;
    throw new MaskwrightError(
      "MODEL",
      `onnxruntime-node: expected the package that runs networks, got ${got}`,
      {
        hint: "npm install onnxruntime-node (without a GPU or offline: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node)",
        cause,
      },
    );
  }
}

function explainAbsence(device: Device, error: unknown): Absence {
  const reason = reasonOf(error);
  switch (device) {
    case "cuda":
      return {
        reason,
        hint: "CUDA needs an NVIDIA GPU on Linux or Windows, CUDA 12 with cuDNN 9, and ONNXRUNTIME_NODE_INSTALL=cuda12 npm install onnxruntime-node",
      };
    case "webgpu":
      return { reason, hint: "WebGPU needs a GPU with a Vulkan, Metal or Direct3D 12 driver" };
    case "coreml":
      return { reason, hint: "CoreML is there on macOS only" };
    case "directml":
      return { reason, hint: "DirectML is there on Windows only" };
    case "cpu":
      return { reason };
  }
}
