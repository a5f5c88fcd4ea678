/**
 * EventBridge Scheduler on one machine: schedules that call functions, queues, topics, state machines, buses, streams or any
 * operation (`aws-sdk` targets), as their own role.
 *
 * Not emulated: ECS, CodeBuild, SageMaker and the other templated targets, KMS, and what was due while the platform was
 * stopped. A time in a flexible window is chosen once for each due time.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { definitionOf, givenByResource } from "./definition.ts";
import { groupsOf } from "./groups.ts";
import { schedulerOperations } from "./operations.ts";
import { schedulesOf } from "./schedules.ts";

export function scheduler(cloud: Cloud): Service {
  const schedules = schedulesOf(cloud);
  const groups = groupsOf(cloud);

  function provision(resource: Resource): void {
    const definition = definitionOf(givenByResource(resource), cloud.clock.now());
    schedules.put(definition, true);
  }

  function provisionGroup({ inputs, outputs, name }: Resource): void {
    const now = cloud.clock.now();
    const tags = { ...((outputs.tagsAll ?? inputs.tags ?? {}) as Record<string, string>) };
    const declared = { name: String(outputs.name ?? inputs.name ?? name), tags, isDeclared: true };
    groups.put({ createdAt: now, modifiedAt: now, ...declared });
  }

  return {
    name: "scheduler",
    client: () => import("@aws-sdk/client-scheduler"),
    requiresMembers: "ValidationException",
    resources: {
      "aws:scheduler/schedule:Schedule": provision,
      "aws:scheduler/scheduleGroup:ScheduleGroup": provisionGroup,
    },
    operations: schedulerOperations(cloud, schedules, groups),
    stop: schedules.stop,
  };
}
