/**
 * EventBridge on one machine: buses with policies, rules by pattern and by schedule, targets that are functions, queues,
 * topics, streams, deliveries, state machines and buses, input paths and transformers, retries, dead-letter queues,
 * archives and replays. Events of AWS's services (S3) come to the default bus.
 *
 * Not emulated: API destinations, connections, endpoints, partner sources, schemas, pipes, logging of buses, KMS, targets of
 * other services (refused), a bus's own dead-letter queue (kept, never needed), managed rules. A replay is over at once.
 * Schedules that were due while the platform was stopped are left out.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Call, Cloud, Service } from "../../service.ts";
import { archiveOperations } from "./archive-operations.ts";
import { type Archives, archivesOf } from "./archives.ts";
import { busOperations, describeWith, putPermission } from "./bus-operations.ts";
import { deliveriesOf } from "./deliveries.ts";
import { type Event, eventOf } from "./event.ts";
import { type Bus, type Registry, registryOf } from "./registry.ts";
import { ruleOperations } from "./rule-operations.ts";
import { type Rules, rulesOf } from "./rules.ts";
import { targetOfResource } from "./target-of-resource.ts";

/** What the groups of operations share. */
export interface EventBridge {
  registry: Registry;
  rules: Rules;
  archives: Archives;
  /** Archives an event and hands it to the rules: durable when this returns. */
  receive(bus: Bus, event: Event): void;
}

export function eventBridge(cloud: Cloud): Service {
  const registry = registryOf(cloud);
  const deliveries = deliveriesOf(cloud, registry, forward);
  const rules = rulesOf(cloud, registry, deliveries);
  const archives = archivesOf(cloud, registry, rules);
  const shared: EventBridge = { registry, rules, archives, receive };

  function receive(bus: Bus, event: Event): void {
    archives.keep(bus, event);
    rules.dispatch(bus, event);
  }

  /** From a rule to another bus: the event stays the same. */
  function forward(busArn: string, event: Event, call: Call): void {
    const bus = registry.bus(busArn);
    const context = { "events:source": event.source, "events:detail-type": event["detail-type"] };
    cloud.authorize(call, { action: "events:PutEvents", resource: bus.arn, resourcePolicy: bus.policy, context });
    receive(bus, event);
  }

  return {
    name: "events",
    client: () => import("@aws-sdk/client-eventbridge"),
    requiresMembers: "ValidationException",
    resources: resourcesOf(shared),
    operations: {
      ...busOperations(cloud, shared),
      ...ruleOperations(cloud, shared),
      ...archiveOperations(shared),
    },
    /** An event of one of AWS's services: `{ "detail-type", resources, detail }` of `s3.amazonaws.com` is one of `aws.s3`. */
    async deliver(arn, { service, body }) {
      const { "detail-type": detailType, resources, detail } = JSON.parse(body);
      const source = `aws.${service.split(".")[0]}`;
      receive(registry.bus(arn), eventOf(cloud, { source, detailType, resources, detail, time: cloud.clock.now() }));
    },
    stop() {
      rules.stop();
      deliveries.stop();
    },
  };
}

function resourcesOf({ registry, rules, archives }: EventBridge): Service["resources"] {
  const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value));
  return {
    "aws:cloudwatch/eventBus:EventBus": ({ inputs, outputs }: Resource) => {
      const bus = registry.ensureBus(String(outputs.name), true);
      describeWith(bus, {
        Description: text(inputs.description),
        KmsKeyIdentifier: text(inputs.kmsKeyIdentifier),
        DeadLetterConfig: { Arn: text((inputs.deadLetterConfig as { arn?: string } | undefined)?.arn) },
      });
      bus.tags = { ...((inputs.tags ?? {}) as Record<string, string>) };
      registry.saveBus(bus);
    },
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ({ inputs }: Resource) => {
      putPermission(registry.bus(text(inputs.eventBusName)), { Policy: String(inputs.policy) });
    },
    "aws:cloudwatch/eventPermission:EventPermission": ({ inputs }: Resource) => {
      const condition = inputs.condition as { key: string; type: string; value: string } | undefined;
      putPermission(registry.bus(text(inputs.eventBusName)), {
        StatementId: String(inputs.statementId),
        Principal: String(inputs.principal),
        Action: text(inputs.action),
        Condition: condition && { Key: condition.key, Type: condition.type, Value: condition.value },
      });
    },
    "aws:cloudwatch/eventRule:EventRule": ({ inputs, outputs }: Resource) => {
      const isOff = inputs.state === "DISABLED" || inputs.isEnabled === false;
      const rule = rules.put(
        {
          Name: String(outputs.name),
          EventBusName: text(inputs.eventBusName),
          EventPattern: text(inputs.eventPattern),
          ScheduleExpression: text(inputs.scheduleExpression),
          State: isOff ? "DISABLED" : "ENABLED",
          Description: text(inputs.description),
          RoleArn: text(inputs.roleArn),
        },
        true,
      );
      rule.tags = { ...((inputs.tags ?? {}) as Record<string, string>) };
    },
    "aws:cloudwatch/eventTarget:EventTarget": (resource: Resource) => {
      const rule = registry.rule(String(resource.inputs.rule), text(resource.inputs.eventBusName));
      rules.putTarget(rule, targetOfResource(resource), true);
    },
    "aws:cloudwatch/eventArchive:EventArchive": ({ inputs, outputs }: Resource) => {
      archives.put(
        {
          ArchiveName: String(outputs.name),
          EventSourceArn: String(inputs.eventSourceArn),
          Description: text(inputs.description),
          EventPattern: text(inputs.eventPattern),
          RetentionDays: Number(inputs.retentionDays ?? 0),
        },
        true,
      );
    },
  };
}
