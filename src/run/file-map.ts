import { extname, join } from "node:path";
import type { PictureFile } from "../data/paths.ts";

/**
 * The file of each id, for folders of any number of pictures: some 20 bytes a picture, where a `Map` of its paths takes 250. What is asked for is
 * put together anew.
 *
 * @param folder    of `listPictures`, and `pictures` what it found there
 */
export function createFileMap(folder: string, pictures: readonly PictureFile[]): ReadonlyMap<string, string> {
  // All ids in one text, each up to its end, ascending.
  const text = pictures.map(({ id }) => id).join("");
  const ends = new Uint32Array(pictures.length);
  const endings: string[] = [];
  const endingOf = new Uint8Array(pictures.length);
  let end = 0;
  for (const [k, { id, path }] of pictures.entries()) {
    ends[k] = end += id.length;
    const ending = extname(path);
    if (!endings.includes(ending)) endings.push(ending);
    endingOf[k] = endings.indexOf(ending);
  }
  const idAt = (k: number): string => text.slice(k === 0 ? 0 : ends[k - 1], ends[k]);
  const pathAt = (k: number): string => join(folder, idAt(k) + endings[endingOf[k]]);

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
  const files: ReadonlyMap<string, string> = {
    size: ends.length,
    has: (id) => find(id) >= 0,
    get(id) {
      const k = find(id);
      return k < 0 ? undefined : pathAt(k);
    },
    keys: () => each(idAt),
    values: () => each(pathAt),
    entries: () => each((k) => [idAt(k), pathAt(k)]),
    [Symbol.iterator]: () => files.entries(),
    forEach(call) {
      for (const [id, path] of files) call(path, id, files);
    },
  };
  return files;
}
