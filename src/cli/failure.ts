// What the user reads when something went wrong.
import { AtrousError, DeviceError, ShapeError } from "../index.ts";

/** The message of an error on one line, or everything there is to know about it. */
export function describeFailure(error: unknown, debug: boolean): string {
  if (debug) return `atrous: ${error instanceof Error ? describeFully(error) : String(error)}`;
  if (!(error instanceof AtrousError)) {
    const what = error instanceof Error ? `${error.name}: ${firstLine(error.message)}` : String(error);
    return `atrous: ${what} (this is a bug; run with --debug)`;
  }
  // The advice where there is no adapter belongs to the message; a shader's listing does not.
  const isAdvice = error instanceof DeviceError && error.kind === "no-adapter";
  if (isAdvice) return `atrous: ${error.message.replace(/\s*\n\s*/g, ". ")}`;
  const isCut = error.message.includes("\n");
  return `atrous: ${firstLine(error.message)}${isCut ? " (more with --debug)" : ""}`;
}

/** Puts a file's name before what is wrong with the shape that came from it. */
export function naming<T>(file: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (error instanceof ShapeError) throw new ShapeError(`${file}: ${error.message}`);
    throw error;
  });
}

function describeFully(error: Error): string {
  const own = error.stack?.includes(error.message) ? error.stack : `${error.message}\n${error.stack ?? ""}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${describeFully(error.cause)}` : own;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
