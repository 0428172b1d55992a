/** Rows of `width` elements of `channels` numbers each, the other way round. */
export function mirrorRows<A extends Uint8Array | Uint8ClampedArray | Float32Array>(
  data: A,
  width: number,
  channels: number,
): A {
  const mirrored = data.slice() as A;
  const length = width * channels;
  for (let row = 0; row < data.length; row += length)
    for (let j = 0; j < width; j++)
      for (let c = 0; c < channels; c++)
        mirrored[row + j * channels + c] = data[row + (width - 1 - j) * channels + c];
  return mirrored;
}
