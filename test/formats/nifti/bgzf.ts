// gzip as bgzip writes it.
import { crc32, deflateRawSync } from "node:zlib";

/** A block: a member with its own size in an extra field. */
export function bgzfBlock(bytes: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(bytes);
  const block = Buffer.alloc(18 + deflated.length + 8);
  block.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0]);
  block.writeUInt16LE(block.length - 1, 16);
  block.set(deflated, 18);
  block.writeUInt32LE(crc32(bytes), block.length - 8);
  block.writeUInt32LE(bytes.length, block.length - 4);
  return block;
}
