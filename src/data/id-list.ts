import { decodeText, readBytes } from "./json-file.ts";
import { pathFault } from "./picture-id.ts";
import { collectProblems, quote } from "./problems.ts";

/**
 * The picture ids of a list file in its order: one a line, trimmed, empty lines skipped.
 *
 * @throws MaskwrightError BAD_FORMAT naming every line with an id that came before or that leaves its folder
 */
export async function readIdList(path: string): Promise<string[]> {
  return decodeIdList(decodeText(await readBytes(path, 2 ** 28), path), path);
}

export function decodeIdList(text: string, where: string): string[] {
  const problems = collectProblems(where);
  const lines = new Map<string, number>();
  for (const [i, line] of text.split("\n").entries()) {
    const id = line.trim();
    if (id === "") continue;
    const fault = pathFault(id);
    if (fault !== null) problems.add(`line ${i + 1}`, "a picture id", `${fault}: ${quote(id)}`);
    const first = lines.get(id);
    if (first !== undefined)
      problems.add(`line ${i + 1}`, "each id once", `${quote(id)} again (line ${first})`);
    else lines.set(id, i + 1);
  }
  problems.throwIfAny();
  return [...lines.keys()];
}
