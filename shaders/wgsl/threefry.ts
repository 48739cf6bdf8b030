// Random words of (key, counter) in kernels: `threefry` of src/random.ts, whose bits these are.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
import { vectorType, type Width } from "./strided.ts";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * `fn threefry(key: vec2u, first: U, second: u32) -> U`: the first of the two words of the counter (first, second), for each of
 * `width` counters; U = u32 or vec4u.
 */
export function threefryFunction(width: Width): string {
  const U = vectorType("u32", width);
  const round = (n: number) => {
    const turn = rotations[n % 8]!;
    return `x += y; y = ((y << ${U}(${turn}u)) | (y >> ${U}(${32 - turn}u))) ^ x;`;
  };
  const inject = (n: number) => `x += keys[${n % 3}]; y += keys[${(n + 1) % 3}] + ${n}u;`;
  const rounds = Array.from({ length: 20 }, (_, n) => [round(n), ...(n % 4 === 3 ? [inject((n + 1) / 4)] : [])]);
  return `fn threefry(key: vec2u, first: ${U}, second: u32) -> ${U} {
  let keys = array(key.x, key.y, key.x ^ key.y ^ 0x1bd11bdau);
  var x = first + key.x;
  var y = ${U}(second + key.y);
  ${rounds.flat().join("\n  ")}
  return x;
}`;
}
