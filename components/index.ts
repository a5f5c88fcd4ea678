/** What platform teams import: `import { Database, FanOut, Function } from "terrace"`. */
export { Cell, type CellArgs } from "./cell.ts";
export { type Flow, flow, type State } from "./compute/asl.ts";
export type { DurableArgs } from "./compute/durable.ts";
export type { FunctionUrlArgs } from "./compute/function/address.ts";
export type { AsynchronousArgs, Destination } from "./compute/function/asynchronous.ts";
export type { PreviousFunctionVersion, ReleaseArgs } from "./compute/function/release.ts";
export type { SigningArgs } from "./compute/function/signing.ts";
export type { FunctionVpcArgs } from "./compute/function/vpc.ts";
export { Function, type FunctionArgs } from "./compute/function.ts";
export { Inference, type InferenceArgs } from "./compute/inference.ts";
export type { EndpointArgs } from "./compute/inference-endpoint.ts";
export type { Integration } from "./compute/integrations.ts";
/** What the tasks of a workflow call: `task.invoke(fn)`, `task.send(queue)`, … */
export * as task from "./compute/integrations.ts";
export type { Link, Links } from "./compute/link.ts";
export { Schedule, type ScheduleArgs, type ScheduleTarget } from "./compute/schedule.ts";
export { Workflow, type WorkflowArgs } from "./compute/workflow.ts";
export { Bucket, type BucketArgs } from "./data/bucket.ts";
export type { LifecycleArgs, ObjectLockArgs, ReplicationArgs } from "./data/bucket-keeping.ts";
export type { BucketNotification } from "./data/bucket-notifications.ts";
export type { BucketStatement, LogSource } from "./data/bucket-policy.ts";
export { Cache, type CacheArgs, type CacheUserArgs } from "./data/cache.ts";
export { Database, type DatabaseArgs, type ExistingDatabaseArgs, type RestoreArgs } from "./data/database.ts";
export { Migration, type MigrationArgs } from "./data/migration.ts";
export { Parameters, type ParametersArgs } from "./data/parameters.ts";
export { type ExistingTableArgs, type ReplicaArgs, Table, type TableArgs } from "./data/table.ts";
export { Pipeline, type PipelineArgs } from "./delivery/pipeline.ts";
export type { StateArgs } from "./delivery/state.ts";
export { Api, type ApiArgs, type RouteLimitArgs, type UsagePlanArgs } from "./edge/api.ts";
export { ApiLogging } from "./edge/api-logging.ts";
export type { JwtArgs } from "./edge/authorizers.ts";
export {
  Domain,
  type DomainApiArgs,
  type DomainArgs,
  type HealthCheckArgs,
  type MutualTlsArgs,
} from "./edge/domain.ts";
export { Firewall, type FirewallArgs, type ManagedRulesArgs } from "./edge/firewall.ts";
export { HostedZone, type HostedZoneArgs } from "./edge/hosted-zone.ts";
export { Redirect, type RedirectArgs } from "./edge/redirect.ts";
export type { ApplicationArgs, ProviderArgs, SignInPageArgs } from "./edge/user-pool/federation.ts";
export type { IdentityPoolArgs } from "./edge/user-pool/identity-pool.ts";
export type { TriggersArgs } from "./edge/user-pool/triggers.ts";
export {
  type ExistingUserPoolArgs,
  type GroupArgs,
  type MailArgs,
  UserPool,
  type UserPoolArgs,
} from "./edge/user-pool.ts";
export { Website, type WebsiteArgs, type WebsiteDomainArgs } from "./edge/website.ts";
export { WebSocketApi, type WebSocketApiArgs } from "./edge/websocket-api.ts";
export * from "./grants.ts";
export { AlarmTopic, type AlarmTopicArgs } from "./insight/alarm-topic.ts";
export { Alarms, type AlarmsArgs, type AlarmThresholds } from "./insight/alarms.ts";
export { Budget, type BudgetArgs, type CostTag } from "./insight/budget.ts";
export {
  BusinessIntelligence,
  type BusinessIntelligenceArgs,
  type ColumnType,
  type DataSetArgs,
} from "./insight/business-intelligence.ts";
export { Dashboard, type DashboardArgs } from "./insight/dashboard.ts";
export { DataLake, type DataLakeArgs, SESSION_TENANT } from "./insight/data-lake.ts";
export { Delivery, type DeliveryArgs } from "./insight/delivery.ts";
export { Insight, type InsightArgs } from "./insight/insight.ts";
export type { LakeTable } from "./insight/lake-table.ts";
export { SavedQueries, type SavedQueriesArgs } from "./insight/saved-queries.ts";
export { TraceGroup, type TraceGroupArgs } from "./insight/trace-group.ts";
export type { Watched } from "./insight/watched.ts";
export { InvalidArgumentError } from "./invalid-argument.ts";
export { DeadLetterQueue, type DeadLetterQueueArgs } from "./messaging/dead-letter-queue.ts";
export { EventBus, type EventBusArgs } from "./messaging/event-bus.ts";
export type { EventPattern, Matcher, Pattern } from "./messaging/event-pattern.ts";
export type { RuleArgs, RuleInput, RuleTarget } from "./messaging/event-rule.ts";
export { FanOut, type FanOutArgs, type FanOutConsumer } from "./messaging/fan-out.ts";
export { type ConsumerArgs, type ExistingQueueArgs, Queue, type QueueArgs } from "./messaging/queue.ts";
export { Stream, type StreamArgs } from "./messaging/stream.ts";
export type { StreamConsumer, StreamConsumerArgs } from "./messaging/stream-consumer.ts";
export {
  type ExistingTopicArgs,
  type ServicePublisher,
  type SubscriptionArgs,
  Topic,
  type TopicArgs,
} from "./messaging/topic.ts";
export { NAME_LIMITS, type NameKind, nameOf, stackNameOf } from "./names.ts";
export { planAddresses } from "./network/address-plan.ts";
export type { EndpointService } from "./network/endpoints.ts";
export { type ExistingNetworkArgs, Network, type NetworkArgs } from "./network/network.ts";
export { policyOf, trustOf, trustOfSource } from "./policy-documents.ts";
export type { Protection } from "./protection.ts";
export { type Settings, SettingsError, settings } from "./settings.ts";
export { type Tags, tagsFor } from "./tags.ts";
export { Tenant, type TenantArgs } from "./tenant.ts";
