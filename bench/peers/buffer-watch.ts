// How much memory an engine takes on a device: what lies in its buffers.

export interface BufferWatch {
  /** The most bytes at one moment, beyond what lay there when the watch began. */
  peakBytes(): number;
  stop(): void;
}

/** Counts buffers from their creation to `destroy`; small ones that an engine keeps from an earlier case and uses again are missed. One watch at a time for each device. */
export function watchBuffers(device: GPUDevice): BufferWatch {
  let bytes = 0;
  let peak = 0;
  const own = device.createBuffer;
  device.createBuffer = (descriptor) => {
    const buffer = own.call(device, descriptor);
    bytes += buffer.size;
    peak = Math.max(peak, bytes);
    const destroy = buffer.destroy;
    let isAlive = true;
    buffer.destroy = () => {
      if (isAlive) bytes -= buffer.size;
      isAlive = false;
      return destroy.call(buffer);
    };
    return buffer;
  };
  return {
    peakBytes: () => peak,
    stop() {
      device.createBuffer = own;
    },
  };
}
