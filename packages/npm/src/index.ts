/** AWS Lambda as a sandboxed WebAssembly component, behind promises. Start with `createConnector`. */
export { connectionFromEnvironment } from './connection.js';
export { Connector, createConnector, type Cards, type ConnectionSource, type ConnectorOptions, type Executions, type Sessions } from './connector.js';
export {
  AwsError,
  ExecutionFailedError,
  FunctionFailedError,
  InvalidInputError,
  LambdaError,
  ServiceError,
  toLambdaError,
  TransportError,
  UnauthenticatedError,
  type ExecutionFailedReason,
} from './errors.js';
export { defaultAllowedHosts } from './policy.js';
export { toInvokeRequest, type InvokeOptions } from './request.js';
export type * from './types.js';
