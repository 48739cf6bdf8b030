// Mean outlines at the discs L3/4, L4/5 and L5/S1, of the body's half at positive x, in mm.
//
// x is the distance from the midline, y runs to the back; the origin is the middle of the disc's back edge. A structure has
// the same landmarks at every level, so that what lies between two discs is a mean of both. Placed by hand for this project, not
// traced from images. Aimed at, rounded: psoas 10, 13 and 11 cm2 per side; multifidus 6, 9 and 11; erector spinae 16, 13 and 6;
// discs 50 x 36 mm. To compare with: Danneels et al., Eur Spine J 2000, 9:266, and Fortin & Battie, Phys Ther 2012, 92:853
// (muscles); Zhou et al., Eur Spine J 2000, 9:242 (vertebrae).

import type { Point } from "./outline.ts";

/** At L3/4, L4/5 and L5/S1. */
export type Landmarks = readonly [readonly Point[], readonly Point[], readonly Point[]];

// biome-ignore format: one level per line
export const LANDMARKS = {
  psoas: [
    [[25.5, -22], [31, -34], [43, -37], [54, -28], [57, -13], [50, 0], [36, 3], [27, -7]],
    [[27.5, -25], [32, -40], [46, -45], [60, -37], [65, -19], [57, -4], [41, 2], [29, -8]],
    [[35, -30], [39, -46], [52, -53], [67, -46], [71, -30], [63, -16], [49, -13], [38, -18]],
  ],
  multifidus: [
    [[4.6, 37], [11, 30.4], [20, 26.5], [26.5, 32], [26, 45], [19.5, 57], [9, 61], [4.6, 50]],
    [[4.6, 37], [12, 30.4], [23, 26.5], [32.5, 32], [33, 47], [25.5, 59.5], [11, 63.5], [4.6, 51]],
    [[4.6, 35], [13, 28.6], [26, 25], [38, 30], [39.5, 46], [30, 59], [13, 63], [4.6, 50]],
  ],
  erector: [
    [[27, 27], [37, 18], [52, 13], [65, 19], [70, 33], [61, 50], [43, 60], [21, 62], [25, 50], [27, 38]],
    [[34, 27], [43, 19], [55, 15], [66, 20], [70, 33], [63, 48], [48, 60], [27, 64], [33, 51], [34, 38]],
    [[41, 31], [46, 24], [53, 22], [60, 26], [63, 35], [58, 47], [47, 56], [31, 62], [40, 51], [42, 41]],
  ],
  /** Fat and fascia around multifidus and erector spinae. */
  compartment: [
    [[-2, 26], [14, 22], [30, 17], [53, 10], [69, 16], [74, 34], [64, 53], [44, 63], [20, 65], [-2, 63]],
    [[-2, 26], [14, 24], [34, 20], [55, 12], [70, 18], [74, 34], [66, 51], [48, 63], [24, 67], [-2, 65]],
    [[-2, 26], [14, 23], [38, 20], [54, 19], [64, 23], [67, 35], [61, 50], [46, 60], [24, 66], [-2, 65]],
  ],
  quadratus: [
    [[50, 7], [60, 0], [72, -4], [80, 2], [77, 10], [64, 11]],
    [[56, 8], [65, 2], [75, -1], [82, 4], [78, 11], [66, 11]],
    [[68, 10], [71, 8], [75, 7], [78, 9], [76, 11], [71, 12]],
  ],
  /** Iliac wing: beside the field at L3/4. */
  ilium: [
    [[98, 18], [102, 10], [108, 4], [112, 8], [108, 16], [102, 21]],
    [[77, 24], [82, 12], [90, 1], [97, 2], [92, 15], [83, 26]],
    [[61, 34], [69, 12], [80, -8], [94, -20], [92, -2], [76, 24]],
  ],
  /** Iliacus inside the wing; gluteal muscles behind it. */
  iliacus: [
    [[94, -6], [100, -14], [108, -16], [110, -6], [104, 2], [98, 2]],
    [[74, 2], [80, -10], [92, -18], [96, -6], [86, 4], [79, 12]],
    [[60, 4], [69, -14], [84, -30], [94, -24], [78, -8], [67, 12]],
  ],
  gluteal: [
    [[100, 34], [106, 28], [112, 26], [114, 32], [110, 38], [104, 40]],
    [[86, 32], [94, 20], [102, 12], [106, 20], [100, 32], [92, 38]],
    [[70, 40], [80, 26], [94, 4], [104, 6], [98, 30], [84, 42]],
  ],
  /** Wing of the sacrum, beside and behind the lowest disc: it grows downwards, and is drawn there alone. */
  ala: [
    [[33, 8], [36, 6], [39, 6], [41, 8], [38, 11], [35, 11]],
    [[30, 8], [36, 4], [44, 2], [50, 7], [47, 13], [37, 14]],
    [[27, 8], [36, 0], [50, -3], [60, 6], [56, 18], [38, 18]],
  ],
  /** Lamina with the inferior articular process, from the root of the spinous process to the facet joint. */
  lamina: [
    [[-1, 26.5], [4, 23.6], [8, 20], [11, 16.2], [12.6, 12.4], [14.6, 14], [16.8, 18.5], [17.2, 23], [14.2, 25.6], [9, 28.2], [4, 31.6], [-1, 33.5]],
    [[-1, 26.5], [4, 24], [8.6, 20.6], [12, 17], [14.6, 12.9], [17, 14.7], [19.8, 18.6], [20.4, 22.6], [17, 25.4], [11, 27.8], [4.4, 31.6], [-1, 33.5]],
    [[-1, 25.5], [5, 23.2], [10.6, 20], [15, 16.8], [19, 13.4], [21.6, 15], [24.4, 18], [25, 21.6], [20.6, 24], [13, 26.4], [5, 30], [-1, 32]],
  ],
  /** Superior articular process of the vertebra below, in front of the joint. */
  facet: [
    [[13.4, 8.6], [16, 6], [20, 8], [22, 13.5], [21.4, 19.5], [18.9, 21.6], [18.2, 17.6], [16.2, 13]],
    [[15.4, 9], [18.4, 6.2], [23, 8], [25.4, 13.5], [25, 19], [22.4, 21], [21.2, 17.6], [18.4, 13.4]],
    [[19.8, 9.4], [23, 6.4], [28.4, 8], [31, 13], [30, 18], [27, 20], [25.8, 16.8], [23, 13.6]],
  ],
  /** Ligamentum flavum, from the midline to the joint's capsule. */
  flavum: [
    [[-0.6, 22.4], [4.5, 18.5], [8.6, 13.6], [10.3, 8.8], [12.2, 8], [12.6, 11.6], [10.4, 16.2], [7.4, 20], [3.6, 23.6], [-0.6, 26.6]],
    [[-0.6, 22.2], [4.9, 18.5], [9.5, 13.7], [11.8, 8.9], [14, 8.2], [14.2, 12.4], [11.4, 17], [8, 20.6], [3.8, 24], [-0.6, 26.6]],
    [[-0.6, 21.4], [5.9, 17.9], [11.6, 13.8], [15.2, 9.6], [18, 8.8], [18.4, 12.8], [14.4, 16.8], [10, 20], [4.8, 23.2], [-0.6, 25.6]],
  ],
  /** All that the canal holds. */
  canal: [
    [[-1, -2], [7, -1.5], [12, 1], [13, 6], [11.4, 12], [7, 18], [2, 22.6], [-1, 24]],
    [[-1, -2], [8, -1.5], [13.4, 1], [15, 6], [12.6, 12.4], [7.6, 18], [2, 22.4], [-1, 24]],
    [[-1, -2], [9, -1.5], [17, 1], [19, 6], [15, 12.6], [9, 17.6], [2, 21.6], [-1, 23]],
  ],
  /** Fat of the foramen beside the canal. */
  foramen: [
    [[8, -1], [19, -5], [27, -6], [30, 1], [26, 7], [18, 8], [11, 8]],
    [[9, -1], [20, -5], [29, -6], [33, 1], [29, 7], [20, 8], [12, 8]],
    [[11, -1], [22, -5], [31, -6], [36, 0], [32, 7], [24, 8], [15, 8]],
  ],
} satisfies Readonly<Record<string, Landmarks>>;

export type Structure = keyof typeof LANDMARKS;

/** One value for each structure. */
export function forEachStructure<T>(make: (structure: Structure) => T): Readonly<Record<Structure, T>> {
  return {
    psoas: make("psoas"),
    multifidus: make("multifidus"),
    erector: make("erector"),
    compartment: make("compartment"),
    quadratus: make("quadratus"),
    ilium: make("ilium"),
    iliacus: make("iliacus"),
    gluteal: make("gluteal"),
    ala: make("ala"),
    lamina: make("lamina"),
    facet: make("facet"),
    flavum: make("flavum"),
    canal: make("canal"),
    foramen: make("foramen"),
  };
}

/** Half of the disc's outline from the middle of its front to the middle of its back, as parts of half-width and depth. */
export const DISC_HALF: readonly Point[] = [
  [0, -1],
  [0.34, -0.985],
  [0.66, -0.88],
  [0.9, -0.66],
  [1, -0.42],
  [0.94, -0.17],
  [0.72, -0.01],
  [0.36, 0.02],
  [0, 0],
];

/** The same of the dural sac from front to back: a rounded triangle, blunt at the front. */
export const SAC_HALF: readonly Point[] = [
  [0, 0],
  [0.55, 0.02],
  [0.93, 0.16],
  [1, 0.42],
  [0.76, 0.72],
  [0.38, 0.94],
  [0, 1],
];
