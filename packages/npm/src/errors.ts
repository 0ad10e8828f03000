// The WIT `error` as classes: one for each case, with a common base.

import type {
  Error as ErrorValue,
  ErrorCategory,
  Executed,
  FailedInvocation,
  FunctionFailure,
  Invocation,
  ServiceError as ServiceErrorValue,
  TransportKind,
} from '../raw/interfaces/connectors-aws-lambda-types.js';

const RAN = {
  no: 'the function did not run',
  unknown: 'the function may have run',
  yes: 'the function ran',
} as const;

/** The base of every error of a call. Check `executed` before you repeat the call. */
export abstract class LambdaError extends Error {
  /** The case of the WIT `error`. */
  abstract readonly tag: ErrorValue['tag'];
  /** Whether the function ran. Decides whether it is safe to try again. */
  readonly executed: Executed;

  constructor(message: string, executed: Executed) {
    super(message);
    this.executed = executed;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** Rejected before anything was sent. */
export class InvalidInputError extends LambdaError {
  readonly tag = 'invalid-input';
  /** Path of the field, for example `request.qualifier`. */
  readonly field: string;

  /** `message` states what is wrong and what is allowed. */
  constructor(field: string, message: string) {
    super(`${field}: ${message}`, 'no');
    this.field = field;
  }
}

/** What `UnauthenticatedError` and `ServiceError` share: AWS responded with an error. */
export abstract class AwsError extends LambdaError {
  /** AWS error code as sent, for example `TooManyRequestsException`. */
  readonly code: string;
  readonly statusCode: number;
  readonly category: ErrorCategory;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What to do about it, for example the IAM action and resource that are missing. */
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  /** The number of attempts made. */
  readonly attempts: number;

  constructor(error: ServiceErrorValue) {
    const hint = error.hint === undefined ? '' : `; ${error.hint}`;
    super(`${error.code}: ${error.message}${hint} (${RAN[error.executed]})`, error.executed);
    this.code = error.code;
    this.statusCode = error.statusCode;
    this.category = error.category;
    this.retryable = error.retryable;
    this.hint = error.hint;
    this.requestId = error.requestId;
    this.attempts = error.attempts;
  }
}

/** AWS rejected the access key, the signature or the request timestamp, or STS refused to issue credentials. */
export class UnauthenticatedError extends AwsError {
  readonly tag = 'unauthenticated';
}

/** AWS responded with an error. */
export class ServiceError extends AwsError {
  readonly tag = 'service';
}

/** There was no usable response from Lambda. */
export class TransportError extends LambdaError {
  readonly tag = 'transport';
  readonly kind: TransportKind;
  /** The number of attempts made. */
  readonly attempts: number;

  constructor(error: { kind: TransportKind; message: string; executed: Executed; attempts: number }) {
    super(`${error.kind}: ${error.message} (${RAN[error.executed]})`, error.executed);
    this.kind = error.kind;
    this.attempts = error.attempts;
  }
}

/** The function ran and failed. */
export class FunctionFailedError extends LambdaError {
  readonly tag = 'function-failed';
  readonly failure: FunctionFailure;
  readonly #invocation: Invocation;

  constructor({ failure, invocation }: FailedInvocation) {
    const reported = [failure.errorType, failure.errorMessage].filter((text) => text !== undefined && text !== '');
    super(`the function failed: ${[failure.cause, ...reported].join(': ')}`, 'yes');
    this.failure = failure;
    this.#invocation = invocation;
  }

  /** The output and the log of the failed run. Printing the error does not print them. */
  get invocation(): Invocation {
    return this.#invocation;
  }
}

/** Why the package ended a call. */
export type ExecutionFailedReason =
  /** `timeouts.callMs` passed. */
  | 'timed-out'
  /** `close()` was called. */
  | 'closed'
  /** Too many calls were waiting for a thread. */
  | 'overloaded'
  /** The sandbox trapped, or its thread ended or could not start. */
  | 'crashed';

/** The sandbox itself failed, or the package ended it. The connector never returns this. */
export class ExecutionFailedError extends LambdaError {
  readonly tag = 'execution-failed';
  readonly reason: ExecutionFailedReason;

  constructor(reason: ExecutionFailedReason, message: string, executed: Executed) {
    super(`${message} (${RAN[executed]})`, executed);
    this.reason = reason;
  }
}

/** The class for a WIT `error`, for those who use the module `raw`. */
export function toLambdaError(error: ErrorValue): LambdaError {
  switch (error.tag) {
    case 'invalid-input':
      return new InvalidInputError(error.val.field, error.val.message);
    case 'unauthenticated':
      return new UnauthenticatedError(error.val);
    case 'service':
      return new ServiceError(error.val);
    case 'transport':
      return new TransportError(error.val);
    case 'function-failed':
      return new FunctionFailedError(error.val);
    case 'execution-failed':
      return new ExecutionFailedError('crashed', 'the sandbox failed', 'unknown');
  }
}
