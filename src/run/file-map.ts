import { join } from "node:path";
import { pictureId } from "../data/picture-id.ts";

/**
 * The file of each id, for folders of any number of pictures: some 25 bytes a picture, where a `Map` of its paths takes 250. What is asked for is
 * put together anew.
 *
 * @param files  of `listPictureFiles` of the folder
 */
export function createFileMap(folder: string, files: readonly string[]): ReadonlyMap<string, string> {
  // All names in one text, in the order of their ids: where each one's id ends, and where its ending.
  const text = files.join("");
  const [idEnds, ends] = [new Uint32Array(files.length), new Uint32Array(files.length)];
  for (let k = 0, start = 0; k < files.length; k++) {
    idEnds[k] = start + pictureId(files[k]).length;
    ends[k] = start += files[k].length;
  }
  const start = (k: number): number => (k === 0 ? 0 : ends[k - 1]);
  const idAt = (k: number): string => text.slice(start(k), idEnds[k]);
  const pathAt = (k: number): string => join(folder, text.slice(start(k), ends[k]));

  const find = (id: string): number => {
    let [first, last] = [0, ends.length - 1];
    while (first <= last) {
      const middle = (first + last) >> 1;
      const other = idAt(middle);
      if (other === id) return middle;
      if (other < id) first = middle + 1;
      else last = middle - 1;
    }
    return -1;
  };
  function* each<T>(at: (k: number) => T): Generator<T, undefined> {
    for (let k = 0; k < ends.length; k++) yield at(k);
  }
  const map: ReadonlyMap<string, string> = {
    size: ends.length,
    has: (id) => find(id) >= 0,
    get(id) {
      const k = find(id);
      return k < 0 ? undefined : pathAt(k);
    },
    keys: () => each(idAt),
    values: () => each(pathAt),
    entries: () => each((k) => [idAt(k), pathAt(k)]),
    [Symbol.iterator]: () => map.entries(),
    forEach(call) {
      for (const [id, path] of map) call(path, id, map);
    },
  };
  return map;
}
