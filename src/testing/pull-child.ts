import { hubSettings } from "../run/store/hub.ts";
import { pullModel } from "../run/store/pull.ts";
import { authorsFile, tinyModel } from "./tiny-model.ts";

/** `pull-child.ts FOLDER URL`: fetches a tiny SAM from an address and prints what it hashes to. */
const [folder, url] = process.argv.slice(2);
const [{ file, isNew }] = await pullModel(folder, tinyModel(authorsFile(url)), {
  settings: hubSettings({}),
  signal: new AbortController().signal,
  progress: { begin() {}, advance() {}, warn: (message) => console.error(message), end() {} },
});
console.log(`${file.sha256} ${isNew}`);
