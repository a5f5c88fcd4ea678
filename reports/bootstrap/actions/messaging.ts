/** Queues, topics, buses, and what tells how the platform is. From the Service Authorization Reference, 2026-11. */
import { type ActionRow, global, regional } from "./row.ts";

export const messaging: ActionRow[] = [
  {
    types: ["aws:sqs/"],
    service: "sqs",
    on: regional("sqs", "{name}"),
    read: "GetQueueAttributes GetQueueUrl ListQueueTags",
    write: "CreateQueue SetQueueAttributes DeleteQueue TagQueue UntagQueue",
  },
  {
    types: ["aws:sns/"],
    service: "sns",
    on: regional("sns", "{name}", "{name}:*"),
    read: "GetTopicAttributes GetSubscriptionAttributes GetDataProtectionPolicy ListSubscriptionsByTopic ListTagsForResource",
    write:
      "CreateTopic SetTopicAttributes DeleteTopic Subscribe Unsubscribe SetSubscriptionAttributes TagResource UntagResource",
  },
  {
    types: ["aws:ses/", "aws:sesv2/"],
    service: "ses",
    on: regional("ses", "identity/*", "template/*", "configuration-set/{name}"),
    read: "GetIdentityVerificationAttributes GetTemplate GetEmailIdentity GetConfigurationSet ListTagsForResource",
    write:
      "VerifyEmailIdentity VerifyDomainIdentity DeleteIdentity CreateTemplate UpdateTemplate DeleteTemplate CreateEmailIdentity DeleteEmailIdentity CreateConfigurationSet DeleteConfigurationSet PutConfigurationSetDeliveryOptions PutConfigurationSetReputationOptions PutConfigurationSetSendingOptions PutConfigurationSetSuppressionOptions TagResource UntagResource",
    anywhere:
      "GetIdentityVerificationAttributes GetTemplate VerifyEmailIdentity VerifyDomainIdentity DeleteIdentity CreateTemplate UpdateTemplate DeleteTemplate",
  },
  {
    types: [
      "aws:cloudwatch/eventBus",
      "aws:cloudwatch/eventRule:",
      "aws:cloudwatch/eventTarget:",
      "aws:cloudwatch/eventArchive:",
    ],
    service: "events",
    on: regional("events", "event-bus/{name}", "rule/{name}", "rule/*/{name}", "archive/{name}"),
    read: "DescribeEventBus DescribeRule ListTargetsByRule DescribeArchive ListTagsForResource",
    write:
      "CreateEventBus UpdateEventBus DeleteEventBus PutPermission RemovePermission PutRule DeleteRule EnableRule DisableRule PutTargets RemoveTargets CreateArchive UpdateArchive DeleteArchive TagResource UntagResource",
  },
  {
    types: ["aws:cloudwatch/eventPermission:EventPermission"],
    service: "events",
    // Where none is named it is the default one.
    on: regional("events", "event-bus/default", "event-bus/{name}"),
    read: "DescribeEventBus",
    write: "PutPermission RemovePermission",
  },
  {
    types: ["aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logStream:LogStream"],
    service: "logs",
    on: regional("logs", "log-group:{name}", "log-group:{name}:*"),
    read: "DescribeLogGroups DescribeLogStreams ListTagsForResource",
    write:
      "CreateLogGroup DeleteLogGroup CreateLogStream DeleteLogStream PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey TagResource UntagResource",
    anywhere: "DescribeLogGroups",
  },
  {
    types: ["aws:cloudwatch/logDelivery"],
    service: "logs",
    on: regional("logs", "delivery:*", "delivery-source:*", "delivery-destination:*"),
    read: "GetDelivery GetDeliverySource GetDeliveryDestination GetDeliveryDestinationPolicy ListTagsForResource",
    write:
      "CreateDelivery UpdateDeliveryConfiguration DeleteDelivery PutDeliverySource DeleteDeliverySource PutDeliveryDestination DeleteDeliveryDestination PutDeliveryDestinationPolicy DeleteDeliveryDestinationPolicy TagResource UntagResource",
  },
  {
    types: ["aws:cloudwatch/logResourcePolicy:LogResourcePolicy"],
    service: "logs",
    on: [],
    read: "DescribeResourcePolicies",
    write: "PutResourcePolicy DeleteResourcePolicy",
    anywhere: "DescribeResourcePolicies PutResourcePolicy DeleteResourcePolicy",
  },
  {
    types: ["aws:cloudwatch/queryDefinition:QueryDefinition"],
    service: "logs",
    on: [],
    read: "DescribeQueryDefinitions",
    write: "PutQueryDefinition DeleteQueryDefinition",
    anywhere: "DescribeQueryDefinitions PutQueryDefinition DeleteQueryDefinition",
  },
  {
    types: ["aws:cloudwatch/metricAlarm:MetricAlarm"],
    service: "cloudwatch",
    on: regional("cloudwatch", "alarm:{name}"),
    read: "DescribeAlarms ListTagsForResource",
    write: "PutMetricAlarm DeleteAlarms TagResource UntagResource",
  },
  {
    types: ["aws:cloudwatch/compositeAlarm:CompositeAlarm"],
    service: "cloudwatch",
    on: regional("cloudwatch", "alarm:{name}"),
    read: "DescribeAlarms ListTagsForResource",
    write: "PutCompositeAlarm DeleteAlarms EnableAlarmActions DisableAlarmActions TagResource UntagResource",
    // CloudWatch tells of composite alarms only who may ask for all alarms.
    anywhere: "DescribeAlarms",
  },
  {
    types: ["aws:cloudwatch/logMetricFilter:LogMetricFilter"],
    service: "logs",
    on: regional("logs", "log-group:{name}", "log-group:{name}:*"),
    read: "DescribeMetricFilters",
    write: "PutMetricFilter DeleteMetricFilter",
  },
  {
    types: ["aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"],
    service: "logs",
    on: regional("logs", "log-group:{name}", "log-group:{name}:*"),
    read: "DescribeSubscriptionFilters",
    write: "PutSubscriptionFilter DeleteSubscriptionFilter",
  },
  {
    types: ["aws:cloudwatch/dashboard:Dashboard"],
    service: "cloudwatch",
    on: global("cloudwatch", "dashboard/{name}"),
    read: "GetDashboard",
    write: "PutDashboard DeleteDashboards",
  },
  {
    types: ["aws:xray/group:Group"],
    service: "xray",
    on: regional("xray", "group/{name}/*"),
    read: "GetGroup ListTagsForResource",
    write: "CreateGroup UpdateGroup DeleteGroup TagResource UntagResource",
  },
  {
    types: ["aws:budgets/budget:Budget"],
    service: "budgets",
    on: global("budgets", "budget/{name}"),
    read: "ViewBudget ListTagsForResource",
    write: "ModifyBudget TagResource UntagResource",
  },
];
