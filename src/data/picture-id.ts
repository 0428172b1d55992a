/**
 * The id of a picture: its path in the image folder without the extension, with "/" between folders.
 * Only the extensions of image files and of files made per image are taken off: "a.b" keeps its dot. A "." among the
 * names is left out: "./a.jpg" is "a".
 */
export function pictureId(file: string): string {
  const path = file.replace(/(?<=^|\/)\.\/+/g, "");
  return path.replace(/\.(jpe?g|png|bmp|webp|tiff?|gif|avif|npy|npz|safetensors|json|xml)$/i, "");
}

/**
 * What is wrong with a relative path that a file names, or null when it stays inside its folder on every
 * system: "/" between names, no root, no drive, no "..", no control characters.
 */
export function pathFault(path: string): string | null {
  if (path === "") return "an empty path";
  if (path.includes("\\")) return 'a path with "\\"';
  if (path.startsWith("/") || /^[a-z]:/i.test(path)) return "an absolute path";
  if (path.split("/").includes("..")) return 'a path with ".."';
  if (/(^|\/)\.?$/.test(path)) return "a path of a folder";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(path)) return "a path with a control character";
  return null;
}
