import type { Sharp } from "sharp";
import { badFormat, MaskwrightError } from "../core/error.ts";
import type { Size } from "../core/geometry.ts";
import type { RgbImage } from "../core/image.ts";
import { checkSize } from "../core/limits.ts";
import { readFileBytes } from "./paths.ts";

/** Formats of photos. Others that libvips knows (SVG, PDF, …) are programs rather than pixels, and stay closed. */
const formats: readonly string[] = ["jpeg", "png", "webp", "tiff", "gif", "heif"];

const photoFormats = "a photo (JPEG, PNG, WebP, TIFF, GIF or AVIF)";

/**
 * The picture in a photo file as it is meant to be seen: turned as its EXIF orientation says, in sRGB, 8 bits a
 * sample, gray as three equal channels, alpha dropped and CMYK without its color profile (as Pillow's `convert("RGB")` does both), of an
 * animation the first frame.
 *
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT if the file is no photo, too large, or ends early
 */
export async function readPhoto(path: string): Promise<RgbImage> {
  const { photo, isCmyk } = await openPhoto(path);
  const upright = photo.autoOrient();
  const samples = isCmyk
    ? upright.pipelineColorspace("cmyk").toColorspace("cmyk")
    : upright.toColorspace("srgb").removeAlpha();
  const { data, info } = await decoded(path, () => samples.raw().toBuffer({ resolveWithObject: true }));
  const { height, width, channels } = info;
  if (isCmyk && channels === 4) return { height, width, data: rgbFromCmyk(data) };
  if (channels !== 3) throw badFormat(path, "a photo of 3 channels", String(channels));
  return { height, width, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/**
 * The size of a photo as `readPhoto` gives it, from its header.
 *
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT if the file is no photo or too large
 */
export async function photoSize(path: string): Promise<Size> {
  const { size } = await openPhoto(path);
  return size;
}

export interface EncodeJpegOptions {
  /** 1 to 100; default 85. */
  readonly quality?: number;
  /** Larger pictures are scaled down to this many pixels on their longer side; default: never. */
  readonly maxSide?: number;
}

/** A JPEG of a picture, for people to look at. */
export async function encodeJpeg(image: RgbImage, options: EncodeJpegOptions = {}): Promise<Uint8Array> {
  const { quality = 85, maxSide } = options;
  const { height, width, data } = image;
  const { default: sharp } = await import("sharp");
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (maxSide !== undefined)
    picture.resize({ width: maxSide, height: maxSide, fit: "inside", withoutEnlargement: true });
  return picture.jpeg({ quality }).toBuffer();
}

/** A photo whose header has been checked. sharp is loaded here: it takes 60 ms that nobody without photos should wait for. */
async function openPhoto(path: string): Promise<{ photo: Sharp; size: Size; isCmyk: boolean }> {
  const bytes = readFileBytes(path);
  const { default: sharp } = await import("sharp");
  return decoded(path, async () => {
    // Our own limit comes first, with the size in its message.
    const photo = sharp(bytes, { limitInputPixels: false, failOn: "error" });
    const { format, height, width, autoOrient, space } = await photo.metadata();
    if (!formats.includes(format)) throw badFormat(path, photoFormats, format, "Save it as JPEG or PNG.");
    checkSize(path, { height, width });
    const size = { height: autoOrient.height, width: autoOrient.width };
    return { photo, size, isCmyk: space === "cmyk" };
  });
}

/** Ink that is taken from white, as Pillow converts it. */
function rgbFromCmyk(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let at = 0, to = 0; at < cmyk.length; at += 4) {
    const light = 255 - cmyk[at + 3];
    for (let c = 0; c < 3; c++) rgb[to++] = Math.round(((255 - cmyk[at + c]) * light) / 255);
  }
  return rgb;
}

async function decoded<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof MaskwrightError) throw error;
    const reason = (error as Error).message.trim().replace(/\s+/g, " ");
    throw badFormat(
      path,
      photoFormats,
      `a file that cannot be decoded (${reason})`,
      "The file is damaged, not written to its end, or no picture; make it again.",
    );
  }
}
