// Images and volumes sampled at given places. Operator set 20 renamed the modes, and added volumes.
// Source: https://onnx.ai/onnx/operators/onnx__GridSample.html

import { gridSample2d, gridSample3d } from "../../../ops/sample/grid-sample.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

const gridSampleOf: OnnxOperator = {
  build(node) {
    const [x, grid] = [node.value(0), node.value(1)];
    const mode = node.string("mode", "linear");
    const padding = node.string("padding_mode", "zeros");
    ensure(mode === "linear" || mode === "bilinear" || mode === "nearest", `mode ${mode} is not computed`);
    ensure(padding === "zeros" || padding === "border" || padding === "reflection", `padding_mode is ${padding}`);
    const alignCorners = node.int("align_corners", 0) !== 0;
    const { length } = x.type.shape;
    ensure(length === 4 || length === 5, `x has ${length} axes, expected [N, C, H, W] or [N, C, D, H, W]`);
    const isNearest = mode === "nearest";
    if (length === 4) {
      return node.result(
        node.apply(gridSample2d, [x, grid], { padding, alignCorners, mode: isNearest ? "nearest" : "bilinear" }),
      );
    }
    return node.result(
      node.apply(gridSample3d, [x, grid], { padding, alignCorners, mode: isNearest ? "nearest" : "trilinear" }),
    );
  },
};

export const sampling: OperatorTable = { GridSample: gridSampleOf };
