// The commands and the rules that all of them keep: exit codes, errors on one line, help everywhere.
import { Command, CommanderError } from "commander";
import { version } from "../../package.json";
import { printableLines } from "../node.ts";
import { addBench } from "./bench.ts";
import { addConvert } from "./convert.ts";
import { addDoctor } from "./doctor.ts";
import { addEvaluate } from "./evaluate.ts";
import { describeFailure } from "./failure.ts";
import { addInspect } from "./inspect.ts";
import { addParity } from "./parity.ts";
import { addRun } from "./run.ts";
import { addSegment } from "./segment.ts";
import { type ExitCode, Session, type Streams } from "./session.ts";
import { addTrain } from "./train.ts";
import { addTune } from "./tune.ts";

/** Runs one command line (without node and script) and returns the exit code; it never rejects and never exits. */
export async function runCommandLine(argv: readonly string[], streams: Streams, startedAt: number): Promise<ExitCode> {
  const session = new Session(streams, startedAt);
  try {
    const program = createProgram(session);
    await program.parseAsync([...argv], { from: "user" });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    session.note(describeFailure(error, argv.includes("--debug")));
    return 2;
  }
}

function createProgram(session: Session): Command {
  const program = new Command("atrous")
    .description("Segmentation networks on the GPU, through WebGPU.")
    .version(version, "-V, --version", "print the version")
    .option("--adapter <which>", "auto, hardware, software, or a part of an adapter's name", "auto")
    .option("--debug", "show stack traces, and check for leaks")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .configureHelp({ showGlobalOptions: true });
  const commands = [
    ...[addDoctor, addInspect, addConvert, addRun, addSegment, addTune],
    ...[addBench, addParity, addTrain, addEvaluate],
  ];
  for (const add of commands) add(program, session);
  program.addHelpText(
    "after",
    `
Exit codes: 0 good, 1 a check failed, 2 bad usage or input.

Examples:
  $ atrous doctor
  $ atrous segment scan.nii.gz -o mask.nii.gz --overlay overlay.png
  $ atrous segment --help`,
  );
  for (const command of [program, ...program.commands]) keepRules(command, session);
  return program;
}

function keepRules(command: Command, session: Session): void {
  const path = command.parent ? `atrous ${command.name()}` : "atrous";
  command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => session.streams.stdout.write(text),
      writeErr: (text) => session.streams.stderr.write(printableLines(text)),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
      outputError: (text, write) => {
        const message = text
          .trim()
          .replace(/^error: /, "")
          .replace(/\s*\n\s*/g, " ")
          .replace(/\.$/, "");
        write(`atrous: ${message}; see ${path} --help\n`);
      },
    });
}
