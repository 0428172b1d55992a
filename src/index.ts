export * from "./core/index.ts";
export * from "./data/index.ts";
export * from "./methods/index.ts";
export * from "./scenes/index.ts";
