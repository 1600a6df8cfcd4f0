import type { CoordinatorConfig } from './config.ts';
import type { ConnectThrottleSettings } from './connect-throttle.ts';
import { fraction, type RowValue, trueOrFalse, whole } from './key-row.ts';

const INT_MAX = 0x7fffffff;
const requests = whole('requests (0: no limit)', 0, INT_MAX);
const lateAfter = whole('milliseconds (0: requests may wait as long as they must)', 0, INT_MAX);
const tokens = whole('tokens (0: no throttling)', 0, INT_MAX);
const fillTime = whole('milliseconds', 1, INT_MAX);
const fillCount = whole('tokens', 1, INT_MAX);
const freezeTime = whole('milliseconds (-1: nothing is dropped at random)', -1, INT_MAX);
const weight = whole('tokens', 1, INT_MAX);

/**
 * The keys of a zoo.cfg that say how much a server takes on at once. Some have two names: that of ZooKeeper's guide, and
 * that of the Java system property it becomes.
 */
export const throttleKeys = {
  globalOutstandingLimit: whole('requests', 1, INT_MAX),
  requestThrottleLimit: requests,
  request_throttle_max_requests: requests,
  throttledOpWaitTime: lateAfter,
  throttled_op_wait_time: lateAfter,
  connectionMaxTokens: tokens,
  connection_throttle_tokens: tokens,
  connectionTokenFillTime: fillTime,
  connection_throttle_fill_time: fillTime,
  connectionTokenFillCount: fillCount,
  connection_throttle_fill_count: fillCount,
  connectionFreezeTime: freezeTime,
  connection_throttle_freeze_time: freezeTime,
  connectionDropIncrease: fraction,
  connection_throttle_drop_increase: fraction,
  connectionDropDecrease: fraction,
  connection_throttle_drop_decrease: fraction,
  connectionDecreaseRatio: fraction,
  connection_throttle_decrease_ratio: fraction,
  connection_throttle_weight_enabled: trueOrFalse,
  connection_throttle_global_session_weight: weight,
  connection_throttle_local_session_weight: weight,
  connection_throttle_renew_session_weight: weight,
  clientPortListenBacklog: whole('connections (-1: the default)', -1, 65_535),
} as const;

type ThrottleValues = {
  readonly [K in keyof typeof throttleKeys]?: RowValue<(typeof throttleKeys)[K]>;
};

type ThrottleConfig = {
  readonly [K in 'writesMax' | 'requestsMax' | 'requestWaitMsMax' | 'connectThrottle' | 'unacceptedConnectionsMax']:
    | CoordinatorConfig[K]
    | undefined;
};

const defaultWeights = { new: 3, local: 1, renewal: 2 } as const;

/** What a zoo.cfg says to these keys. */
export function throttleConfig(values: ThrottleValues): ThrottleConfig {
  const backlog = values.clientPortListenBacklog ?? -1;
  return {
    writesMax: values.globalOutstandingLimit,
    requestsMax: notZero(values.request_throttle_max_requests ?? values.requestThrottleLimit),
    requestWaitMsMax: notZero(values.throttled_op_wait_time ?? values.throttledOpWaitTime),
    connectThrottle: connectThrottle(values),
    unacceptedConnectionsMax: backlog < 0 ? undefined : backlog,
  };
}

function connectThrottle(values: ThrottleValues): ConnectThrottleSettings | undefined {
  const tokensMax = notZero(values.connection_throttle_tokens ?? values.connectionMaxTokens);
  if (tokensMax === undefined) return undefined;
  const { newSession, renewal } = weights(values);
  return {
    // As in ZooKeeper: what is said of tokens is said of new sessions.
    tokensMax: tokensMax * newSession,
    fillTokens: (values.connection_throttle_fill_count ?? values.connectionTokenFillCount ?? 1) * newSession,
    fillMs: values.connection_throttle_fill_time ?? values.connectionTokenFillTime ?? 1,
    newSessionTokens: newSession,
    renewalTokens: renewal,
    drop: drop(values),
  };
}

function weights(values: ThrottleValues): { readonly newSession: number; readonly renewal: number } {
  if (values.connection_throttle_weight_enabled !== 'yes') return { newSession: 1, renewal: 1 };
  const local = values.connection_throttle_local_session_weight ?? defaultWeights.local;
  return {
    newSession: Math.max(local, values.connection_throttle_global_session_weight ?? defaultWeights.new),
    renewal: Math.max(local, values.connection_throttle_renew_session_weight ?? defaultWeights.renewal),
  };
}

function drop(values: ThrottleValues): ConnectThrottleSettings['drop'] {
  const intervalMs = values.connection_throttle_freeze_time ?? values.connectionFreezeTime ?? -1;
  if (intervalMs < 0) return undefined;
  return {
    intervalMs,
    increase: values.connection_throttle_drop_increase ?? values.connectionDropIncrease ?? 0.02,
    decrease: values.connection_throttle_drop_decrease ?? values.connectionDropDecrease ?? 0.002,
    relief: values.connection_throttle_decrease_ratio ?? values.connectionDecreaseRatio ?? 0,
  };
}

function notZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
