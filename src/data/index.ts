export * from "./class-list.ts";
export * from "./id-list.ts";
export { type ReadJsonOptions, readJsonFile } from "./json-file.ts";
export * from "./label-file.ts";
export * from "./limits.ts";
export * from "./picture-id.ts";
export type { Problem } from "./problems.ts";
export { decodeTagsCsv, decodeTagsJson, type WeakLabels } from "./tags.ts";
export * from "./weak-labels.ts";
