// Classes and disc levels of the axial task, in the order of the paper (Zhang et al., ICMLC 2023, Figure 4).

export const AXIAL_LABEL = {
  background: 0,
  duralSac: 1,
  ligamentumFlavum: 2,
  psoasMajor: 3,
  multifidus: 4,
  erectorSpinae: 5,
  lamina: 6,
  disc: 7,
} as const;

/** Names by label. */
export const AXIAL_CLASSES = [
  "background",
  "dural sac",
  "ligamentum flavum",
  "psoas major",
  "multifidus",
  "erector spinae",
  "lamina",
  "disc",
] as const;

export const LEVELS = ["L3/4", "L4/5", "L5/S1"] as const;
export type Level = (typeof LEVELS)[number];
