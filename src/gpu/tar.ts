// Reads a tar archive in memory. Regular files only, ustar names: enough for archives that a package ships.

import { FormatError } from "../errors.ts";

export interface TarFile {
  readonly name: string;
  /** A view into the archive. */
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** Throws FormatError when a header or a file reaches past the end of `archive`. Directories and links are left out. */
export function readTar(archive: Uint8Array, where: string): TarFile[] {
  const files: TarFile[] = [];
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const header = archive.subarray(at, at + BLOCK);
    if (header[0] === 0) return files;
    const name = text(header, 0, 100);
    const octal = text(header, 124, 12).trim();
    const size = /^[0-7]+$/.test(octal) ? Number.parseInt(octal, 8) : Number.NaN;
    at += BLOCK;
    if (!(at + size <= archive.length))
      throw new FormatError(`${where}: tar entry "${name}" has size "${octal}", ${archive.length - at} bytes are left`);
    const type = text(header, 156, 1);
    if (type === "0" || type === "") files.push({ name, bytes: archive.subarray(at, at + size) });
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
