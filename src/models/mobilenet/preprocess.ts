import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { resizeImage } from "../../core/resize.ts";

/**
 * A picture at a size as the network takes it: bilinear, [1, 3, H, W] from −1 to 1.
 *
 * @see transformers, `MobileNetV2ImageProcessor`; differs: the whole picture at any size, where that crops the middle 224²
 */
export function preprocessMobileNet(image: RgbImage, size: Size): NdArray<"float32"> {
  const { height, width } = size;
  const { data } = resizeImage(image, size, "bilinear");
  const plane = height * width;
  const pixels = new Float32Array(3 * plane);
  for (let p = 0, at = 0; p < plane; p++)
    for (let c = 0; c < 3; c++) pixels[c * plane + p] = data[at++] / 127.5 - 1;
  return { dtype: "float32", shape: [1, 3, height, width], data: pixels };
}
