import { sceneTexts } from "../../methods/fma/prompts/scenes.ts";

/** What classes are called, index = class id - 1. */
export const classNouns: readonly string[] = sceneTexts.classes;
/** What is behind them. */
export const backdropNouns: readonly string[] = sceneTexts.background;
/** Both: classes, backdrops in the order of `stuffNames`, and "clutter" last. */
export const nouns: readonly string[] = [...classNouns, ...backdropNouns];

/**
 * The words that `toy-clip` is taught, in the order of their ids: all words of captions and prompts. What a later version of the generator says
 * besides is unknown to it; the weights keep the words they were trained with.
 */
export const toyWords: readonly string[] = [
  ...classNouns,
  ...backdropNouns,
  ..."cars houses trees people birds boats cups flowers lamps cats chairs bottles butterflies mushrooms".split(
    " ",
  ),
  ..."red orange yellow green teal blue purple pink brown white gray black hidden".split(" "),
  ..."mottled marbled striped checked spotted speckled tiled brick wooden grassy cracked patchy wavy zigzag".split(
    " ",
  ),
  ..."plaid shaded".split(" "),
  ..."a an the two three four many nothing but empty scene and of on in before under with".split(" "),
  ..."left right above below there is photo picture good clean origami . ,".split(" "),
];
