// PNG images as networks take them: grey values, or class labels.

import { FormatError } from "../../errors.ts";
import { checkOptions, numeric } from "../../options.ts";
import { bytesOf } from "../source/bytes.ts";
import { signature } from "./chunks.ts";
import { type PngLimits, parseHeader } from "./header.ts";
import { type PngSamples, readSamples } from "./samples.ts";

/** Grey values, row by row: [height, width]. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  /** 0 to 255 at depth 8, 0 to 65535 at depth 16. */
  readonly data: Float32Array;
  /** Bits per value; 1, 2 and 4 bits are stretched to 8. */
  readonly depth: 8 | 16;
}

/** Class labels, row by row: [height, width]. */
export interface LabelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Reads a PNG image as grey values. Colours become luminance, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); alpha is ignored, and so
 * are gamma and colour profiles. Throws FormatError, beginning with `name`, for whatever is no intact PNG image.
 */
export function readPng(given: Uint8Array | ArrayBuffer, name: string, limits: PngLimits = {}): GreyImage {
  checkOptions("readPng", limits, { maxSide: numeric, maxPixels: numeric });
  const image = readSamples(bytesOf("readPng", given), name, limits);
  const { width, height, bitDepth } = image.header;
  return { width, height, data: greyValues(image, name), depth: bitDepth === 16 ? 16 : 8 };
}

/**
 * Reads a PNG image whose grey values or palette indices, 8 bits or fewer and not stretched, are class labels.
 * Throws FormatError, beginning with `name`, for colour, alpha or 16 bits, and for whatever is no intact PNG image.
 */
export function readLabelPng(given: Uint8Array | ArrayBuffer, name: string, limits: PngLimits = {}): LabelImage {
  checkOptions("readLabelPng", limits, { maxSide: numeric, maxPixels: numeric });
  const image = readSamples(bytesOf("readLabelPng", given), name, limits);
  const { width, height, kind, bitDepth } = image.header;
  const { samples } = image;
  if ((kind !== "grey" && kind !== "palette") || samples instanceof Uint16Array) {
    throw new FormatError(
      `${name}: not a label image, got ${kind} pixels of ${bitDepth} bits, expected grey or palette pixels of at most 8`,
    );
  }
  if (kind === "palette") checkIndices(image, name);
  return { width, height, data: samples };
}

/** How much of a file `readPngSize` wants to see: the signature, and the chunk IHDR with its length and type. */
export const pngStartBytes = 29;

/** Reads an image's size alone. Throws FormatError for what is no PNG file, or of a kind that no file may be. */
export function readPngSize(
  start: Uint8Array,
  name: string,
  limits: PngLimits = {},
): { width: number; height: number } {
  const isPng = signature.every((byte, n) => start[n] === byte);
  const isHeader = String.fromCharCode(...start.subarray(12, 16)) === "IHDR";
  if (!isPng || !isHeader || start.length < pngStartBytes) throw new FormatError(`${name}: not a PNG file`);
  return parseHeader(start.subarray(16, pngStartBytes), name, limits);
}

function greyValues(image: PngSamples, name: string): Float32Array {
  const { samples, palette } = image;
  const { kind, channels, bitDepth } = image.header;
  switch (kind) {
    case "grey":
      return bitDepth < 8 ? stretched(samples, 2 ** bitDepth - 1) : new Float32Array(samples);
    case "grey+alpha":
      return greyOf(samples.length / 2, (i) => samples[2 * i]!);
    case "rgb":
    case "rgba":
      return luminances(samples, channels);
    case "palette": {
      checkIndices(image, name);
      const colours = luminances(palette, 3);
      return greyOf(samples.length, (i) => colours[samples[i]!]!);
    }
  }
  kind satisfies never;
}

/** `Float32Array.from` with a function makes a list of all numbers first, which fits no memory where there are many. */
function greyOf(length: number, valueAt: (i: number) => number): Float32Array {
  const grey = new Float32Array(length);
  for (let i = 0; i < length; i++) grey[i] = valueAt(i);
  return grey;
}

function stretched(samples: Uint8Array | Uint16Array, most: number): Float32Array {
  return greyOf(samples.length, (i) => (samples[i]! * 255) / most);
}

function luminances(samples: Uint8Array | Uint16Array, channels: number): Float32Array {
  const grey = new Float32Array(samples.length / channels);
  for (let i = 0, at = 0; i < grey.length; i++, at += channels) {
    grey[i] = 0.299 * samples[at]! + 0.587 * samples[at + 1]! + 0.114 * samples[at + 2]!;
  }
  return grey;
}

function checkIndices({ header, samples, palette }: PngSamples, name: string): void {
  const colours = palette.length / 3;
  const pixel = samples.findIndex((index: number) => index >= colours);
  if (pixel === -1) return;
  const place = `row ${Math.floor(pixel / header.width)}, column ${pixel % header.width}`;
  throw new FormatError(
    `${name}: ${place} is not in the palette, got colour ${samples[pixel]}, expected below ${colours}`,
  );
}
