// A clock that a test moves, for a server that is started under it: nothing waits for days. libfaketime's, as the other tests have it.
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @returns `settings` of the server that is to go by it */
export async function clock() {
  const library = process.env.TOLLGATE_TEST_FAKETIME;
  if (!library) throw new Error("TOLLGATE_TEST_FAKETIME does not name libfaketime: eval \"$(cargo xtask tools)\"");
  const directory = await mkdtemp(join(tmpdir(), "tollgate-clock-"));
  const file = join(directory, "offset");
  let ahead = 0;
  /** It goes on from there. Renamed into place: whoever looks in between reads the old one or the new. */
  const forward = async (seconds) => {
    ahead += seconds;
    await writeFile(`${file}.new`, `+${ahead}`);
    await rename(`${file}.new`, file);
  };
  await forward(0);
  // Without the cache's end the file is read every ten seconds only; timers go by the machine's time.
  const settings = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" };
  return { settings, forward, stop: () => rm(directory, { recursive: true, force: true }) };
}
