/** How `sam-tiny` is trained. */
export interface SamTinyRecipe {
  /** Steps on windows of a quarter of the model's input, which are quick, and then on all of it. */
  readonly windowSteps: number;
  readonly wholeSteps: number;
  /** Windows of a step. */
  readonly batch: number;
  /** Prompts of a window. */
  readonly prompts: number;
  /** Of Adam, at its highest. */
  readonly rate: number;
  /** Share of the pictures that are drawn scenes; 1 without photos. */
  readonly scenes: number;
}

export const samTinyRecipe: SamTinyRecipe = {
  windowSteps: 1400,
  wholeSteps: 30,
  batch: 4,
  prompts: 12,
  rate: 5e-4,
  scenes: 0.5,
};
