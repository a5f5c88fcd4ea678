/** SQS, SNS, EventBridge, EventBridge Scheduler, SES. */
import { arn, hex, keyed, physicalName, type Table } from "./row.ts";

export const messaging: Table = {
  "aws:sqs/queue:Queue": (resource, context) => {
    const name = physicalName(resource, "name", resource.inputs.fifoQueue ? ".fifo" : "");
    const host = context.endpoint ?? `https://sqs.${context.region}.amazonaws.com`;
    const url = `${host}/${context.account}/${name}`;
    return { id: url, name, url, arn: arn(context, "sqs", name) };
  },
  "aws:sqs/queuePolicy:QueuePolicy": keyed("queueUrl"),
  "aws:sqs/redrivePolicy:RedrivePolicy": keyed("queueUrl"),
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": keyed("queueUrl"),
  "aws:sns/topic:Topic": (resource, context) => {
    const name = physicalName(resource, "name", resource.inputs.fifoTopic ? ".fifo" : "");
    const topic = arn(context, "sns", name);
    const beginningArchiveTime = resource.inputs.archivePolicy ? "2026-01-01T00:00:00Z" : "";
    return { id: topic, name, arn: topic, owner: context.account, beginningArchiveTime };
  },
  "aws:sns/topicPolicy:TopicPolicy": (resource, context) => ({ id: resource.inputs.arn, owner: context.account }),
  "aws:sns/topicSubscription:TopicSubscription": (resource, context) => {
    const digits = hex(resource, 32);
    const uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const subscription = `${resource.inputs.topic}:${uuid}`;
    return { id: subscription, arn: subscription, ownerId: context.account, pendingConfirmation: false };
  },
  "aws:cloudwatch/eventBus:EventBus": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "events", `event-bus/${name}`) };
  },
  "aws:cloudwatch/eventRule:EventRule": (resource, context) => {
    const name = physicalName(resource);
    const bus = resource.inputs.eventBusName;
    return {
      id: bus ? `${bus}/${name}` : name,
      name,
      arn: arn(context, "events", `rule/${bus ? `${bus}/` : ""}${name}`),
    };
  },
  "aws:cloudwatch/eventTarget:EventTarget": (resource) => {
    const targetId = resource.inputs.targetId ?? `terraform-${hex(resource, 26)}`;
    return { id: `${resource.inputs.rule}-${targetId}`, targetId };
  },
  "aws:cloudwatch/eventBusPolicy:EventBusPolicy": keyed("eventBusName"),
  "aws:cloudwatch/eventPermission:EventPermission": ({ inputs }) => ({
    id: `${inputs.eventBusName ?? "default"}/${inputs.statementId}`,
  }),
  "aws:cloudwatch/eventArchive:EventArchive": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "events", `archive/${name}`) };
  },
  "aws:scheduler/scheduleGroup:ScheduleGroup": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "scheduler", `schedule-group/${name}`), state: "ACTIVE" };
  },
  "aws:scheduler/schedule:Schedule": (resource, context) => {
    const name = physicalName(resource);
    const group = resource.inputs.groupName ?? "default";
    return {
      id: `${group}/${name}`,
      name,
      groupName: group,
      arn: arn(context, "scheduler", `schedule/${group}/${name}`),
    };
  },
  "aws:ses/emailIdentity:EmailIdentity": ({ inputs }, context) => ({
    id: inputs.email,
    arn: arn(context, "ses", `identity/${inputs.email}`),
  }),
  "aws:ses/domainIdentity:DomainIdentity": ({ inputs }, context) => ({
    id: inputs.domain,
    arn: arn(context, "ses", `identity/${inputs.domain}`),
    verificationToken: hex({ urn: String(inputs.domain) }, 44),
  }),
  "aws:ses/template:Template": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "ses", `template/${name}`) };
  },
  "aws:sesv2/emailIdentity:EmailIdentity": ({ inputs }, context) => {
    const name = String(inputs.emailIdentity);
    const identityType = name.includes("@") ? "EMAIL_ADDRESS" : "DOMAIN";
    return { id: name, arn: arn(context, "ses", `identity/${name}`), identityType, verifiedForSendingStatus: true };
  },
  "aws:sesv2/configurationSet:ConfigurationSet": ({ inputs }, context) => ({
    id: inputs.configurationSetName,
    arn: arn(context, "ses", `configuration-set/${inputs.configurationSetName}`),
  }),
};
