export * from "./proposals/regions/refinement.ts";
export * from "./proposals/regions/regions.ts";
export * from "./sepl/assignment.ts";
export * from "./sepl/cam-labels.ts";
export * from "./sepl/merge.ts";
export * from "./sepl/overlaps.ts";
