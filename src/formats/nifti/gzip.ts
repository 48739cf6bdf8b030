// gzip through the platform's streams. Inflating is driven by its reader, which stops when it has read enough.

/** True where the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Deflate cannot make data smaller than by this factor, so a file of n bytes holds at most n times as many. */
export const LARGEST_GZIP_RATIO = 1032;

/** Compressed bytes handed over at a time: a piece inflates to 16 MiB at most before the reader is asked again. */
const PIECE_BYTES = 16384;

/** Compresses `parts`, one after another, into one gzip file. */
export async function gzip(...parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Inflates a gzip file a chunk at a time. The platform's own error is thrown where the data is damaged, cut short or
 * followed by other data; leaving the loop early stops the work.
 */
export async function* gunzip(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      // A copy: a stream may take the buffer over.
      if (offset < bytes.length) controller.enqueue(bytes.slice(offset, offset + PIECE_BYTES));
      offset += PIECE_BYTES;
      if (offset >= bytes.length) controller.close();
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
