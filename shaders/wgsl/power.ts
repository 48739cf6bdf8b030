// a to the power b, as statements that declare it as `y`; the operator and its gradients share them.
import { nanTest } from "./functions.ts";

/** Of `a` and `b`: NaN where a is negative and b no integer; rounded once for b of 0, 1 and 2. */
export const power = `let isOdd = abs(b) - 2.0 * floor(abs(b) * 0.5) == T(1.0);
  // What pow makes of 0 differs by driver: SwiftShader's 0 to the power 0.001 is 0.92.
  let ofZero = select(T(0.0), bitcast<T>(bitcast<U>(abs(a)) | U(0x7f800000u)), b < T(0.0));
  var y = select(pow(abs(a), b), ofZero, a == T(0.0));
  y = select(y, -y, (bitcast<U>(a) >= U(0x80000000u)) & isOdd);
  y = select(y, bitcast<T>(bitcast<U>(a) | U(0x7fc00000u)), (a < T(0.0)) & (floor(b) != b));
  y = select(y, a * a, b == T(2.0));
  y = select(y, a, (b == T(1.0)) | ${nanTest("a")});
  y = select(y, b, ${nanTest("b")});
  y = select(y, T(1.0), (b == T(0.0)) | (a == T(1.0)));`;
