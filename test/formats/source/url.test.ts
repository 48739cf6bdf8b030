import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { readAll, urlSource } from "../../../src/formats/source/source.ts";

const MiB = 1024 * 1024;
const body = new Uint8Array(9 * MiB + 5);
for (let i = 0; i < body.length; i++) body[i] = Math.imul(i, 2654435761) >>> 24;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Compares megabytes without building a message for each byte. */
function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.length).toBe(expected.length);
  expect(Buffer.compare(actual!, expected)).toBe(0);
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves one file; returns its URL and the `Range` headers that came. */
async function serve(answer: Answer): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w.bin`, ranges };
}

function answerRange(content: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  if (match === null) return void response.end(content);
  const first = Number(match[1]);
  const last = Math.min(Number(match[2]), content.length - 1);
  if (first >= content.length) return void response.writeHead(416).end();
  response.writeHead(206, { "Content-Range": `bytes ${first}-${last}/${content.length}` });
  response.end(content.subarray(first, last + 1));
}

const ranged =
  (content: Uint8Array): Answer =>
  (request, response) =>
    answerRange(content, request, response);

test("with ranges: small reads in file order share blocks", async () => {
  const { url, ranges } = await serve(ranged(body));
  const source = await urlSource(url);
  expect(source.size).toBe(body.length);
  const offsets = Array.from({ length: 90 }, (_, i) => i * 100_000);
  const reads = await Promise.all(offsets.map((offset) => source.read(offset, 100)));
  for (const [i, offset] of offsets.entries()) expectBytes(reads[i], body.slice(offset, offset + 100));
  expect(ranges.length).toBe(3);
  expectBytes(await source.read(5, 6 * MiB), body.slice(5, 5 + 6 * MiB));
  expect(ranges[3]).toBe(`bytes=5-${4 + 6 * MiB}`);
  expectBytes(await source.read(body.length - 1, 1), body.slice(-1));
});

test("with ranges: a read across the end of a block", async () => {
  const { url } = await serve(ranged(body));
  const source = await urlSource(url);
  expectBytes(await source.read(4 * MiB - 5, 10), body.slice(4 * MiB - 5, 4 * MiB + 5));
});

test("with ranges: a file of one block takes one request, and reads are copies", async () => {
  const { url, ranges } = await serve(ranged(body.subarray(0, 1000)));
  const source = await urlSource(new URL(url));
  (await readAll(source)).fill(0);
  expectBytes(await readAll(source), body.slice(0, 1000));
  expect(ranges).toHaveLength(1);
});

test.each<[string, Answer, number]>([
  ["a server without ranges", (_, response) => response.end(body), 1],
  [
    "a compressed body",
    (_, response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(body)),
    1,
  ],
  [
    "a range whose extent the server does not tell",
    (request, response) =>
      request.headers.range === undefined ? response.end(body) : response.writeHead(206).end(body.subarray(0, 4 * MiB)),
    2,
  ],
  [
    "a range that is another one",
    (request, response) =>
      request.headers.range === undefined
        ? response.end(body)
        : response
            .writeHead(206, { "Content-Range": `bytes 7-${6 + 4 * MiB}/${body.length}` })
            .end(body.subarray(7, 7 + 4 * MiB)),
    2,
  ],
  [
    "a range of a compressed body",
    (request, response) => {
      if (request.headers.range === undefined) return void response.end(body);
      const range = `bytes 0-${4 * MiB - 1}/${body.length}`;
      response.writeHead(206, { "Content-Range": range, "Content-Encoding": "gzip" });
      response.end(gzipSync(body.subarray(0, 4 * MiB)));
    },
    2,
  ],
])("%s: the whole body, once", async (_, answer, requests) => {
  const { url, ranges } = await serve(answer);
  const source = await urlSource(url);
  expectBytes(await source.read(5, 10), body.slice(5, 15));
  expectBytes(await readAll(source), body);
  expect(ranges).toHaveLength(requests);
});

test("an empty file", async () => {
  const { url } = await serve(ranged(new Uint8Array(0)));
  expect((await urlSource(url)).size).toBe(0);
});

test("a data URL", async () => {
  expect(await readAll(await urlSource("data:;base64,AQID"))).toEqual(Uint8Array.of(1, 2, 3));
});

test("HTTP errors name the URL, without its password", async () => {
  const { url } = await serve((_, response) => void response.writeHead(404).end("not here"));
  await expect(urlSource(url)).rejects.toThrow(
    new FormatError(`${url}: could not be fetched, got HTTP 404 Not Found, expected 200 or 206`),
  );
  await expect(urlSource(url.replace("//", "//user:p@secret@"))).rejects.toThrow(
    new UsageError(`${url}: user names and passwords in URLs are not sent, got one, expected none`),
  );
});

test("no server, and no host", async () => {
  const { url } = await serve((_, response) => void response.end());
  server?.close();
  server?.closeAllConnections();
  const error = await urlSource(url).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toContain(`${url}: could not be fetched, got connect ECONNREFUSED`);
});

test("a body that breaks off", async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(200, { "Content-Length": "1000" });
    response.write(body.subarray(0, 10), () => response.destroy());
  });
  // Whether fetch or the reading of its body fails first is a matter of timing.
  const error = await urlSource(url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(/w\.bin: (could not be fetched|the transfer broke off after \d+ bytes), got ./);
});

test("a file that changes between two requests", async () => {
  let content = body;
  const { url } = await serve((request, response) => answerRange(content, request, response));
  const source = await urlSource(url);
  content = body.subarray(0, 8 * MiB);
  await expect(source.read(5 * MiB, 10)).rejects.toThrow(
    `${url}: the file changed while it was read, got HTTP 206 with range bytes 5242880-8388607/8388608, ` +
      "expected bytes 5242880-9437183/9437189",
  );
});

test("a server that answers a range with too much", async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(206, { "Content-Range": `bytes 0-${4 * MiB - 1}/${body.length}` }).end(body);
  });
  await expect(urlSource(url)).rejects.toThrow(
    new FormatError(`${url}: the server sent too much, got over ${4 * MiB} bytes, expected ${4 * MiB} at most`),
  );
});
