import type { Error as LambdaError } from '../generated/interfaces/connectors-aws-lambda-types.js';

/** Returns the `error` of a WIT `result`, which jco throws in a `ComponentError`. Rethrows traps. */
export function lambdaError(thrown: unknown): LambdaError {
  if (thrown instanceof Error && thrown.constructor.name === 'ComponentError' && 'payload' in thrown) {
    return thrown.payload as LambdaError;
  }
  throw thrown;
}
