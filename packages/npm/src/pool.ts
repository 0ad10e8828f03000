// A bounded pool of threads, because a call blocks the thread that makes it.

import { Worker } from 'node:worker_threads';
import type { Executed } from '../raw/interfaces/connectors-aws-lambda-types.js';
import { ExecutionFailedError, toLambdaError } from './errors.js';
import type { Call, Reply, Setup } from './protocol.js';
import { coreModules } from './raw.js';

export interface PoolOptions {
  maxThreads: number;
  callMs: number;
}

/** The number of calls that may wait for a thread. */
const MAX_WAITING = 10_000;

/** How long a thread that is not needed waits for the next call. */
const IDLE_MS = 30_000;

/** The functions that can run a Lambda function or change an execution. The others only read. */
const EFFECTIVE = new Set(['lambda.invoke', 'cards.run', 'executions.stop', 'executions.completeCallback']);

interface Job {
  call: Call;
  /** The thread that makes the call. `undefined` while the call waits for one. */
  thread?: Thread;
  timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Thread {
  worker: Worker;
  sent: Setup['sent'];
  /** Whether it has loaded its modules. */
  ready: boolean;
  job?: Job;
  idle?: NodeJS.Timeout;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Makes a call. The promise always settles: at the latest after `callMs`, which includes the wait for a thread. */
  run(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed('no');
      if (this.#waiting.length >= MAX_WAITING) {
        throw new ExecutionFailedError(
          'overloaded',
          `${MAX_WAITING} calls wait for a thread, which is the limit; make the call later, or raise maxConcurrentCalls`,
          'no',
        );
      }
      const timer = setTimeout(() => this.#expire(job), this.#options.callMs);
      const job: Job = { call, timer, resolve, reject };
      this.#waiting.push(job);
      this.#dispatch();
    });
  }

  /** Ends every call and every thread. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of [...this.#waiting]) this.#reject(job, closed('no'));
    const threads = [...this.#threads];
    for (const thread of threads) this.#remove(thread, closed);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) {
      // The thread that was used last is warm, and the others become old enough to end.
      this.#start(this.#idle.pop()!, this.#waiting.shift()!);
    }
    let starting = [...this.#threads].filter(({ ready }) => !ready).length;
    try {
      for (; starting < this.#waiting.length && this.#threads.size < this.#options.maxThreads; starting += 1) this.#spawn();
    } catch (error) {
      // The threads that there are make the waiting calls one after the other.
      if (this.#threads.size > 0) return;
      const reason = error instanceof Error ? error.message : 'an unknown failure';
      for (const job of [...this.#waiting]) this.#reject(job, crashed(`its thread could not start: ${reason}`, 'no'));
    }
  }

  #spawn(): void {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { modules: coreModules(), sent } satisfies Setup,
      // Neither the keys in the environment nor flags such as `--input-type` belong to the thread.
      env: {},
      execArgv: [],
    });
    const thread: Thread = { worker, sent, ready: false };
    this.#threads.add(thread);
    worker.on('message', (reply: Reply) => this.#receive(thread, reply));
    worker.on('messageerror', () => this.#crash(thread, 'its answer could not be read'));
    worker.on('error', (error) => this.#crash(thread, error instanceof Error ? error.message : 'its thread failed'));
    worker.on('exit', () => this.#crash(thread, 'its thread ended'));
  }

  #start(thread: Thread, job: Job): void {
    clearTimeout(thread.idle);
    job.thread = thread;
    thread.job = job;
    Atomics.store(thread.sent, 0, 0);
    thread.worker.ref();
    try {
      thread.worker.postMessage(job.call);
    } catch {
      this.#reject(job, crashed('its thread could not receive the arguments', 'no'));
      this.#rest(thread);
    }
  }

  #receive(thread: Thread, reply: Reply): void {
    const { job } = thread;
    switch (reply.tag) {
      case 'ready':
        thread.ready = true;
        return this.#rest(thread);
      case 'ok':
        if (job !== undefined) this.#settle(job).resolve(reply.val);
        return this.#rest(thread);
      case 'err':
        if (job !== undefined) this.#reject(job, toLambdaError(reply.val));
        return this.#rest(thread);
      case 'crashed':
        return this.#crash(thread, reply.message);
    }
  }

  /** Makes a thread available again. An idle thread does not keep the process alive. */
  #rest(thread: Thread): void {
    if (!this.#threads.has(thread)) return;
    thread.worker.unref();
    thread.idle = setTimeout(() => this.#crash(thread, 'its thread ended'), IDLE_MS).unref();
    this.#idle.push(thread);
    this.#dispatch();
  }

  #expire(job: Job): void {
    const limit = `${this.#options.callMs} ms, the limit of timeouts.callMs; raise it`;
    if (job.thread === undefined) {
      this.#reject(job, new ExecutionFailedError('timed-out', `the call waited for a thread for ${limit}`, 'no'));
    } else {
      this.#remove(job.thread, (executed) => new ExecutionFailedError('timed-out', `the call was ended after ${limit}`, executed));
    }
  }

  /** Ends a thread whose sandbox failed, because the state of its WASI may be damaged. */
  #crash(thread: Thread, message: string): void {
    // Each thread that cannot start ends one call, so that starting threads has an end.
    const job = thread.ready || !this.#threads.has(thread) ? undefined : this.#waiting[0];
    if (job !== undefined) this.#reject(job, crashed(message, 'no'));
    this.#remove(thread, (executed) => crashed(message, executed));
  }

  #remove(thread: Thread, error: (executed: Executed) => Error): void {
    if (!this.#threads.delete(thread)) return;
    clearTimeout(thread.idle);
    const index = this.#idle.indexOf(thread);
    if (index >= 0) this.#idle.splice(index, 1);
    if (thread.job !== undefined) this.#reject(thread.job, error(outcome(thread, thread.job)));
    void thread.worker.terminate();
    this.#dispatch();
  }

  #reject(job: Job, error: Error): void {
    this.#settle(job).reject(error);
  }

  #settle(job: Job): Job {
    clearTimeout(job.timer);
    const index = this.#waiting.indexOf(job);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (job.thread !== undefined) delete job.thread.job;
    return job;
  }
}

function closed(executed: Executed): ExecutionFailedError {
  return new ExecutionFailedError('closed', 'the connector is closed; create another', executed);
}

function crashed(message: string, executed: Executed): ExecutionFailedError {
  return new ExecutionFailedError('crashed', `the sandbox failed: ${message}`, executed);
}

/** Whether the function ran, of a call that is cut off. If no request has left, none leaves while the thread ends. */
function outcome({ sent }: Thread, { call }: Job): Executed {
  const unsent = Atomics.compareExchange(sent, 0, 0, 2) === 0;
  return unsent || !EFFECTIVE.has(`${call.interface}.${call.function}`) ? 'no' : 'unknown';
}
