// A dispatch that does next to nothing.

struct Params {
  amount: u32,
}
@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32) {
  counts[i] += p.amount;
}
