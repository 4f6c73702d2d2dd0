// How pages read and write: `useRead` for one thing, `usePage` for a page of a list, `useWrite` for a change.
import { useCallback, useEffect, useRef, useState } from "./ui.mjs";
import { addressOf, newIdempotencyKey, send } from "./api.mjs";
import { follow } from "./live.mjs";

/**
 * Reads, and reads again when what is asked for changes. While it does, what was read before stays.
 * @param {import("./api.mjs").Call | null} call null: nothing to read yet, or no permission
 * @param {{ every?: number }} [options] `every`: seconds after which it is read again while somebody looks
 * @returns {{ data: any, etag: string | null, error: any, loading: boolean, reload: () => Promise<void> }}
 */
export function useRead(call, { every = 0 } = {}) {
  const address = call ? `${call.method ?? "GET"} ${addressOf(call)} ${JSON.stringify(call.body ?? null)}` : null;
  const [state, setState] = useState({ address: null, data: null, etag: null, error: null });
  const asked = useRef({ address, call, turn: 0 });
  asked.current.address = address;
  asked.current.call = call;

  const reload = useCallback(async () => {
    const { address: mine, call: now } = asked.current;
    if (!now) return;
    const turn = ++asked.current.turn;
    const settle = (next) => {
      if (turn === asked.current.turn) setState((was) => ({ ...was, ...next, address: mine }));
    };
    try {
      const { body, etag } = await send(now);
      settle({ data: body, etag, error: null });
    } catch (error) {
      // What was read before of the same stays; of something else it would be a lie.
      if (turn === asked.current.turn) {
        setState((was) => ({ data: was.address === mine ? was.data : null, etag: was.etag, error, address: mine }));
      }
    }
  }, [address]);

  useEffect(() => {
    reload();
    return () => { asked.current.turn += 1; };
  }, [address]);
  useEffect(() => (every && address ? follow(reload, { every }) : undefined), [address, every]);

  return { data: state.data, etag: state.etag, error: state.address === address ? state.error : null, loading: state.address !== address, reload };
}

/**
 * A page of a list, whose cursor is in the address of the place.
 * @param {import("./api.mjs").Call | null} call @param {{ every?: number }} [options]
 */
export function usePage(call, options) {
  const read = useRead(call, options);
  return { ...read, items: read.data?.items ?? [], next: read.data?.next_cursor ?? null, empty: Boolean(read.data) && read.data.items.length === 0 };
}

/**
 * A change. One `Idempotency-Key` for as long as what is asked for stays the same, so that trying again after a failure
 * does it once. Where a second person is needed `approval` says so, and `redeem` gives the same request again.
 */
export function useWrite() {
  const [state, setState] = useState({ busy: false, error: null, approval: null, answer: null });
  const attempt = useRef({ asked: "", key: "" });
  const last = useRef(null);

  const run = useCallback(async (call) => {
    const asked = JSON.stringify([call.method, addressOf(call), call.body, call.ifMatch, call.approval]);
    if (attempt.current.asked !== asked) attempt.current = { asked, key: newIdempotencyKey() };
    last.current = call;
    setState((was) => ({ ...was, busy: true, error: null }));
    try {
      const answer = await send({ ...call, idempotencyKey: call.dryRun ? undefined : attempt.current.key });
      if (!call.dryRun) attempt.current = { asked: "", key: "" };
      setState({ busy: false, error: null, approval: answer.approval, answer: answer.approval ? null : answer });
      return answer.approval ? null : answer;
    } catch (error) {
      setState((was) => ({ ...was, busy: false, error }));
      return null;
    }
  }, []);

  const redeem = useCallback((approval) => run({ ...last.current, approval }), []);
  const reset = useCallback(() => setState({ busy: false, error: null, approval: null, answer: null }), []);
  return { ...state, run, redeem, reset };
}

/** The value as it has been for a while: what is typed is not asked for letter by letter. */
export function useSettled(value, ms = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
