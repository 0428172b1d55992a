export * from "./label-file.ts";
export * from "./limits.ts";
