import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { listPictures } from "../paths.ts";
import { photoSize } from "../photo.ts";
import type { AnnotationFormat } from "./format.ts";
import type { AnnotatedPicture, Photo } from "./picture.ts";

/** The photos that a data set is about, where a folder of them is given. */
export interface PhotoFolder {
  find(id: string): string | null;
  /** @throws MaskwrightError NOT_FOUND without a photo */
  sizeOf(id: string): Promise<Size>;
  /**
   * The picture with its photo, unless it has brought one, and the photo's name where it has none; a photo that will be
   * used must have the picture's size.
   */
  attach(picture: AnnotatedPicture, use: AnnotationFormat["photos"]): Promise<AnnotatedPicture>;
}

export function openPhotos(folder: string | null): PhotoFolder {
  const paths = new Map(
    folder === null ? [] : listPictures(folder, { recursive: true }).map(({ id, path }) => [id, path]),
  );
  const find = (id: string): string | null => paths.get(id) ?? null;
  return {
    find,
    async sizeOf(id) {
      const path = find(id);
      if (path !== null) return photoSize(path);
      throw new MaskwrightError(
        "NOT_FOUND",
        `${folder ?? "--images"}: expected a photo for ${id}, got none`,
        {
          hint: "This format tells no sizes: give the folder of photos by --images.",
        },
      );
    },
    async attach(picture, use) {
      const { id } = picture;
      const path = find(id);
      const photo = picture.photo ?? (path === null ? null : { path });
      const name = folder === null || path === null ? null : relative(folder, path).split(sep).join("/");
      const file = picture.file ?? name ?? `${id}.jpg`;
      if (use === "needed" && photo === null) {
        throw new MaskwrightError(
          "NOT_FOUND",
          `${folder ?? "--images"}: expected a photo for ${id}, got none`,
          {
            hint: "This format holds the photos themselves: give their folder by --images.",
          },
        );
      }
      if (use !== "none" && photo !== null && "path" in photo) await checkPhoto(photo.path, picture);
      return { ...picture, photo, file };
    },
  };
}

async function checkPhoto(path: string, picture: Size): Promise<void> {
  const size = await photoSize(path);
  if (isSameSize(size, picture)) return;
  const hint = "Photos are taken upright, as their EXIF orientation says. Check --images.";
  throw badFormat(path, `a photo of ${formatSize(picture)}, as its annotations`, formatSize(size), hint);
}

/** Puts a photo at a path, with the folders above it. Links are absolute: a moved data set still finds its photos. */
export function placePhoto(photo: Photo, path: string, how: "link" | "copy"): void {
  mkdirSync(dirname(path), { recursive: true });
  if ("bytes" in photo) writeFileSync(path, photo.bytes);
  else if (how === "link") symlinkSync(resolve(photo.path), path);
  else copyFileSync(photo.path, path);
}

/** The extension of a picture's photo with its dot, lower case: ".jpg" where nothing is known. */
export function photoExtension({ file }: AnnotatedPicture): string {
  return /\.[^./]+$/.exec(file ?? "")?.[0].toLowerCase() ?? ".jpg";
}
