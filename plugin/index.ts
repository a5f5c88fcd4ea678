/**
 * The components in the words that every language of Pulumi has: texts, numbers, lists, objects and ARNs. Pulumi's analyzer takes
 * neither unions nor components as arguments, so where a component of the library takes another one, these take what it is made
 * of: a queue takes its consumer's function, a database the ids of its network.
 *
 * Not here: what is wired by code, as links, workflows and custom policies are (docs/other-languages.md has the list).
 */
export { Api, type ApiArgs } from "./api.ts";
export { Bucket, type BucketArgs } from "./bucket.ts";
export { Cell, type CellArgs } from "./cell.ts";
export { Database, type DatabaseArgs } from "./database.ts";
export { DeadLetterQueue, type DeadLetterQueueArgs } from "./dead-letter-queue.ts";
export { Domain, type DomainArgs } from "./domain.ts";
export { FanOut, type FanOutArgs } from "./fan-out.ts";
export { Function } from "./function.ts";
export type { FunctionArgs, GrantArgs, TargetArgs } from "./function-args.ts";
export { HostedZone, type HostedZoneArgs } from "./hosted-zone.ts";
export { Network, type NetworkArgs } from "./network.ts";
export { Queue, type QueueArgs } from "./queue.ts";
export { Redirect, type RedirectArgs } from "./redirect.ts";
export { Schedule, type ScheduleArgs } from "./schedule.ts";
export { Stream, type StreamArgs } from "./stream.ts";
export { Table, type TableArgs } from "./table.ts";
export { Topic, type TopicArgs } from "./topic.ts";
export { WebSocketApi, type WebSocketApiArgs } from "./web-socket-api.ts";
