// Waiting for a software driver without taking its CPU.

/** Told of every wait for the device. */
export interface Pacer {
  begin(): void;
  end(): void;
}

/** The shortest work is waited for as Dawn does it; what takes longer may be waiting for this very thread's CPU. */
const freeMs = 0.25;
/** A turn sleeps this share of the time waited so far, so that no wait lasts much longer for it. */
const share = 1 / 20;
const [shortestMs, longestMs] = [0.05, 1];

/**
 * Dawn in Node asks whether the device is done in every turn of the event loop, which takes a whole CPU; a software driver
 * computes on these. While anything waits, each turn sleeps, the longer the wait has lasted: 459 to 262 ms for MSFF-ResNet18
 * at 256x256 on 2 cores of lavapipe; 214 to 118 s of CPU for `vitest run test/conformance/opinfo.test.ts`, which mostly compiles, on
 * the embedded driver. Other work of this thread goes on between.
 */
export function createPacer(): Pacer {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let waits = 0;
  let began = 0;
  let turning = false;
  const turn = () => {
    turning = waits > 0;
    if (!turning) return;
    const waitedMs = performance.now() - began;
    if (waitedMs > freeMs) Atomics.wait(never, 0, 0, Math.min(longestMs, Math.max(shortestMs, waitedMs * share)));
    setImmediate(turn);
  };
  return {
    begin() {
      began = performance.now();
      waits++;
      if (!turning) setImmediate(turn);
      turning = true;
    },
    end() {
      waits--;
    },
  };
}
