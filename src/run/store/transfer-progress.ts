import { formatDuration, type ProgressKind } from "../progress.ts";

/** How far a file is on its way, told to whoever watches: a bar on a terminal, a line now and then, or JSON events. */
export interface TransferProgress {
  begin(what: string): void;
  /** @param total null where nobody knows */
  advance(bytes: number, total: number | null): void;
  /** Something the user should know that stops nothing. */
  warn(message: string): void;
  end(): void;
}

/** Milliseconds between two signs of life, so that a fast network does not mean a slow terminal. */
const intervals: Readonly<Record<ProgressKind, number>> = { bar: 100, lines: 5000, json: 1000 };

/** Progress on standard error, so that standard output stays clean for results. */
export async function createTransferProgress(
  kind: ProgressKind,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<TransferProgress> {
  if (kind !== "bar") return steady(intervals[kind], kind === "json" ? jsonView(stream) : lineView(stream));
  const { default: ora } = await import("ora");
  const spinner = ora({ stream, discardStdin: false });
  return steady(intervals.bar, {
    begin: (clock) => void spinner.start(describeTransfer(clock, clock.startedMs)),
    show: (clock, nowMs) => {
      spinner.text = `${bar(clock)}${describeTransfer(clock, nowMs)}`;
    },
    warn: (message) => {
      spinner.clear();
      stream.write(`warning: ${message}\n`);
    },
    end: ({ bytes, total }) => void (bytes === total ? spinner.succeed() : spinner.stopAndPersist()),
  });
}

/** A transfer and when it began; what was there before does not count as fast. */
export interface TransferClock {
  readonly what: string;
  bytes: number;
  total: number | null;
  readonly startedMs: number;
  startBytes: number | null;
}

/** "sam-vit-b 120 of 375 MB · 12 MB/s · 0:22 left" */
export function describeTransfer(clock: TransferClock, nowMs: number): string {
  const { what, bytes, total, startedMs, startBytes } = clock;
  const seconds = Math.max((nowMs - startedMs) / 1000, 1e-3);
  const rate = (bytes - (startBytes ?? bytes)) / seconds;
  const size = total === null || bytes === total ? formatBytes(bytes) : formatShare(bytes, total);
  const parts = [`${what} ${size}`];
  if (rate > 0) parts.push(`${formatBytes(rate)}/s`);
  if (bytes === total) parts.push(formatDuration(seconds));
  else if (rate > 0 && total !== null) parts.push(`${formatDuration((total - bytes) / rate)} left`);
  return parts.join(" · ");
}

const units = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
] as const;

/** "2.56 GB", "375 MB", "1.36 MB", "12 kB", "7 bytes": decimal, three digits. */
export function formatBytes(bytes: number): string {
  const [scale, unit] = unitOf(bytes);
  return `${formatScaled(bytes, scale)} ${unit}`;
}

/** Both numbers in the unit of the whole. */
function formatShare(bytes: number, total: number): string {
  const [scale] = unitOf(total);
  return `${formatScaled(bytes, scale)} of ${formatBytes(total)}`;
}

function unitOf(bytes: number): readonly [scale: number, unit: string] {
  return units.find(([scale]) => bytes >= scale) ?? [1, "bytes"];
}

function formatScaled(bytes: number, scale: number): string {
  const value = bytes / scale;
  return scale === 1 || value >= 99.95 ? value.toFixed(0) : value.toFixed(value >= 9.995 ? 1 : 2);
}

function bar({ bytes, total }: TransferClock): string {
  if (total === null) return "";
  const filled = total === 0 ? 24 : Math.min(24, Math.round((bytes / total) * 24));
  return `${"█".repeat(filled)}${"░".repeat(24 - filled)} `;
}

interface View {
  begin(clock: TransferClock): void;
  show(clock: TransferClock, nowMs: number): void;
  warn(message: string, clock: TransferClock | null): void;
  end(clock: TransferClock): void;
}

/** Progress that is shown now and then, and at the end. */
function steady(intervalMs: number, view: View): TransferProgress {
  let clock: TransferClock | null = null;
  let lastMs = 0;
  return {
    begin(what) {
      lastMs = performance.now();
      clock = { what, bytes: 0, total: null, startedMs: lastMs, startBytes: null };
      view.begin(clock);
    },
    advance(bytes, total) {
      if (clock === null) return;
      Object.assign(clock, { bytes, total, startBytes: clock.startBytes ?? bytes });
      const nowMs = performance.now();
      if (nowMs - lastMs < intervalMs && bytes !== total) return;
      lastMs = nowMs;
      view.show(clock, nowMs);
    },
    warn: (message) => view.warn(message, clock),
    end() {
      if (clock !== null) view.end(clock);
      clock = null;
    },
  };
}

function lineView(stream: NodeJS.WriteStream): View {
  return {
    begin: () => {},
    show: (clock, nowMs) => void stream.write(`${describeTransfer(clock, nowMs)}\n`),
    warn: (message) => void stream.write(`warning: ${message}\n`),
    end: () => {},
  };
}

function jsonView(stream: NodeJS.WriteStream): View {
  const write = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    begin: ({ what }) => write({ event: "begin", stage: what }),
    show: ({ what, bytes, total }) => write({ event: "progress", stage: what, done: bytes, total }),
    warn: (message, clock) => write({ event: "warning", stage: clock?.what ?? "models", message }),
    end: ({ what, bytes, total }) => write({ event: "end", stage: what, done: bytes, total }),
  };
}
