/** One refusal of the protocol: its number in a reply header, our name for it, and what it means to a caller. */
export interface ErrorRow {
  readonly code: number;
  /**
   * `true` when the same request may succeed on another try without a change by the caller. A retry of a write is
   * safe only where it is idempotent.
   */
  readonly retryable: boolean;
  readonly message: string;
}

/** Every error of the protocol (KeeperException.Code), by name. */
export const errors = {
  ok: { code: 0, retryable: false, message: 'no error' },
  system_error: { code: -1, retryable: false, message: 'the server failed inside' },
  runtime_inconsistency: { code: -2, retryable: false, message: 'not tried: an earlier operation of the multi failed' },
  data_inconsistency: { code: -3, retryable: false, message: 'the server found its data inconsistent' },
  connection_loss: { code: -4, retryable: true, message: 'the connection to the server was lost' },
  marshalling_error: { code: -5, retryable: false, message: 'the request could not be decoded' },
  unimplemented: { code: -6, retryable: false, message: 'the server does not offer this operation' },
  operation_timeout: { code: -7, retryable: true, message: 'the operation took too long' },
  bad_arguments: { code: -8, retryable: false, message: 'an argument is not legal' },
  unknown_session: { code: -12, retryable: false, message: 'the session is not known' },
  new_config_no_quorum: { code: -13, retryable: true, message: 'no quorum of the new configuration is up to date' },
  reconfig_in_progress: { code: -14, retryable: true, message: 'another reconfiguration is under way' },
  api_error: { code: -100, retryable: false, message: 'the request is not legal' },
  no_node: { code: -101, retryable: false, message: 'the znode does not exist' },
  no_auth: { code: -102, retryable: false, message: 'the ACL does not permit it' },
  bad_version: { code: -103, retryable: false, message: 'the version is not the expected one' },
  no_children_for_ephemerals: { code: -108, retryable: false, message: 'an ephemeral znode cannot have children' },
  node_exists: { code: -110, retryable: false, message: 'the znode exists already' },
  not_empty: { code: -111, retryable: false, message: 'the znode has children' },
  session_expired: { code: -112, retryable: false, message: 'the session has expired' },
  invalid_callback: { code: -113, retryable: false, message: 'the callback is not legal' },
  invalid_acl: { code: -114, retryable: false, message: 'the ACL is not legal' },
  auth_failed: { code: -115, retryable: false, message: 'authentication failed' },
  session_moved: { code: -118, retryable: true, message: 'the session has moved to another connection' },
  not_read_only: { code: -119, retryable: true, message: 'the server is read-only' },
  ephemeral_on_local_session: { code: -120, retryable: false, message: 'a local session cannot own ephemerals' },
  no_watcher: { code: -121, retryable: false, message: 'there is no such watch' },
  request_timeout: { code: -122, retryable: true, message: 'the request was not answered in time' },
  reconfig_disabled: { code: -123, retryable: false, message: 'reconfiguration is disabled' },
  session_closed_require_sasl_auth: { code: -124, retryable: false, message: 'the server requires SASL' },
  quota_exceeded: { code: -125, retryable: false, message: 'the quota of the subtree is used up' },
  throttled_op: { code: -127, retryable: true, message: 'the server throttled the request' },
} as const satisfies Record<string, ErrorRow>;

/** The name of a protocol error. */
export type ErrorName = keyof typeof errors;

const names = new Map<number, ErrorName>(
  Object.entries(errors).map(([name, row]) => [row.code, name as ErrorName] as const),
);

/** The name of the error with this number; an unknown number reads as `system_error`. */
export function errorName(code: number): ErrorName {
  return names.get(code) ?? 'system_error';
}
