// Saving what the server answers as a file. The token goes with the request, so it cannot be a mere link; nor is a file read by the page.
import { Unreached, open } from "./api.mjs";

/**
 * @param {import("./api.mjs").Call} call
 * @param {{ name?: string, onBytes?: (bytes: number) => void }} [options] `name`: where the server says none
 * @returns {Promise<{ name: string, bytes: number, headers: Headers }>}
 */
export async function save(call, { name = "tollgate", onBytes } = {}) {
  const response = await open(call);
  const chunks = [];
  let bytes = 0;
  try {
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
      onBytes?.(bytes);
    }
  } catch {
    // What was cut off looks like a shorter file: it is not saved.
    throw new Unreached(`The answer was cut off after ${bytes} bytes. Nothing was saved.`);
  }
  const said = /filename="([^"/\\]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? name;
  offer(new Blob(chunks, { type: response.headers.get("content-type") ?? "application/octet-stream" }), said);
  return { name: said, bytes, headers: response.headers };
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has to have begun before the address is gone.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
