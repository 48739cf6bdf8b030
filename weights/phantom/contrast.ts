import type { Random } from "./random.ts";

export type Contrast = "T2" | "T1" | "gradient-echo" | "STIR";

/** Signal of each tissue, about 0..1, before bias field and noise. */
export interface Tissues {
  marrow: number;
  cortex: number;
  nucleus: number;
  annulus: number;
  csf: number;
  cord: number;
  root: number;
  fat: number;
  skinFat: number;
  skin: number;
  muscle: number;
  ligament: number;
  vessel: number;
  bowel: number;
  organ: number;
  fluid: number;
  air: number;
}

const NAMES = [
  "marrow",
  "cortex",
  "nucleus",
  "annulus",
  "csf",
  "cord",
  "root",
  "fat",
  "skinFat",
  "skin",
  "muscle",
  "ligament",
  "vessel",
  "bowel",
  "organ",
  "fluid",
  "air",
] as const satisfies readonly (keyof Tissues)[];

const SIGNAL: Record<Contrast, readonly number[]> = {
  T2: [0.4, 0.06, 0.75, 0.16, 0.97, 0.5, 0.42, 0.78, 1.05, 0.5, 0.2, 0.07, 0.06, 0.42, 0.35, 0.9, 0.012],
  T1: [0.56, 0.1, 0.33, 0.27, 0.16, 0.4, 0.38, 0.95, 1.15, 0.6, 0.33, 0.12, 0.08, 0.42, 0.45, 0.2, 0.012],
  "gradient-echo": [0.36, 0.12, 0.68, 0.5, 0.68, 0.62, 0.55, 0.3, 0.14, 0.8, 0.5, 0.2, 0.45, 0.22, 0.4, 0.5, 0.01],
  STIR: [0.17, 0.05, 0.55, 0.13, 1.0, 0.42, 0.38, 0.12, 0.13, 0.35, 0.24, 0.06, 0.07, 0.3, 0.3, 1.0, 0.02],
};

/** Six in ten T2, two gradient echo, one T1, one STIR: seed 0 is T2. */
const BY_SEED: readonly Contrast[] = [
  "T2",
  "gradient-echo",
  "T2",
  "T1",
  "T2",
  "STIR",
  "T2",
  "gradient-echo",
  "T2",
  "T2",
];

export function contrastOfSeed(seed: number): Contrast {
  return BY_SEED[seed % BY_SEED.length]!;
}

/** The contrast's table, each tissue up to 15 % brighter or darker. */
export function drawTissues(random: Random, contrast: Contrast): Tissues {
  const tissues = {} as Tissues;
  NAMES.forEach((name, n) => {
    tissues[name] = SIGNAL[contrast][n]! * random.between(0.85, 1.15);
  });
  return tissues;
}
