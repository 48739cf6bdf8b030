// Reads bench records back: what a report or a comparison may rely on is checked here, once.
import { fileSource } from "../../src/formats/source/file.ts";
import type { BenchRecord, BenchRow, Peaks, PeerResult, Samples, TrainingMeasures } from "../record.ts";
import { JsonField } from "./json-field.ts";
import { peerRatio, rowLabel } from "./summary.ts";

/** Stored ratios may be rounded. */
const ratioTolerance = 0.01;

/** Throws FormatError that names the file and the field. */
export async function readRecord(path: string): Promise<BenchRecord> {
  const source = await fileSource(path);
  try {
    return parseRecord(new TextDecoder().decode(await source.read(0, source.size)), path);
  } finally {
    await source.close();
  }
}

/** Fields that the schema does not know are left out. `file` names the text in messages. Throws FormatError. */
export function parseRecord(text: string, file: string): BenchRecord {
  const field = JsonField.parse(text, file);
  const schema = field.at("schema").oneOf(1);
  const rows = field.at("rows").list();
  const data = field.at("data");
  return {
    schema,
    date: readDate(field.at("date")),
    version: field.at("version").text(),
    adapter: readAdapter(field.at("adapter")),
    host: readHost(field.at("host")),
    peaks: field.at("peaks").orNull(readPeaks),
    ...(!data.isNull && { data: data.oneOf("host", "device") }),
    rows: requireUnique(rows, rows.map(readRow)),
  };
}

function readHost(field: JsonField): BenchRecord["host"] {
  const load = field.at("load");
  return {
    cpu: field.at("cpu").text(),
    cores: field.at("cores").integer(1),
    node: field.at("node").text(),
    ...(!load.isNull && { load: load.number() }),
  };
}

function readDate(field: JsonField): string {
  const date = field.text();
  if (!/^\d{4}-\d{2}-\d{2}T/.test(date) || Number.isNaN(Date.parse(date))) throw field.wrong("a date by ISO 8601");
  return date;
}

function readAdapter(field: JsonField): BenchRecord["adapter"] {
  return {
    vendor: field.at("vendor").text(),
    architecture: field.at("architecture").text(),
    device: field.at("device").text(),
    description: field.at("description").text(),
    kind: field.at("kind").oneOf("hardware", "software"),
    driver: field.at("driver").text(),
  };
}

function readPeaks(field: JsonField): Peaks {
  return {
    fmaF32Gflops: field.at("fmaF32Gflops").number(0, "above"),
    fmaF16Gflops: field.at("fmaF16Gflops").orNull((peak) => peak.number(0, "above")),
    copyGBs: field.at("copyGBs").number(0, "above"),
    dispatchUs: field.at("dispatchUs").number(),
  };
}

function readRow(field: JsonField): BenchRow {
  const memory = field.at("memory");
  const row = {
    suite: field.at("suite").oneOf("kernels", "gradients", "models", "training", "start", "onnx"),
    group: field.at("group").text(),
    name: field.at("name").text(),
    precision: field.at("precision").oneOf("f32", "f16"),
    shape: field
      .at("shape")
      .list()
      .map((size) => size.integer(1)),
    flop: field.at("flop").number(),
    bytes: field.at("bytes").number(),
    kernels: field
      .at("kernels")
      .list()
      .map((kernel) => kernel.text()),
    ours: readSamples(field.at("ours")),
    gpuMs: field.at("gpuMs").orNull((gpuMs) => gpuMs.number()),
    peers: Object.fromEntries(
      field
        .at("peers")
        .entries()
        .map(([name, peer]) => [name, readPeer(peer)]),
    ),
    ratio: field.at("ratio").orNull((ratio) => ratio.number(0, "above")),
    rooflineShare: field.at("rooflineShare").orNull(readShare),
    memory: {
      plannedBytes: memory.at("plannedBytes").number(),
      lowerBoundBytes: memory.at("lowerBoundBytes").number(),
    },
  };
  requireRatio(field, row);
  const [problem, parameters, error] = [field.at("problem"), field.at("parameters"), field.at("error")];
  const training = field.at("training");
  return {
    ...row,
    ...(!parameters.isNull && { parameters: parameters.integer() }),
    ...(!error.isNull && { error: readError(error) }),
    ...(!training.isNull && { training: readTraining(training) }),
    ...(!problem.isNull && { problem: problem.text() }),
  };
}

function readError(field: JsonField): NonNullable<BenchRow["error"]> {
  return { against: field.at("against").text(), relativeL2: field.at("relativeL2").number() };
}

function readTraining(field: JsonField): TrainingMeasures {
  const byName = <T>(measure: JsonField, read: (value: JsonField) => T) =>
    Object.fromEntries(measure.entries().map(([name, value]) => [name, read(value)]));
  return {
    losses: byName(field.at("losses"), (losses) => losses.list().map((loss) => loss.number())),
    uploaded: byName(field.at("uploaded"), readSamples),
    peakBytes: byName(field.at("peakBytes"), (bytes) => bytes.number()),
  };
}

function readShare(field: JsonField): number {
  const share = field.number();
  if (share > 1) throw field.wrong("a share from 0 to 1");
  return share;
}

function readSamples(field: JsonField): Samples {
  const milliseconds = field.at("milliseconds").list();
  if (milliseconds.length === 0) throw field.at("milliseconds").wrong("one time at least");
  return {
    milliseconds: milliseconds.map((time) => time.number()),
    medianMs: field.at("medianMs").number(0, "above"),
    spreadMs: field.at("spreadMs").number(),
  };
}

function readPeer(field: JsonField): PeerResult {
  const problem = field.at("problem");
  if (!problem.isNull) return { problem: problem.text() };
  const note = field.at("note");
  const times = { relativeL2: field.at("relativeL2").number(), samples: readSamples(field.at("samples")) };
  return note.isNull ? times : { ...times, note: note.text() };
}

/** A ratio that its own samples contradict counted a CPU peer, or was edited. */
function requireRatio(field: JsonField, row: BenchRow): void {
  if (row.ratio === null) return;
  const expected = peerRatio(row);
  if (expected === null) throw field.at("ratio").wrong("null, as no GPU peer has a time");
  if (Math.abs(row.ratio / expected - 1) > ratioTolerance) {
    throw field.at("ratio").wrong(`${expected.toPrecision(4)} by the samples of the fastest GPU peer`);
  }
}

function requireUnique(fields: readonly JsonField[], rows: readonly BenchRow[]): readonly BenchRow[] {
  const seen = new Set<string>();
  rows.forEach((row, i) => {
    const key = JSON.stringify([row.suite, row.name, row.precision]);
    if (seen.has(key))
      throw fields[i]!.at("name").wrong(`names that differ within ${row.suite}`, `${rowLabel(row)} again`);
    seen.add(key);
  });
  return rows;
}
