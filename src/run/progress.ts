/** How far a stage is, told to whoever watches: a bar on a terminal, a line now and then, or JSON events. */
export interface Progress {
  begin(stage: string, total: number): void;
  /** @param note  said beside the count until the next one, such as "loss 0.123" */
  advance(id: string, note?: string): void;
  /** Something the user should know that stops nothing. */
  warn(message: string): void;
  end(): void;
}

export type ProgressKind = "bar" | "lines" | "json";

/** Seconds between two lines when there is no terminal to draw a bar on. */
const LINE_INTERVAL_S = 5;

/** Progress on standard error, so that standard output stays clean for results. */
export async function createProgress(
  kind: ProgressKind,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Progress> {
  if (kind === "json") return jsonProgress(stream);
  if (kind === "lines") return lineProgress(stream);
  return await barProgress(stream);
}

interface Clock {
  stage: string;
  total: number;
  done: number;
  note?: string | undefined;
  startedMs: number;
}

function startClock(stage: string, total: number): Clock {
  return { stage, total, done: 0, startedMs: performance.now() };
}

/** "refine 45/100 · 12/s · 0:05 left" */
export function describeProgress({ stage, total, done, note, startedMs }: Clock, nowMs: number): string {
  const seconds = (nowMs - startedMs) / 1000;
  const rate = done / Math.max(seconds, 1e-3);
  const parts = [`${stage} ${done}/${total}`];
  if (note !== undefined) parts.push(note);
  if (done > 0) parts.push(`${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`);
  if (done > 0 && done < total) parts.push(`${formatDuration((total - done) / rate)} left`);
  else if (done === total) parts.push(formatDuration(seconds));
  return parts.join(" · ");
}

/** "0:05", "12:34", "1:02:03" */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function lineProgress(stream: NodeJS.WriteStream): Progress {
  let clock = startClock("", 0);
  let lastMs = 0;
  return {
    begin: (stage, total) => {
      clock = startClock(stage, total);
      lastMs = clock.startedMs;
    },
    advance: (_, note) => {
      clock.done++;
      clock.note = note;
      const now = performance.now();
      if (now - lastMs < LINE_INTERVAL_S * 1000 && clock.done < clock.total) return;
      lastMs = now;
      stream.write(`${describeProgress(clock, now)}\n`);
    },
    warn: (message) => void stream.write(`warning: ${message}\n`),
    end: () => {},
  };
}

function jsonProgress(stream: NodeJS.WriteStream): Progress {
  let clock = startClock("", 0);
  const write = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    begin: (stage, total) => {
      clock = startClock(stage, total);
      write({ event: "begin", stage, total });
    },
    advance: (id, note) => {
      clock.done++;
      write({ event: "progress", stage: clock.stage, id, done: clock.done, total: clock.total, note });
    },
    warn: (message) => write({ event: "warning", stage: clock.stage, message }),
    end: () => write({ event: "end", stage: clock.stage, done: clock.done, total: clock.total }),
  };
}

async function barProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  const { default: ora } = await import("ora");
  const spinner = ora({ stream, discardStdin: false });
  let clock = startClock("", 0);
  const text = (): string => {
    const share = clock.total === 0 ? 1 : clock.done / clock.total;
    const filled = Math.round(share * 24);
    return `${"█".repeat(filled)}${"░".repeat(24 - filled)} ${describeProgress(clock, performance.now())}`;
  };
  return {
    begin: (stage, total) => {
      clock = startClock(stage, total);
      spinner.start(text());
    },
    advance: (_, note) => {
      clock.done++;
      clock.note = note;
      spinner.text = text();
    },
    warn: (message) => {
      spinner.clear();
      stream.write(`warning: ${message}\n`);
    },
    end: () => {
      spinner.text = text();
      if (clock.done === clock.total) spinner.succeed();
      else spinner.stopAndPersist();
    },
  };
}
