import { elementCount, type NdArray } from "../../core/array.ts";
import { invalid } from "../../core/error.ts";

/**
 * Context vectors drawn from N(0, std²), the same numbers as `torch.Tensor.normal_` on a CPU after `torch.manual_seed(seed)`, so that the
 * published runs start where they started. PyTorch's vector code rounds the last bit otherwise.
 *
 * @param shape  [M, D] or [S, M, D]; a multiple of 16 elements, as PyTorch draws fewer or an odd rest in another way
 * @see PyTorch, `aten/src/ATen/native/cpu/DistributionTemplates.h`, `normal_fill`
 */
export function drawContext(seed: number, shape: readonly number[], std: number): NdArray<"float32"> {
  const count = elementCount(shape);
  if (count % 16 !== 0 || count === 0)
    throw invalid("drawContext: shape", "a multiple of 16 elements", count);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw invalid("drawContext: seed", "an integer from 0 to 2^32 - 1", seed);
  const next = mersenneTwister(seed);
  const data = Float32Array.from({ length: count }, () => (next() & 0xffffff) / 2 ** 24);
  for (let at = 0; at < count; at += 16) {
    for (let j = at; j < at + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - data[j]));
      const angle = 2 * Math.PI * data[j + 8];
      data[j] = radius * Math.cos(angle) * std;
      data[j + 8] = radius * Math.sin(angle) * std;
    }
  }
  return { dtype: "float32", shape, data };
}

/**
 * The seed that a text stands for in the published settings: the last 32 bits of its SHA-1.
 *
 * @see HAL-42/AlchemyCat, `set_torch_rand_seed`
 */
export async function seedOfText(text: string): Promise<number> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return new DataView(digest).getUint32(16);
}

/** MT19937: 32 random bits at each call. */
function mersenneTwister(seed: number): () => number {
  const size = 624;
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++)
    state[i] = Math.imul(1_812_433_253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let at = size;
  const refill = (): void => {
    for (let i = 0; i < size; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
      state[i] = state[(i + 397) % size] ^ (bits >>> 1) ^ ((bits & 1) * 0x9908b0df);
    }
    at = 0;
  };
  return () => {
    if (at === size) refill();
    let bits = state[at++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}
