/** Operations on buses: making them, saying who may put events on them, tagging, and putting events. */
import type { PutEventsCommandInput, PutPermissionCommandInput } from "@aws-sdk/client-eventbridge";
import { checkPolicy } from "../../iam/policy.ts";
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import { atomically } from "./atomically.ts";
import { eventOf, readEntry, validateEntries } from "./event.ts";
import type { EventBridge } from "./index.ts";
import { page } from "./page.ts";
import { type Bus, busNameOf, type Rule } from "./registry.ts";

export function busOperations(cloud: Cloud, { registry, receive }: EventBridge): Record<string, Operation> {
  const busArn = (nameOrArn?: string) => registry.arnOf("event-bus", busNameOf(nameOrArn));
  const onBus =
    (action: string, name: "Name" | "EventBusName"): NonNullable<Operation["authorize"]> =>
    (input) => ({ action: `events:${action}`, resource: busArn(input[name]) });

  /** A bus or a rule: both have tags. */
  function tagged(arn: string): { tags: Record<string, string>; save(): void } {
    const rule: Rule | undefined = registry.ruleByArn(arn);
    if (rule) return { tags: rule.tags, save: () => registry.saveRule(rule) };
    const bus = registry.bus(arn);
    return { tags: bus.tags, save: () => registry.saveBus(bus) };
  }
  const onTagged =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ ResourceARN }) => ({ action: `events:${action}`, resource: ResourceARN });

  return {
    CreateEventBus: {
      authorize: onBus("CreateEventBus", "Name"),
      run({ Name = "", EventSourceName, Description, KmsKeyIdentifier, DeadLetterConfig, Tags = [] }) {
        if (EventSourceName) throw invalid("Partner event sources are not emulated on this machine.");
        if (!/^[\w./-]{1,256}$/.test(Name)) throw invalid(`Parameter Name ${Name} is not valid.`);
        if (registry.buses.has(Name)) {
          throw new AwsError("ResourceAlreadyExistsException", `Event bus ${Name} already exists.`);
        }
        const bus = registry.ensureBus(Name, false);
        describeWith(bus, { Description, KmsKeyIdentifier, DeadLetterConfig });
        for (const { Key, Value } of Tags) bus.tags[Key] = Value;
        registry.saveBus(bus);
        return { EventBusArn: bus.arn, Description, KmsKeyIdentifier, DeadLetterConfig };
      },
    },
    UpdateEventBus: {
      authorize: onBus("UpdateEventBus", "Name"),
      run({ Name, ...changes }) {
        const bus = registry.bus(Name);
        describeWith(bus, changes);
        registry.saveBus(bus);
        return describe(bus);
      },
    },
    DescribeEventBus: { authorize: onBus("DescribeEventBus", "Name"), run: ({ Name }) => describe(registry.bus(Name)) },
    DeleteEventBus: {
      authorize: onBus("DeleteEventBus", "Name"),
      run({ Name }) {
        if (Name === "default") throw invalid("Cannot delete event bus default.");
        const bus = registry.buses.get(Name);
        if (bus && bus.rules.size > 0) throw invalid(`Cannot delete event bus ${Name} since it has rules.`);
        registry.removeBus(Name);
        return {};
      },
    },
    ListEventBuses: {
      authorize: () => ({ action: "events:ListEventBuses", resource: "*" }),
      run({ NamePrefix = "", NextToken, Limit }) {
        const all = [...registry.buses.values()].filter(({ name }) => name.startsWith(NamePrefix));
        const { items, NextToken: next } = page(sorted(all), NextToken, Limit);
        return { EventBuses: items.map(describe), NextToken: next };
      },
    },
    PutPermission: {
      authorize: onBus("PutPermission", "EventBusName"),
      run(input: PutPermissionCommandInput) {
        const bus = registry.bus(input.EventBusName);
        putPermission(bus, input);
        registry.saveBus(bus);
        return {};
      },
    },
    RemovePermission: {
      authorize: onBus("RemovePermission", "EventBusName"),
      run({ EventBusName, StatementId, RemoveAllPermissions }) {
        const bus = registry.bus(EventBusName);
        const all = statementsOf(bus);
        const left = RemoveAllPermissions ? [] : all.filter(({ Sid }) => Sid !== StatementId);
        if (!RemoveAllPermissions && left.length === all.length) {
          throw new AwsError("ResourceNotFoundException", "Statement with the provided id does not exist.");
        }
        bus.policy = left.length > 0 ? policyOf(left) : undefined;
        registry.saveBus(bus);
        return {};
      },
    },
    PutEvents: {
      authorize: ({ Entries = [] }: PutEventsCommandInput) => {
        const asked = Entries.map(({ EventBusName, Source = "", DetailType = "" }) => ({
          action: "events:PutEvents",
          resource: busArn(EventBusName),
          resourcePolicy: registry.buses.get(busNameOf(EventBusName))?.policy,
          context: { "events:source": Source, "events:detail-type": DetailType },
        }));
        return asked;
      },
      run({ Entries: entries = [] }: PutEventsCommandInput) {
        validateEntries(entries);
        const results = atomically(cloud.database, () =>
          entries.map((entry) => {
            try {
              const detail = readEntry(entry);
              const event = eventOf(cloud, {
                source: entry.Source!,
                detailType: entry.DetailType!,
                detail,
                resources: entry.Resources,
                time: entry.Time ? Number(entry.Time) : cloud.clock.now(),
              });
              const bus = registry.buses.get(busNameOf(entry.EventBusName));
              if (bus) receive(bus, event);
              else {
                // AWS takes the event, and nobody ever sees it.
                const message = `an event of ${event.source} was put on bus ${entry.EventBusName}, which does not exist: it is lost.`;
                cloud.log({ level: "warn", source: "events", message });
              }
              return { EventId: event.id };
            } catch (error) {
              if (!(error instanceof AwsError)) throw error;
              return { ErrorCode: error.code, ErrorMessage: error.message };
            }
          }),
        );
        const FailedEntryCount = results.filter((result) => "ErrorCode" in result).length;
        return { FailedEntryCount, Entries: results };
      },
    },
    ListTagsForResource: {
      authorize: onTagged("ListTagsForResource"),
      run: ({ ResourceARN }) => ({
        Tags: Object.entries(tagged(ResourceARN).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      authorize: onTagged("TagResource"),
      run({ ResourceARN, Tags }) {
        const { tags, save } = tagged(ResourceARN);
        for (const { Key, Value } of Tags) tags[Key] = Value;
        save();
        return {};
      },
    },
    UntagResource: {
      authorize: onTagged("UntagResource"),
      run({ ResourceARN, TagKeys }) {
        const { tags, save } = tagged(ResourceARN);
        for (const key of TagKeys) delete tags[key];
        save();
        return {};
      },
    },
  };
}

interface Description {
  Description?: string;
  KmsKeyIdentifier?: string;
  DeadLetterConfig?: { Arn?: string };
}

export function describeWith(bus: Bus, { Description, KmsKeyIdentifier, DeadLetterConfig }: Description): void {
  bus.description = Description;
  bus.kmsKeyIdentifier = KmsKeyIdentifier;
  bus.deadLetterArn = DeadLetterConfig?.Arn;
}

function describe(bus: Bus) {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    KmsKeyIdentifier: bus.kmsKeyIdentifier,
    ...(bus.deadLetterArn && { DeadLetterConfig: { Arn: bus.deadLetterArn } }),
    Policy: bus.policy,
    CreationTime: new Date(bus.createdAt),
    LastModifiedTime: new Date(bus.modifiedAt),
  };
}

interface PolicyStatement {
  Sid?: string;
  [member: string]: unknown;
}

const policyOf = (Statement: PolicyStatement[]): string => JSON.stringify({ Version: "2012-10-17", Statement });

function statementsOf({ policy }: Bus): PolicyStatement[] {
  return policy ? [JSON.parse(policy).Statement ?? []].flat() : [];
}

/** A whole policy, or one statement for an account (or everybody, with a condition on its organisation). */
export function putPermission(bus: Bus, input: PutPermissionCommandInput): void {
  if (input.Policy !== undefined) {
    checkPolicy(input.Policy, "ValidationException", "Parameter Policy is not valid: ");
    bus.policy = input.Policy;
    return;
  }
  const { StatementId: Sid, Principal, Action = "events:PutEvents", Condition } = input;
  if (!Sid || !Principal) throw invalid("Parameter(s) StatementId and Principal, or Policy, must be specified.");
  if (Action !== "events:PutEvents") throw invalid("Provided value in parameter 'action' is not supported.");
  if (Principal !== "*" && !/^\d{12}$/.test(Principal)) {
    throw invalid("Provided value in parameter 'principal' is not an account.");
  }
  const statement = {
    Sid,
    Effect: "Allow",
    Principal: Principal === "*" ? "*" : { AWS: `arn:aws:iam::${Principal}:root` },
    Action,
    Resource: bus.arn,
    ...(Condition && { Condition: { [Condition.Type!]: { [Condition.Key!]: Condition.Value } } }),
  };
  bus.policy = policyOf([...statementsOf(bus).filter((each) => each.Sid !== Sid), statement]);
}

export function sorted<Named extends { name: string }>(all: Iterable<Named>): Named[] {
  return [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
