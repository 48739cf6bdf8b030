// The CRC of PNG and gzip. Source: https://www.w3.org/TR/png-3/#D-CRCAppendix; four bytes at a time:
// https://www.intel.com/content/dam/www/public/us/en/documents/white-papers/fast-crc-computation-paper.pdf ("Slicing-by-4").

/** What a byte does to the CRC. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
/** The same with one, two and three zeros behind it. */
const [one, two, three] = [1, 2, 3].map((zeros) =>
  table.map((start) => {
    let crc = start;
    for (let n = 0; n < zeros; n++) crc = table[crc & 0xff]! ^ (crc >>> 8);
    return crc;
  }),
) as [Uint32Array, Uint32Array, Uint32Array];

/** CRC-32 of bytes that follow those whose CRC is `before`; of all bytes, where there are none before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = three[crc & 0xff]! ^ two[(crc >>> 8) & 0xff]! ^ one[(crc >>> 16) & 0xff]! ^ table[crc >>> 24]!;
  }
  for (; at < bytes.length; at++) crc = table[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
