import type { CallbackResult, ExecutionFailure, ExecutionPage, ExecutionQuery, Execution, HistoryPage, HistoryQuery } from '../raw/interfaces/connectors-aws-lambda-executions.js';
import type { ChoicePage, Manifest } from '../raw/interfaces/connectors-aws-lambda-cards.js';
import type { Check, FunctionPage, FunctionQuery, QualifierChoice } from '../raw/interfaces/connectors-aws-lambda-lambda.js';
import type { Session, SessionRequest } from '../raw/interfaces/connectors-aws-lambda-sessions.js';
import type { Connection, Delivery, Invocation } from '../raw/interfaces/connectors-aws-lambda-types.js';
import { isObject, toArguments } from './check.js';
import { connectionFromEnvironment } from './connection.js';
import { defaultAllowedHosts, toOrigins } from './policy.js';
import { Pool } from './pool.js';
import type { Interface } from './protocol.js';
import { toInvokeRequest, type InvokeOptions } from './request.js';

/** A connection, or a function that returns the current one, for keys that are replaced while the process runs. */
export type ConnectionSource = Connection | (() => Connection | Promise<Connection>);

export interface ConnectorOptions {
  /** Where Lambda is, and who is calling it. Default: `connectionFromEnvironment`, read for each call. */
  connection?: ConnectionSource;
  /**
   * The origins that a call may reach, and no others: `https://lambda.internal:8443`, or a host for HTTPS. It replaces the
   * default, which is `defaultAllowedHosts(connection)`, and the same with `sts: true` for `sessions.open`, `testConnection` and
   * `cards`. Set it if anyone but the operator can choose the connection's endpoint.
   */
  allowedHosts?: readonly string[];
  timeouts?: {
    /**
     * The duration of a call, including all attempts and the wait for a thread. A call that takes longer is ended with its
     * thread. Its outcome is unknown if a request had left. Default: 5,800,000, which is more than an invocation with the
     * default timeouts takes. `executions.wait` needs more than its `timeoutMs`.
     */
    callMs?: number;
    /** The default of `delivery.responseTimeoutMs`, for calls that have a `delivery`. */
    responseMs?: number;
  };
  /** The number of calls at the same time. Each has two threads. Further calls wait. 1 to 1,024, default 16. */
  maxConcurrentCalls?: number;
}

const MAX_TIMER_MS = 2_147_483_647;

function limit(name: string, value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return value;
  throw new TypeError(`${name} is not a whole number from 1 to ${maximum}; correct it`);
}

/**
 * Creates a connector. It starts no thread before the first call, and its idle threads do not keep the process alive.
 *
 * @throws TypeError if an option is invalid.
 */
export function createConnector(options: ConnectorOptions = {}): Connector {
  const { connection = connectionFromEnvironment, allowedHosts, timeouts = {}, maxConcurrentCalls = 16 } = options;
  const pool = new Pool({
    maxThreads: limit('maxConcurrentCalls', maxConcurrentCalls, 1_024),
    callMs: limit('timeouts.callMs', timeouts.callMs ?? 5_800_000, MAX_TIMER_MS),
  });
  const { responseMs } = timeouts;
  if (responseMs !== undefined) limit('timeouts.responseMs', responseMs, MAX_TIMER_MS);
  const allowed = allowedHosts === undefined ? undefined : toOrigins(allowedHosts);
  return new Connector(new Caller(pool, connection, allowed, responseMs));
}

/** Adds what a value leaves out or has as `undefined`. A value of a wrong type stays, because the check of the arguments names it. */
function withDefaults<T extends object>(value: T | undefined, defaults: Partial<T>): T {
  const given = value ?? ({} as T);
  if (!isObject(given)) return given;
  const fields = Object.entries(given).filter(([, field]) => field !== undefined && field !== null);
  return { ...defaults, ...Object.fromEntries(fields) } as T;
}

/** Makes the calls of a connector. Its fields are private, so that printing a connector shows no key. */
class Caller {
  readonly #pool: Pool;
  readonly #connection: ConnectionSource;
  readonly #allowed: readonly string[] | undefined;
  readonly #responseMs: number | undefined;

  constructor(pool: Pool, connection: ConnectionSource, allowed: readonly string[] | undefined, responseMs: number | undefined) {
    this.#pool = pool;
    this.#connection = connection;
    this.#allowed = allowed;
    this.#responseMs = responseMs;
  }

  with(connection: ConnectionSource): Caller {
    return new Caller(this.#pool, connection, this.#allowed, this.#responseMs);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Calls a function whose first argument is the connection. */
  async call(of: Interface, name: string, args: unknown[], sts?: true): Promise<any> {
    const connection = await this.#current();
    return await this.#run(of, name, [connection, ...args], this.#allowed ?? defaultAllowedHosts(connection, sts && { sts }));
  }

  /** Calls a card. Its own connection may lead to a role. */
  async card(name: string, args: unknown[]): Promise<any> {
    const allowed = this.#allowed ?? defaultAllowedHosts(await this.#current(), { sts: true });
    return await this.#run('cards', name, args, allowed);
  }

  describe(): Promise<any> {
    return this.#run('cards', 'describe', [], []);
  }

  /** A request with the default of `delivery.responseTimeoutMs`. */
  withDelivery<T extends { delivery?: Delivery }>(request: T): T {
    if (this.#responseMs === undefined || !isObject(request)) return request;
    return { ...request, delivery: withDefaults(request.delivery, { responseTimeoutMs: this.#responseMs }) };
  }

  async #current(): Promise<Connection> {
    return typeof this.#connection === 'function' ? this.#connection() : this.#connection;
  }

  async #run(of: Interface, name: string, args: unknown[], allowed: readonly string[]): Promise<unknown> {
    try {
      return await this.#pool.run({ interface: of, function: name, arguments: toArguments(of, name, args), allowed });
    } catch (error) {
      // The stack of the caller, instead of that of the pool.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }
}

/**
 * AWS Lambda. Every function makes its call in a sandbox of its own, on another thread, and rejects with a `LambdaError`.
 */
export class Connector {
  readonly #caller: Caller;
  /** Temporary keys. */
  readonly sessions: Sessions;
  /** Durable executions: what an asynchronous invocation of a durable function came to. */
  readonly executions: Executions;
  /** The connector as a workflow designer sees it. */
  readonly cards: Cards;

  /** @internal Use `createConnector`. */
  constructor(caller: Caller) {
    this.#caller = caller;
    this.sessions = new Sessions(caller);
    this.executions = new Executions(caller);
    this.cards = new Cards(caller);
  }

  /** The same connector with another connection. Both share the threads, the policy and `close`. */
  withConnection(connection: ConnectionSource): Connector {
    return new Connector(this.#caller.with(connection));
  }

  /** Ends all threads. Calls in flight reject, with `executed: 'unknown'` if a request had left. */
  close(): Promise<void> {
    return this.#caller.close();
  }

  /** Invokes a function and, unless the type is `event` or `dry-run`, waits for its response. */
  async invoke(request: InvokeOptions): Promise<Invocation> {
    return await this.#caller.call('lambda', 'invoke', [this.#caller.withDelivery(toInvokeRequest(request))]);
  }

  /** Lists the account's functions in the region, following Lambda's 50-row pages until `limit` is reached. */
  listFunctions(query: Partial<FunctionQuery> = {}): Promise<FunctionPage> {
    return this.#caller.call('lambda', 'listFunctions', [this.#caller.withDelivery(withDefaults(query, { allVersions: false }))]);
  }

  /**
   * Lists everything that `invoke`'s `qualifier` may be for one function, aliases first. If the caller may list only aliases or
   * only versions, returns those.
   */
  listQualifiers(functionName: string): Promise<QualifierChoice[]> {
    return this.#caller.call('lambda', 'listQualifiers', [functionName]);
  }

  /**
   * Reports what works with this connection and what does not, one result per subject. Runs no function. Rejects only if
   * the request itself is invalid.
   */
  testConnection(functionName?: string, qualifier?: string): Promise<Check[]> {
    return this.#caller.call('lambda', 'testConnection', [functionName, qualifier], true);
  }
}

/** Temporary keys, for hosts that cache keys, and for hosts that hand out keys which can do one thing only. */
class Sessions {
  readonly #caller: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Exchanges the connection for temporary keys, to be passed back as `access-key`.
   *
   * `assume-role` and `web-identity` lead to the role's keys, with the scope as a session policy. `access-key` requires a scope:
   * temporary keys are scoped down by `GetScopedCredentials`, at most three times, and long-term keys by `GetSessionToken` first.
   * `signing-key` and `host-signed` are rejected.
   */
  open(request: SessionRequest = {}): Promise<Session> {
    return this.#caller.call('sessions', 'open', [this.#caller.withDelivery(request)], true);
  }
}

/** The WIT's query, whose other fields have defaults: nothing is filtered, and there is no data. */
type Query<T, Required extends keyof T> = Pick<T, Required> & Partial<Omit<T, Required>>;

/** Durable executions. `invoke` starts one and returns its ARN as `durableExecutionArn`. */
class Executions {
  readonly #caller: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Reads one execution. `withData` includes its input and its result or failure, up to 12 MiB. */
  get(arn: string, withData = false): Promise<Execution> {
    return this.#caller.call('executions', 'get', [arn, withData]);
  }

  /**
   * Polls until the execution reaches a final status or `timeoutMs` has passed, then returns it with its data. Its status
   * shows which of the two it was. `deleting` is final, because only an execution that has ended is deleted. An execution that
   * is not visible yet right after its start is waited for, up to 30 seconds.
   */
  wait(arn: string, timeoutMs: number): Promise<Execution> {
    return this.#caller.call('executions', 'wait', [arn, timeoutMs]);
  }

  /** Lists a function's executions, newest first by default. Rows carry no data. */
  listExecutions(query: Query<ExecutionQuery, 'function'>): Promise<ExecutionPage> {
    return this.#caller.call('executions', 'listExecutions', [this.#caller.withDelivery(withDefaults(query, { statuses: [], oldestFirst: false }))]);
  }

  /** Lists what happened in an execution, oldest first by default. */
  history(query: Query<HistoryQuery, 'arn'>): Promise<HistoryPage> {
    return this.#caller.call('executions', 'history', [this.#caller.withDelivery(withDefaults(query, { withData: false, newestFirst: false }))]);
  }

  /**
   * Stops a running execution, optionally with the failure to record. Returns the time at which it stopped, in milliseconds
   * since 1970-01-01 00:00 UTC.
   */
  stop(arn: string, failure?: ExecutionFailure): Promise<bigint> {
    return this.#caller.call('executions', 'stop', [arn, failure]);
  }

  /**
   * Answers a callback that a durable function waits for, such as an approval. Lambda does not deduplicate results: after an
   * unknown outcome, `CallbackTimeoutException` means that the callback is closed, by this call or by another.
   */
  completeCallback(callbackId: string, outcome: CallbackResult): Promise<void> {
    return this.#caller.call('executions', 'completeCallback', [callbackId, outcome]);
  }
}

/**
 * The connector as a workflow designer sees it: cards with fields, which a platform renders and runs without any knowledge of
 * Lambda. The connection of a card is the JSON object of its form. The policy is that of the connector.
 */
class Cards {
  readonly #caller: Caller;

  /** @internal */
  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Describes the connector's form and cards. It needs no connection and no network. */
  describe(): Promise<Manifest> {
    return this.#caller.describe();
  }

  /**
   * Lists the choices of a dynamic field. `connection` and `values` are JSON objects by field key. `search` keeps the choices
   * that contain this text, ignoring case.
   */
  choices(connection: string, card: string, field: string, values: string, search?: string, cursor?: string): Promise<ChoicePage> {
    return this.#caller.card('choices', [connection, card, field, values, search, cursor]);
  }

  /** Tests the connection, and the function that `values` names, if any. Runs no function. */
  test(connection: string, card: string, values: string): Promise<Check[]> {
    return this.#caller.card('test', [connection, card, values]);
  }

  /**
   * Runs a card. `connection` is a JSON object by field key, `values` holds options and inputs together, and the result holds
   * the outputs.
   */
  run(connection: string, card: string, values: string): Promise<string> {
    return this.#caller.card('run', [connection, card, values]);
  }
}

export type { Cards, Executions, Sessions };
