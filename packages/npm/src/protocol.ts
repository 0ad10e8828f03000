// What the caller's thread and the threads of the sandboxes send to each other.

import type { Root } from '../raw/connector.js';
import type { Error as ErrorValue } from '../raw/interfaces/connectors-aws-lambda-types.js';

export type Interface = 'lambda' | 'sessions' | 'executions' | 'cards';

/** One call of a function of the world. */
export interface Call {
  interface: Interface;
  function: string;
  arguments: unknown[];
  /** The origins that it may reach. */
  allowed: readonly string[];
}

export type Functions = Record<string, (...args: unknown[]) => unknown>;
export type Interfaces = Pick<Root, Interface>;

/** What a thread gets when it starts. */
export interface Setup {
  modules: Record<string, WebAssembly.Module>;
  /**
   * One number: 0 while no request of the current call has left the sandbox, 1 afterwards, and 2 if the call was ended before,
   * so that none may leave.
   */
  sent: Int32Array<SharedArrayBuffer>;
}

export type Reply =
  | { tag: 'ready' }
  | { tag: 'ok'; val: unknown }
  | { tag: 'err'; val: ErrorValue }
  | { tag: 'crashed'; message: string };
