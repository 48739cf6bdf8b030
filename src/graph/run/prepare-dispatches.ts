// Turns kernels' dispatches into pipelines, bind groups and one buffer of uniform parameters, all made once.

import type { ParamType } from "../../../shaders/wgsl/wgsl.ts";
import { DeviceError } from "../../errors.ts";
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import type { Binding, Dispatch } from "../../ops/operator.ts";
import type { Params } from "../../ops/parameters.ts";

/** The dispatches of one step. */
export interface DispatchGroup {
  /** Names the step in errors of the GPU. */
  readonly label: string;
  readonly dispatches: readonly Dispatch[];
  /** What is bound for an operand: a buffer, or a range of one that begins at a multiple of 256 bytes. */
  readonly resource: (binding: Binding) => GPUBufferBinding;
}

/** A dispatch with its pipeline and bind group. */
export interface PreparedDispatch {
  readonly label: string;
  /** The operands, in the order of the shader's bindings. */
  readonly bindings: readonly Binding[];
  /** With other resources than its own where a bind group of {@link bind} is given. */
  encode(pass: GPUComputePassEncoder, bindGroup?: GPUBindGroup): void;
  bind(resource: (binding: Binding) => GPUBufferBinding): GPUBindGroup;
}

export interface PreparedDispatches {
  readonly dispatches: readonly PreparedDispatch[];
  /** Holds every dispatch's parameters; its owner destroys it. */
  readonly uniforms: GPUBuffer;
}

/** Compiles all pipelines in parallel, then binds. Rejects with DeviceError. */
export async function prepareDispatches(
  gpu: Gpu,
  groups: readonly DispatchGroup[],
  onProgress?: (done: number, total: number) => void,
): Promise<PreparedDispatches> {
  const entries = groups.flatMap(({ label, dispatches, resource }) =>
    dispatches.map((dispatch) => ({ label, dispatch, resource })),
  );
  for (const { label, dispatch } of entries) {
    requireGrid(label, dispatch.workgroups, gpu.limits.maxComputeWorkgroupsPerDimension);
  }
  const sources = entries.map(({ label, dispatch }) => ({ label, code: dispatch.code }));
  const pipelines = await gpu.pipelines(sources, onProgress);

  const alignment = gpu.limits.minUniformBufferOffsetAlignment;
  const stride = (params: Params) => Math.ceil((uniformWords(params) * 4) / alignment) * alignment;
  const bytes = entries.reduce((sum, { dispatch }) => sum + stride(dispatch.params), 0);
  const contents = new DataView(new ArrayBuffer(Math.max(bytes, alignment)));
  const usage = BufferUsage.UNIFORM | BufferUsage.COPY_DST;
  const uniforms = gpu.createBuffer(contents.byteLength, usage, "uniform parameters");

  let offset = 0;
  const dispatches = entries.map(({ label, dispatch, resource }, i) => {
    writeParams(contents, offset, dispatch.params);
    const pipeline = pipelines[i]!;
    const size = uniformWords(dispatch.params) * 4;
    const params = { buffer: uniforms, offset, size };
    offset += stride(dispatch.params);
    const bind = (bound: DispatchGroup["resource"]) =>
      gpu.device.createBindGroup({
        label,
        layout: pipeline.getBindGroupLayout(0),
        entries: [...dispatch.bindings.map(bound), params].map((entry, binding) => ({ binding, resource: entry })),
      });
    const own = bind(resource);
    const [x, y, z] = dispatch.workgroups;
    return {
      label,
      bindings: dispatch.bindings,
      bind,
      encode(pass: GPUComputePassEncoder, bindGroup = own) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(x, y, z);
      },
    };
  });
  gpu.device.queue.writeBuffer(uniforms, 0, contents.buffer);
  return { dispatches, uniforms };
}

function requireGrid(label: string, grid: readonly number[], limit: number): void {
  if (grid.every((count) => count >= 1 && count <= limit)) return;
  throw new DeviceError(
    "unsupported",
    `${label}: needs ${grid.join(" x ")} workgroups, this device takes up to ${limit} along each axis; use a smaller input`,
  );
}

/** Uniform structs of scalars are packed tightly; their size is rounded up to 16 bytes. */
function uniformWords({ spec }: Params): number {
  return Math.ceil(Object.keys(spec).length / 4) * 4;
}

function writeParams(view: DataView, offset: number, { spec, values }: Params): void {
  Object.entries(spec).forEach(([name, type], i) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`uniform parameter ${name} has no value`);
    writers[type](view, offset + i * 4, value);
  });
}

const writers: { readonly [T in ParamType]: (view: DataView, at: number, value: number) => void } = {
  u32: (view, at, value) => view.setUint32(at, value, true),
  i32: (view, at, value) => view.setInt32(at, value, true),
  f32: (view, at, value) => view.setFloat32(at, value, true),
};
