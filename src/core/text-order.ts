/** The order of texts by UTF-16 code units, for `sort`: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
