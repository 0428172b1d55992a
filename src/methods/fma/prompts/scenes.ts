import scenes from "../../../../texts/scenes.json" with { type: "json" };
import type { ClassTexts } from "../../../core/class-texts.ts";

/**
 * The classes of drawn scenes by their own names, and what lies behind them; what is of no class is clutter. For `toy-clip`:
 * `texts/scenes.json`.
 */
export const sceneTexts: ClassTexts = { ...scenes, classes: Object.values(scenes.classes) };
