// Files behind a URL. Where the server honours `Range`, only the blocks that are read travel; elsewhere the whole body, once.

import { FormatError, UsageError } from "../../errors.ts";
import { type ByteSource, CheckedSource } from "./checked.ts";
import { concatenate } from "./concatenate.ts";

/** Each request fetches at least this much, so that many small tensors in file order take few requests. */
const blockBytes = 4 * 1024 * 1024;

/**
 * Opens a URL with one request: the first block, which also tells the size.
 * Throws FormatError, naming the URL, for a network error, an HTTP error, or a server that contradicts itself; UsageError for a
 * URL with a password, which fetch would refuse and repeat in its message.
 */
export async function urlSource(url: string | URL): Promise<ByteSource> {
  const name = displayName(String(url));
  if (withPassword.test(String(url))) {
    throw new UsageError(`${name}: user names and passwords in URLs are not sent, got one, expected none`);
  }
  const response = await request(url, name, `bytes=0-${blockBytes - 1}`);
  const range = response.status === 206 ? contentRange(response) : undefined;
  if (range !== undefined && range.first === 0) {
    const first = await readBody(response, name, blockBytes);
    if (first.byteLength === Math.min(blockBytes, range.total)) return rangedSource(url, name, range.total, first);
  }
  const whole = response.status === 200 ? response : await refetchWhole(response, url, name);
  const body = await readBody(whole, name, Number.POSITIVE_INFINITY);
  return new CheckedSource(name, body.byteLength, async (offset, length) => body.slice(offset, offset + length));
}

/** Also where a 206 hides its Content-Range (a cross-origin server must expose it) or is not what was asked for. */
async function refetchWhole(first: Response, url: string | URL, name: string): Promise<Response> {
  if (!first.bodyUsed) await first.body?.cancel();
  const response = await request(url, name);
  if (response.status === 200) return response;
  throw new FormatError(`${name}: could not be fetched, got HTTP ${response.status}, expected 200`);
}

function rangedSource(url: string | URL, name: string, total: number, first: Uint8Array): ByteSource {
  let block = { offset: 0, bytes: first };
  let queue: Promise<unknown> = Promise.resolve();

  const readBlock = async (offset: number, length: number): Promise<Uint8Array> => {
    const from = offset - block.offset;
    if (from >= 0 && from + length <= block.bytes.byteLength) return block.bytes.slice(from, from + length);
    const end = Math.min(total, offset + Math.max(length, blockBytes));
    const response = await request(url, name, `bytes=${offset}-${end - 1}`);
    const range = response.status === 206 ? contentRange(response) : undefined;
    if (range?.first !== offset || range.total !== total) {
      await response.body?.cancel();
      throw new FormatError(
        `${name}: the file changed while it was read, got HTTP ${response.status} with range ${range?.text ?? "none"}, ` +
          `expected bytes ${offset}-${end - 1}/${total}`,
      );
    }
    const bytes = await readBody(response, name, end - offset);
    if (bytes.byteLength === end - offset) block = { offset, bytes };
    return bytes.slice(0, length);
  };

  // One request at a time: a read that waits finds its bytes in the block that the one before it fetched.
  return new CheckedSource(name, total, (offset, length) => {
    const result = queue.then(() => readBlock(offset, length));
    queue = result.catch(() => {});
    return result;
  });
}

async function request(url: string | URL, name: string, range?: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, range === undefined ? {} : { headers: { Range: range } });
  } catch (error) {
    throw new FormatError(`${name}: could not be fetched, got ${reason(error)}`);
  }
  // 416 answers a range of an empty file; the request for the whole body then decides.
  if (response.ok || (response.status === 416 && range?.startsWith("bytes=0-"))) return response;
  await response.body?.cancel();
  throw new FormatError(
    `${name}: could not be fetched, got HTTP ${`${response.status} ${response.statusText}`.trim()}, expected 200 or 206`,
  );
}

/** Collects a body of at most `limit` bytes. */
async function readBody(response: Response, name: string, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const reader = response.body?.getReader();
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > limit) {
        await reader.cancel();
        throw new FormatError(`${name}: the server sent too much, got over ${limit} bytes, expected ${limit} at most`);
      }
      chunks.push(value);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${name}: the transfer broke off after ${length} bytes, got ${reason(error)}`);
  }
  return concatenate(chunks);
}

/** `bytes 0-99/1234`, where the server sent it and the page may see it; ranges of compressed bodies do not count. */
function contentRange(response: Response): { first: number; total: number; text: string } | undefined {
  const encoding = response.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") return undefined;
  const text = response.headers.get("content-range");
  const match = text === null ? null : /^bytes (\d+)-\d+\/(\d+)$/.exec(text);
  if (text === null || match === null) return undefined;
  const first = Number(match[1]);
  const total = Number(match[2]);
  return Number.isSafeInteger(first) && Number.isSafeInteger(total) ? { first, total, text } : undefined;
}

const withPassword = /^(https?:\/\/)[^/?#]*@/i;

/** The URL as messages show it: no password, no endless data. */
function displayName(url: string): string {
  const text = url.replace(withPassword, "$1");
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}

/** fetch hides the reason for a failure in `cause`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error && error.cause.message !== "" ? error.cause : error;
  return inner.message.split("\n")[0] ?? "an unknown error";
}
