/** Reads a future whose value does not matter. The connector's task waits for the reader, and so does the process. */
export function settle(future: PromiseLike<unknown>): void {
  Promise.resolve(future).catch(() => {});
}
