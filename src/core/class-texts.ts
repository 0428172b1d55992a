/** What a text encoder is told the classes of pictures are called, and what else there may be in a picture. */
export interface ClassTexts {
  readonly name: string;
  /** By class id from 1: the text of class 1 stands first. One text may list words: "person with clothes,people,human". */
  readonly classes: readonly string[];
  /** What is none of the classes and competes with them; an empty text is a background without a name. */
  readonly background: readonly string[];
}
