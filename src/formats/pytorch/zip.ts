// The directory of a zip archive, as torch.save writes it: entries that are stored, not compressed. Zip64 is read.
// Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.12 to 4.3.16, 4.5.3)

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import type { ByteSource } from "../source/source.ts";

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly byteLength: number;
  /** Of its local header, before its bytes. */
  readonly headerOffset: number;
  /** 0 where it is stored. */
  readonly method: number;
}

const endBytes = 22;
const locatorBytes = 20;
const end64Bytes = 56;
const entryBytes = 46;
const localBytes = 30;
/** Of a million storages. */
const mostDirectoryBytes = 128 * 1024 * 1024;

/** Reads an archive's directory. Throws FormatError for one that is damaged or in parts, or that names a file twice. */
export async function readZip(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const { offset, length } = await findDirectory(source);
  if (length > mostDirectoryBytes || offset + length > source.size) throw fault(source, "its directory leaves it");
  const bytes = await source.read(offset, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + entryBytes <= length; ) {
    if (view.getUint32(at, true) !== 0x02014b50) throw fault(source, `no entry at byte ${at} of its directory`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + entryBytes + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > length) throw fault(source, `an entry leaves its directory at byte ${at}`);
    const name = new TextDecoder().decode(bytes.subarray(at + entryBytes, at + entryBytes + nameLength));
    if (entries.has(name)) throw fault(source, `it holds ${quote(name)} twice`);
    entries.set(name, readEntry(view, at, name, source));
    at = next;
  }
  return entries;
}

/** Where the bytes of a stored entry begin. Throws FormatError for one that is compressed, encrypted or leaves the file. */
export async function startOf(source: ByteSource, entry: ZipEntry): Promise<number> {
  const { name, headerOffset, byteLength, method } = entry;
  if (method !== 0) {
    throw fault(source, `${quote(name)} is compressed (method ${method}), expected it stored, as torch.save writes it`);
  }
  if (headerOffset + localBytes > source.size) throw fault(source, `${quote(name)} leaves it`);
  const bytes = await source.read(headerOffset, localBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, localBytes);
  if (view.getUint32(0, true) !== 0x04034b50) throw fault(source, `${quote(name)} is not where its directory says`);
  const start = headerOffset + localBytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + byteLength > source.size) throw fault(source, `${quote(name)} leaves it`);
  return start;
}

/** By its last record, before which a comment of up to 65,535 bytes may stand. */
async function findDirectory(source: ByteSource): Promise<{ offset: number; length: number }> {
  const tailBytes = Math.min(source.size, endBytes + locatorBytes + 0xffff);
  const tailStart = source.size - tailBytes;
  const bytes = await source.read(tailStart, tailBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = tailBytes - endBytes;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw fault(source, "it has no directory at its end: it was cut off, or not all of it was loaded");
  const place = { offset: view.getUint32(at + 16, true), length: view.getUint32(at + 12, true) };
  const locator = at - locatorBytes;
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return place;
  const end64 = toNumber(view.getBigUint64(locator + 8, true));
  if (end64 + end64Bytes > source.size) throw fault(source, "its zip64 record leaves it");
  const record = await source.read(end64, end64Bytes);
  const view64 = new DataView(record.buffer, record.byteOffset, end64Bytes);
  if (view64.getUint32(0, true) !== 0x06064b50) throw fault(source, "its zip64 record is not where it should be");
  return { offset: toNumber(view64.getBigUint64(48, true)), length: toNumber(view64.getBigUint64(40, true)) };
}

function readEntry(view: DataView, at: number, name: string, source: ByteSource): ZipEntry {
  const isEncrypted = (view.getUint16(at + 8, true) & 1) !== 0;
  if (isEncrypted) throw fault(source, `${quote(name)} is encrypted`);
  const sizes = [at + 24, at + 20, at + 42].map((place) => view.getUint32(place, true));
  // What does not fit 32 bits stands in the extra field of zip64, in this order.
  let extra = findZip64(view, at);
  const [byteLength = 0, , headerOffset = 0] = sizes.map((size) => {
    if (size !== 0xffffffff || extra === undefined || extra + 8 > view.byteLength) return size;
    extra += 8;
    return toNumber(view.getBigUint64(extra - 8, true));
  });
  return { name, byteLength, headerOffset, method: view.getUint16(at + 10, true) };
}

function findZip64(view: DataView, entry: number): number | undefined {
  let at = entry + entryBytes + view.getUint16(entry + 28, true);
  const end = at + view.getUint16(entry + 30, true);
  while (at + 4 <= end) {
    if (view.getUint16(at, true) === 1) return at + 4;
    at += 4 + view.getUint16(at + 2, true);
  }
  return undefined;
}

/** Beyond 2^53 it is outside of every file, however it is rounded. */
const toNumber = (value: bigint) => Number(value);

function fault(source: ByteSource, what: string): FormatError {
  return new FormatError(`${source.name}: is a damaged or foreign zip archive: ${what}`);
}
