import process from "node:process";
import { isMainThread } from "node:worker_threads";

// Loaded before the program under test: the program itself sends its signals, in order, so that none comes too
// late on a busy machine. Threads load it too, and leave it alone.
const waiting = JSON.parse(process.env.MASKWRIGHT_INTERRUPTIONS ?? "[]");
if (isMainThread) {
  const write = process.stderr.write.bind(process.stderr);
  let matched = 0;
  process.stderr.write = (text, ...rest) => {
    const answer = write(text, ...rest);
    const [{ signal, pattern, count, delayMs } = {}] = waiting;
    if (pattern === undefined) return answer;
    matched += String(text)
      .split("\n")
      .filter((line) => new RegExp(pattern).test(line)).length;
    if (matched < count) return answer;
    matched = 0;
    waiting.shift();
    // A millisecond at least, so that what hears the signal has heard the one before.
    setTimeout(() => process.kill(process.pid, signal), delayMs);
    return answer;
  };
}
