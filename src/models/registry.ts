// The networks that files and configurations name.
import type { Network } from "./network.ts";
import * as records from "./networks/index.ts";

/** Every network that a weights file or a configuration can name. */
export const networks: readonly Network[] = Object.values(records);

/** What is trained where a configuration names none: that of the paper whose training the defaults are. */
export const defaultNetwork: Network = records.msffResNet18;
