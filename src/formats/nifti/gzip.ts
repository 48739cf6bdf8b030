// gzip files: one or more members, each a header, deflated data, CRC and size; then possibly padding. Source: RFC 1952.
// Inflating is driven by its reader, which stops when it has read enough. The platform's own streams are faster, but differ: some
// refuse several members, others padding, and some take what is neither. So they only get a single member, without its header and
// trailer, which are read here.

import { FlateErrorCode, Gunzip } from "fflate";
import { crc32 } from "../crc32.ts";

/** True where the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Deflate cannot make data smaller than by this factor, so a file of n bytes holds at most n times as many. */
export const LARGEST_GZIP_RATIO = 1032;

/** Compressed bytes inflated at a time: a piece becomes 8 MiB at most before the reader is asked again. */
const PIECE_BYTES = 8192;

/** CRC and size behind the deflated data. */
const TRAILER_BYTES = 8;

/** Which fields a member's header has behind its first ten bytes. */
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;

/** Zero bytes that the deflated data itself may end in where all that follows it is zero: an empty member ends 03 00. */
const LAST_ZEROS = 1;

/** Compresses `parts`, one after another, into one gzip file. */
export async function gzip(...parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Inflates all members of a gzip file a chunk at a time, and checks the CRC and the size of each. Zero bytes and line ends behind
 * the last member are padding. Throws where the data is damaged, cut short or followed by something else.
 */
export function* gunzip(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  let chunks: Uint8Array[] = [];
  let [crc, size] = [0, 0];
  const inflater = new Gunzip((chunk) => {
    if (chunk.length > 0) chunks.push(chunk);
    crc = crc32(chunk, crc);
    size = (size + chunk.length) >>> 0;
  });
  const isTrailerBefore = (end: number) => {
    if (end < TRAILER_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset + end - TRAILER_BYTES, TRAILER_BYTES);
    return view.getUint32(0, true) === crc && view.getUint32(4, true) === size;
  };
  inflater.onmember = (start) => {
    if (!isTrailerBefore(start)) throw new Error(`the member before byte ${start} is damaged, its CRC or size differs`);
    [crc, size] = [0, 0];
  };
  const padding = startOfPadding(bytes);
  const end = Math.min(bytes.length, padding + LAST_ZEROS + TRAILER_BYTES);
  for (let offset = 0; offset < end; offset += PIECE_BYTES) {
    const next = Math.min(end, offset + PIECE_BYTES);
    if (!pushPiece(inflater, bytes.subarray(offset, next), next === end)) break;
    yield* chunks;
    chunks = [];
  }
  yield* chunks;
  // The trailer may end in zeros too, so where it ends is only known by what it says.
  for (let last = padding; last <= end; last++) if (isTrailerBefore(last)) return;
  throw new Error("the last member is cut short or damaged, its CRC or size differs");
}

/** False where a member has ended and what follows it is none, as padding is not. */
function pushPiece(inflater: Gunzip, piece: Uint8Array, isLast: boolean): boolean {
  try {
    inflater.push(piece, isLast);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === FlateErrorCode.InvalidHeader) return false;
    throw error;
  }
}

/**
 * Inflates a file that is one member and nothing else by the platform, and gives its chunks to `take` until that says false. True
 * where this was all, with the CRC and size that it states; whatever else the file is, `gunzip` says.
 */
export async function gunzipMember(bytes: Uint8Array, take: (chunk: Uint8Array) => boolean): Promise<boolean> {
  const end = bytes.length - TRAILER_BYTES;
  const start = endOfHeader(bytes);
  if (start === undefined || !(start < end) || isFoundBefore(bytes, end)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_BYTES);
  const reader = inflatedStream(bytes.subarray(start, end)).getReader();
  let [crc, size] = [0, 0];
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return view.getUint32(0, true) === crc && view.getUint32(4, true) === size;
      crc = crc32(value, crc);
      size = (size + value.length) >>> 0;
      if (!take(value)) return false;
    }
  } catch {
    return false;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Whether the trailer at `end` is found before it: some streams would not tell a member that is there twice from one. */
function isFoundBefore(bytes: Uint8Array, end: number): boolean {
  for (let at = bytes.indexOf(bytes[end]!); at < end; at = bytes.indexOf(bytes[end]!, at + 1)) {
    let same = 1;
    while (same < TRAILER_BYTES && bytes[at + same] === bytes[end + same]) same++;
    if (same === TRAILER_BYTES) return true;
  }
  return false;
}

function inflatedStream(deflated: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        // Copied, as a stream may take the memory away.
        controller.enqueue(deflated.slice(at, at + PIECE_BYTES));
        at += PIECE_BYTES;
        if (at >= deflated.length) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
  return pieces.pipeThrough(new DecompressionStream("deflate-raw"));
}

/** First byte behind the header of the first member; undefined where there is none. */
function endOfHeader(bytes: Uint8Array): number | undefined {
  const [method, flags] = [bytes[2], bytes[3]!];
  if (method !== 8) return undefined;
  let at = 10;
  if (flags & FLAG.extra) at += 2 + bytes[at]! + 256 * bytes[at + 1]!;
  for (const flag of [FLAG.name, FLAG.comment]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length;
  return flags & FLAG.headerCrc ? at + 2 : at;
}

function startOfPadding(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return end;
}
