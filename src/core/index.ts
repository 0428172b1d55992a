export * from "./array.ts";
export * from "./error.ts";
export * from "./geometry.ts";
export * from "./image.ts";
export * from "./label-map.ts";
export * from "./mask.ts";
export * from "./random.ts";
