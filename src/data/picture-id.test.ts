import { describe, expect, it } from "vitest";
import { pathFault, pictureId } from "./picture-id.ts";

describe("pictureId", () => {
  it.each([
    ["2007_000032.jpg", "2007_000032"],
    ["a/b.c.PNG", "a/b.c"],
    ["v1.5", "v1.5"],
    ["x.jpg.png", "x.jpg"],
    ["./a.jpg", "a"],
    ["././b/./c.jpg", "b/c"],
    [".//a.jpg", "a"],
    [".a/b./c.jpg", ".a/b./c"],
    ["../a.jpg", "../a"],
  ])("%s is %s", (file, id) => expect(pictureId(file)).toBe(id));
});

describe("pathFault", () => {
  it.each(["a.jpg", "./a.jpg", "a/b/c.jpg", "..a/b..jpg", "..."])("accepts %s", (path) =>
    expect(pathFault(path)).toBeNull(),
  );

  it.each([
    ["", "an empty path"],
    ["../a.jpg", 'a path with ".."'],
    ["a/../../b.jpg", 'a path with ".."'],
    ["..", 'a path with ".."'],
    ["./../a.jpg", 'a path with ".."'],
    [".", "a path of a folder"],
    ["a/.", "a path of a folder"],
    ["a/", "a path of a folder"],
    ["..\\a.jpg", 'a path with "\\"'],
    ["/etc/passwd", "an absolute path"],
    ["C:/a.jpg", "an absolute path"],
    ["a\u0000.jpg", "a path with a control character"],
  ])("refuses %j", (path, fault) => expect(pathFault(path)).toBe(fault));
});
