// Every ONNX operator that is imported, by its name.

import { activation } from "./activation.ts";
import { arithmetic } from "./arithmetic.ts";
import { constants } from "./constant.ts";
import { convolution } from "./convolution.ts";
import { gathering } from "./gather.ts";
import { sampling } from "./grid-sample.ts";
import { layout } from "./layout.ts";
import { linear } from "./linear.ts";
import { maxPooling } from "./max-pooling.ts";
import { normalization } from "./normalization.ts";
import type { OperatorTable } from "./operator.ts";
import { pooling } from "./pooling.ts";
import { reduction } from "./reduction.ts";
import { resizing } from "./resize.ts";
import { selection } from "./selection.ts";

export const operators: OperatorTable = {
  ...activation,
  ...arithmetic,
  ...constants,
  ...convolution,
  ...gathering,
  ...layout,
  ...linear,
  ...maxPooling,
  ...normalization,
  ...pooling,
  ...reduction,
  ...resizing,
  ...sampling,
  ...selection,
};
