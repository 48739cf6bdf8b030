// Runs one command that is added to a program of its own.
import { Command } from "commander";
import { Session } from "../../src/cli/session.ts";
import type { Outcome } from "./command.ts";

/** What the command throws is thrown here. */
export async function runCommand(
  add: (program: Command, session: Session) => void,
  ...argv: readonly string[]
): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof text) => ({
    write(part: string) {
      text[name] += part;
      return true;
    },
  });
  const session = new Session({ stdout: stream("stdout"), stderr: stream("stderr") }, performance.now());
  const program = new Command("atrous").option("--adapter <which>", "", "auto").exitOverride();
  program.configureOutput({ writeOut: session.streams.stdout.write, writeErr: session.streams.stderr.write });
  add(program, session);
  await program.parseAsync([...argv], { from: "user" });
  return { code: session.exitCode, ...text };
}
