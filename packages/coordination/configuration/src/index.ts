/** Typed, versioned configuration, published to whoever follows it. */
export type { Changes } from './changes.ts';
export { ConfigError, type ConfigFacts, type ValueIssue } from './config-error.ts';
export { ConfigHistory, type ConfigVersion } from './config-history.ts';
export type { ChangeOptions, ConfigOptions } from './config-options.ts';
export { ConfigPublisher, type Published, type PublishOptions, type Rollback } from './config-publisher.ts';
export { ConfigReader, type ConfigValue } from './config-reader.ts';
export { ConfigRollouts, type FollowerSummary, type RolloutFollower, type RolloutStatus } from './config-rollouts.ts';
export { ConfigSchemas } from './config-schemas.ts';
export {
  type ConfigEvent,
  ConfigFollower,
  type FollowerOptions,
  type FollowerState,
  type SessionSource,
} from './following/config-follower.ts';
export type { ConfigSetting, SettingEvent } from './following/config-setting.ts';
export type { ConfigSchema } from './following/schema.ts';
export type { KeyChange } from './model/config-picture.ts';
export { documentAt, keysOf } from './model/document.ts';
export type { JsonObject, JsonValue } from './model/json.ts';
export { checkKey } from './model/key.ts';
export type { Entry, FollowerRecord, PastRecord, RolloutRecord } from './model/records.ts';
export { reaches, type Stage } from './model/stage.ts';
export type { JsonSchema } from './store/schemas.ts';
