import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type AxialPhantom, createAxialPhantom } from "../../weights/phantom/axial.ts";
import { AXIAL_CLASSES, AXIAL_LABEL, LEVELS } from "../../weights/phantom/axial-labels.ts";
import { renderSlice } from "../../weights/phantom/axial-render.ts";
import { scanSlices } from "../../weights/phantom/axial-scan.ts";
import { drawAxialSubject } from "../../weights/phantom/axial-subject.ts";
import { createOutline, outlineDistance } from "../../weights/phantom/outline.ts";

const SIZE = 128;
const { duralSac, ligamentumFlavum, psoasMajor, multifidus, erectorSpinae, lamina, disc } = AXIAL_LABEL;

/** Mean column and row of a label's pixels, of all or of those beside a column. */
function centre(labels: Uint8Array, label: number, isIn: (column: number) => boolean = () => true): [number, number] {
  let [count, columns, rows] = [0, 0, 0];
  labels.forEach((value, pixel) => {
    if (value !== label || !isIn(pixel % SIZE)) return;
    count++;
    columns += pixel % SIZE;
    rows += Math.floor(pixel / SIZE);
  });
  return [columns / count, rows / count];
}

function meanOf(image: ArrayLike<number>, labels: Uint8Array, label: number): number {
  const values = Array.from(image).filter((_, pixel) => labels[pixel] === label);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("ten subjects", () => {
  let subjects: AxialPhantom[];
  beforeAll(() => {
    subjects = Array.from({ length: 10 }, (_, seed) => createAxialPhantom(seed, { size: SIZE, slices: 1 }));
  }, 300_000);
  const slices = () =>
    subjects.flatMap((phantom, seed) => phantom.slices.map((slice) => ({ ...slice, name: `${seed} ${slice.level}` })));

  test("have every class on every slice, and parts of the image as README's table states them", () => {
    const readme = readFileSync("weights/phantom/README.md", "utf8");
    const ranges = AXIAL_CLASSES.map((name) => {
      const row = new RegExp(`^\\| \\d ${name} \\|.* ([\\d.]+) to ([\\d.]+) % \\|$`, "m").exec(readme);
      expect(row, name).not.toBeNull();
      return [Number(row![1]), Number(row![2])] as const;
    });
    for (const { name, labels } of slices()) {
      expect(Math.max(...labels)).toBeLessThan(AXIAL_CLASSES.length);
      ranges.forEach(([low, high], label) => {
        const percent = (100 * labels.filter((value) => value === label).length) / labels.length;
        // At this size the least structures are a few dozen pixels: a tenth beside what full size measures.
        expect(percent, `${name} ${AXIAL_CLASSES[label]}`).toBeGreaterThan(0.9 * low);
        expect(percent, `${name} ${AXIAL_CLASSES[label]}`).toBeLessThan(1.1 * high);
      });
    }
  });

  test("have each structure where anatomy has it", () => {
    for (const { name, labels } of slices()) {
      const [discX, discY] = centre(labels, disc);
      const sac = centre(labels, duralSac);
      const flavum = centre(labels, ligamentumFlavum);
      const arch = centre(labels, lamina);
      // From front to back on the midline.
      const order = [discY, sac[1], flavum[1], arch[1], centre(labels, multifidus)[1]];
      expect(order, name).toEqual([...order].sort((p, q) => p - q));
      for (const [x] of [sac, flavum, arch]) expect(Math.abs(x - discX), name).toBeLessThan(8);
      for (const side of [-1, 1]) {
        const beside = (label: number) => centre(labels, label, (column) => side * (column - discX) > 0);
        const [psoasX, psoasY] = beside(psoasMajor);
        const discColumns = Array.from(labels.keys()).filter((pixel) => labels[pixel] === disc);
        const edge = Math.max(...discColumns.map((pixel) => side * ((pixel % SIZE) - discX)));
        expect(side * (psoasX - discX), `${name}: psoas beside the disc`).toBeGreaterThan(edge);
        expect(psoasY, `${name}: psoas in front of the back's muscles`).toBeLessThan(beside(erectorSpinae)[1] - 20);
        expect(side * (beside(erectorSpinae)[0] - beside(multifidus)[0]), `${name}: erector outside`).toBeGreaterThan(
          8,
        );
        expect(side * (beside(multifidus)[0] - discX), `${name}: multifidus beside the midline`).toBeGreaterThan(4);
      }
    }
  });

  test("look like T2: bright sac, dark muscle, ligament and bone's edge, grey values over the whole range", () => {
    for (const { name, image, labels } of slices()) {
      const mean = (label: number) => meanOf(image, labels, label);
      for (const dark of [psoasMajor, multifidus, erectorSpinae, ligamentumFlavum]) {
        expect(mean(duralSac), name).toBeGreaterThan(1.4 * mean(dark));
      }
      expect(Math.min(...image), name).toBeLessThan(20);
      expect(Math.max(...image), name).toBe(255);
      expect(image.filter((value) => value === 255).length / image.length, name).toBeLessThan(0.35);
    }
  });

  test("differ, and so do a subject's discs", () => {
    const all = slices();
    for (let one = 0; one < all.length; one++) {
      for (let other = 0; other < one; other++) {
        const differing = all[one]!.labels.filter((label, pixel) => label !== all[other]!.labels[pixel]).length;
        expect(differing / SIZE / SIZE, `${all[one]!.name}, ${all[other]!.name}`).toBeGreaterThan(0.03);
      }
    }
    expect(subjects[0]!.slices.map(({ level }) => level)).toEqual(LEVELS);
  });
});

test("the same seed gives the same bytes: those of this hash", () => {
  const hash = createHash("sha256");
  for (const { image, labels } of createAxialPhantom(1, { slices: 1 }).slices) hash.update(image).update(labels);
  expect(hash.digest("hex")).toBe("3012dd0b3860fe41ed0e9c457d4755145b5153c5e0bb1cfa9dbb8f2eb17cb710");
});

test("slices of one disc are alike, and lie within it", () => {
  const { slices, spacingMm, size } = createAxialPhantom(2, { size: SIZE });
  expect([slices.length, size, spacingMm]).toEqual([9, SIZE, 1.4]);
  expect(slices.map(({ level }) => level)).toEqual(LEVELS.flatMap((level) => [level, level, level]));
  const height = drawAxialSubject(2).discs[0].height;
  expect(slices[0]!.belowMm).toBe(-slices[2]!.belowMm);
  expect(slices[2]!.belowMm).toBeLessThan(height / 2);
  const differing = (one: number, other: number) =>
    slices[one]!.labels.filter((label, pixel) => label !== slices[other]!.labels[pixel]).length / SIZE / SIZE;
  expect(differing(0, 1)).toBeGreaterThan(0.001);
  expect(differing(0, 1)).toBeLessThan(0.03);
  expect(differing(0, 3)).toBeGreaterThan(2 * differing(0, 1));
});

test("a pixel on an edge holds parts of both tissues", () => {
  const subject = drawAxialSubject(3);
  const { signal, labels } = renderSlice(subject, 1, 0, SIZE);
  const { muscle, fat } = subject.tissues;
  // Rightward out of the psoas into fat: pixels between the two signals, about one for each crossing.
  let [crossings, between] = [0, 0];
  for (let pixel = 0; pixel + 2 < labels.length; pixel++) {
    if (labels[pixel] !== psoasMajor || labels[pixel + 1] !== 0 || !(signal[pixel + 2]! > 0.9 * fat)) continue;
    crossings++;
    const isBetween = (value: number) => value > 1.6 * muscle && value < 0.85 * fat;
    if (isBetween(signal[pixel]!) || isBetween(signal[pixel + 1]!)) between++;
  }
  expect(crossings).toBeGreaterThan(20);
  expect(between / crossings).toBeGreaterThan(0.7);
});

test("the scan multiplies by a smooth field and adds noise that lies on both sides of it", () => {
  const size = 64;
  const [scanned] = scanSlices([new Float64Array(size * size).fill(0.5)], size, 5);
  const block = (column: number, row: number) => {
    const values: number[] = [];
    for (let n = 0; n < 256; n++) values.push(scanned![(row + (n >> 4)) * size + column + (n & 15)]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
  };
  const blocks = [0, 16, 32, 48].flatMap((row) => [0, 16, 32, 48].map((column) => block(column, row)));
  const means = blocks.map(({ mean }) => mean);
  expect(Math.max(...means) / Math.min(...means)).toBeGreaterThan(1.1);
  for (const { mean, deviation } of blocks) {
    expect(deviation / mean).toBeGreaterThan(0.01);
    expect(deviation / mean).toBeLessThan(0.15);
  }
});

test("air is noise alone: its magnitude is Rayleigh's, whose mean is 1.25 and deviation 0.655 of each part's", () => {
  const size = 64;
  const [scanned] = scanSlices([new Float64Array(size * size)], size, 5);
  const mean = scanned!.reduce((sum, value) => sum + value, 0) / scanned!.length;
  const deviation = Math.sqrt(scanned!.reduce((sum, value) => sum + (value - mean) ** 2, 0) / scanned!.length);
  expect(mean / deviation).toBeCloseTo(1.913, 1);
});

test("outlines are smooth curves with distances", () => {
  const square = createOutline([
    [0, 10],
    [10, 0],
    [0, -10],
    [-10, 0],
  ]);
  expect(outlineDistance(square, 0, 10, 1)).toBeCloseTo(0, 9);
  expect(outlineDistance(square, -10, 0, 1)).toBeCloseTo(0, 9);
  expect(outlineDistance(square, 0, 0, 1)).toBeLessThan(-7.07); // Rounder than the straight lines between.
  expect(outlineDistance(square, 0, 0, 1)).toBeGreaterThan(-10);
  expect(outlineDistance(square, 0, 10.5, 1)).toBeCloseTo(0.5, 9);
  expect(outlineDistance(square, 9, 9, 1)).toBeGreaterThan(0);
  expect(outlineDistance(square, 0, 12, 1)).toBe(Infinity);
});
