// Writing PNG images: pictures and label maps. The same pixels always give the same bytes.

import { encode } from "fast-png";
import { UsageError } from "../../errors.ts";
import { bytes, checkOptions, list, numeric } from "../../options.ts";

/** Pixels of 8 bits, row by row: [height, width, channels]. */
export interface PixelsToWrite {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/** One class label per pixel, row by row: [height, width]. */
export interface LabelsToWrite {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** A colour for each label, so that viewers show them apart; labels stay the same numbers. Grey without. */
  readonly palette?: readonly (readonly [red: number, green: number, blue: number])[];
}

const size = { width: numeric, height: numeric, data: bytes };

/** Writes a picture. Throws UsageError if the data does not fit the size. */
export function writePng(image: PixelsToWrite): Uint8Array {
  checkOptions("writePng", image, { ...size, channels: numeric });
  const { width, height, channels, data } = image;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new UsageError(`png: bad number of channels, got ${channels}, expected 1, 3 or 4`);
  }
  checkSize(image, channels);
  return encode({ width, height, channels, depth: 8, data });
}

/** Writes a label map that `readLabelPng` reads back. Throws UsageError if data or palette do not fit. */
export function writeLabelPng(labels: LabelsToWrite): Uint8Array {
  checkOptions("writeLabelPng", labels, { ...size, palette: list });
  const { width, height, data, palette } = labels;
  checkSize(labels, 1);
  if (palette === undefined) return encode({ width, height, channels: 1, depth: 8, data });
  if (palette.length < 1 || palette.length > 256) {
    throw new UsageError(`png: bad palette, got ${palette.length} colours, expected 1 to 256`);
  }
  const pixel = data.findIndex((label) => label >= palette.length);
  if (pixel !== -1) {
    throw new UsageError(`png: label ${data[pixel]} has no colour, expected labels below ${palette.length}`);
  }
  return encode({ width, height, channels: 1, depth: 8, data, palette: palette.map((colour) => [...colour]) });
}

function checkSize(image: { width: number; height: number; data: Uint8Array }, channels: number): void {
  const { width, height, data } = image;
  for (const [field, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1) throw new UsageError(`png: bad ${field}, got ${size}, expected 1 or more`);
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new UsageError(
      `png: data does not fit the size, got ${data.length} bytes, expected ${expected} for ${width} x ${height} x ${channels}`,
    );
  }
}
