// The types of the WIT. Its `error` is thrown as one of the classes.
export type {
  AccessKey, AssumeRole, Connection, Credentials, CredentialsAccessKey, CredentialsAssumeRole, CredentialsHostSigned,
  CredentialsSigningKey, CredentialsWebIdentity, Delivery, Endpoint, EndpointDualStack, EndpointEmulator, EndpointFips,
  EndpointFipsDualStack, EndpointUrl, Error as ErrorValue, ErrorCategory, Executed, FailedInvocation, FailureCause,
  FunctionFailure, Invocation, LogTail, Payload, PayloadBinary, PayloadText, Role, RunReport, SigningKey, TransportKind,
  WebIdentity,
} from '../raw/interfaces/connectors-aws-lambda-types.js';
export type {
  Check, CheckOutcome, CheckSubject, FunctionPage, FunctionQuery, FunctionSummary, InvocationType, InvokeRequest, LogType,
  QualifierChoice, QualifierKind, ResponseMode,
} from '../raw/interfaces/connectors-aws-lambda-lambda.js';
export type { Scope, Session, SessionRequest } from '../raw/interfaces/connectors-aws-lambda-sessions.js';
export type {
  CallbackResult, CallbackResultFailed, CallbackResultHeartbeat, CallbackResultSucceeded, Execution, ExecutionFailure,
  ExecutionPage, ExecutionQuery, ExecutionStatus, HistoryEvent, HistoryPage, HistoryQuery,
} from '../raw/interfaces/connectors-aws-lambda-executions.js';
export type {
  Card, Choice, ChoicePage, Condition, Field, FieldKind, Manifest,
} from '../raw/interfaces/connectors-aws-lambda-cards.js';
