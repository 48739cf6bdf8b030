// Keeps tunings in the browser's IndexedDB, one for each adapter.
// Limits: browsers only; private windows may refuse or forget.
import { UsageError } from "../../errors.ts";
import { parseTuning, type Tuning } from "./tuning.ts";

const databaseName = "atrous";
const storeName = "tunings";

/** The tuning that was kept for an adapter (`gpu.adapter.driver`); undefined where there is none. */
export async function readStoredTuning(adapter: string): Promise<Tuning | undefined> {
  const text = await transact("readonly", (store) => store.get(adapter));
  return typeof text === "string" ? parseTuning(text, `tuning of ${adapter}`) : undefined;
}

/** Keeps a tuning in place of an earlier one of its adapter. */
export async function storeTuning(tuning: Tuning): Promise<void> {
  await transact("readwrite", (store) => store.put(JSON.stringify(tuning), tuning.adapter));
}

async function transact(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  if (!("indexedDB" in globalThis)) throw new UsageError("tuning: there is no IndexedDB here, expected a browser");
  const open = indexedDB.open(databaseName, 1);
  open.onupgradeneeded = () => open.result.createObjectStore(storeName);
  const database = await settled(open);
  try {
    return await settled(work(database.transaction(storeName, mode).objectStore(storeName)));
  } finally {
    database.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
