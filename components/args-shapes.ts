/** Written by `npm run args` from the components' interfaces: do not edit. */
import type { Shape } from "./check-args.ts";

export const SHAPES: Record<string, Shape> = {
  AlarmThresholds: {
    fields: {
      "functionErrors?": "number",
      "functionThrottles?": "number",
      "iteratorAgeSeconds?": "number",
      "deadLetters?": "number",
      "queueAgeSeconds?": "number",
      "capacityPercent?": "number",
      "serverErrorPercent?": "number",
      "latencyMs?": "number",
      "webSocketErrors?": "number",
      "trafficDeviations?": "number",
    },
  },
  AlarmTopicArgs: {
    fields: {
      "emails?": {
        list: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  AlarmsArgs: {
    fields: {
      "topicArn?": {
        input: "string",
      },
      "emails?": {
        list: "string",
      },
      "thresholds?": {
        ref: "AlarmThresholds",
      },
      "tags?": {
        record: "string",
      },
      "functions?": {
        record: {
          resource: "Function",
        },
      },
      "streamConsumers?": {
        record: {
          resource: "Function",
        },
      },
      "queues?": {
        record: {
          resource: "Queue",
        },
      },
      "apis?": {
        record: {
          resource: "Api",
        },
      },
      "webSocketApis?": {
        record: {
          resource: "WebSocketApi",
        },
      },
      "databases?": {
        record: {
          resource: "Database",
        },
      },
    },
  },
  ApiArgs: {
    fields: {
      openapi: "string",
      handler: {
        resource: "Function",
      },
      "handlers?": {
        record: {
          resource: "Function",
        },
      },
      "streamed?": {
        list: "string",
      },
      "authorizer?": {
        resource: "Function",
      },
      "userPool?": {
        resource: "UserPool",
      },
      "jwt?": {
        ref: "JwtArgs",
      },
      "type?": {
        oneOf: ["rest", "http"],
      },
      "apiName?": "string",
      "stage?": "string",
      "usagePlans?": {
        record: {
          ref: "UsagePlanArgs",
        },
      },
      "authorizerTtlSeconds?": "number",
      "rate?": "number",
      "burst?": "number",
      "routeLimits?": {
        record: {
          ref: "RouteLimitArgs",
        },
      },
      "defaultEndpoint?": {
        oneOf: ["on", "off"],
      },
      "allowedOrigins?": {
        list: "string",
      },
      "firewall?": {
        resource: "Firewall",
      },
      "logRetentionDays?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  ApiLoggingArgs: {
    record: {
      any: [],
    },
  },
  ApplicationArgs: {
    fields: {
      callbackUrls: {
        list: "string",
      },
      "logoutUrls?": {
        list: "string",
      },
      "scopes?": {
        list: "string",
      },
      "confidential?": "boolean",
      "tokenMinutes?": "number",
    },
  },
  ArchiveArgs: {
    fields: {
      days: "number",
      "pattern?": "object",
    },
  },
  AsynchronousArgs: {
    fields: {
      "retries?": "number",
      "maximumAgeSeconds?": "number",
      "onFailure?": {
        ref: "Destination",
      },
      "onSuccess?": {
        ref: "Destination",
      },
    },
  },
  BucketArgs: {
    fields: {
      "bucketName?": "string",
      "existing?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "versioning?": "boolean",
      "cleanUpAfterDays?": "number",
      "lifecycle?": {
        record: {
          ref: "LifecycleArgs",
        },
      },
      "objectLock?": {
        ref: "ObjectLockArgs",
      },
      "replication?": {
        ref: "ReplicationArgs",
      },
      "accessLogs?": {
        resource: "Bucket",
      },
      "logsOf?": {
        list: {
          oneOf: ["s3", "delivery"],
        },
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "allowedOrigins?": {
        list: "string",
      },
      "notifications?": {
        record: {
          ref: "BucketNotification",
        },
      },
      "eventBridge?": "boolean",
      "policyLater?": "boolean",
      "tags?": {
        record: "string",
      },
    },
  },
  BucketNotification: {
    fields: {
      "queue?": {
        resource: "Queue",
      },
      "function?": {
        resource: "Function",
      },
      "topic?": {
        resource: "Topic",
      },
      "events?": {
        list: "string",
      },
      "prefix?": "string",
      "suffix?": "string",
    },
  },
  BudgetArgs: {
    fields: {
      monthlyUsd: "number",
      "costTag?": {
        ref: "CostTag",
      },
      "alertPercents?": {
        list: "number",
      },
      "topicArn?": {
        input: "string",
      },
      "emails?": {
        list: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  BusinessIntelligenceArgs: {
    fields: {
      lake: {
        resource: "DataLake",
      },
      "tenant?": "string",
      dataSets: {
        record: {
          ref: "DataSetArgs",
        },
      },
      readers: {
        list: {
          input: "string",
        },
      },
      "tags?": {
        record: "string",
      },
    },
  },
  CacheArgs: {
    fields: {
      network: {
        resource: "Network",
      },
      "cacheName?": "string",
      "majorVersion?": {
        oneOf: ["7", "8"],
      },
      "maxStorageGb?": "number",
      "maxEcpuPerSecond?": "number",
      "snapshotRetentionDays?": "number",
      "snapshotTime?": "string",
      "restoreFrom?": {
        list: {
          input: "string",
        },
      },
      "users?": {
        record: {
          ref: "CacheUserArgs",
        },
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  CacheUserArgs: {
    fields: {
      "access?": {
        oneOf: ["readWrite", "read"],
      },
      "keys?": "string",
    },
  },
  CellArgs: {
    fields: {
      cell: {
        ref: "CellSettings",
      },
      settings: {
        ref: "Settings",
      },
    },
  },
  CellSettings: {
    fields: {
      name: "string",
      kind: {
        oneOf: ["shared", "silo"],
      },
      "release?": "string",
      cidr: "string",
    },
  },
  ConsumerArgs: {
    fields: {
      "batchSize?": "number",
      "batchWindowSeconds?": "number",
      "filters?": {
        list: "object",
      },
      "maximumConcurrency?": "number",
    },
  },
  CostTag: {
    fields: {
      key: "string",
      value: "string",
    },
  },
  DashboardArgs: {
    fields: {
      "dashboardName?": "string",
      "metricsNamespace?": "string",
      "alarmArns?": {
        list: {
          input: "string",
        },
      },
      "functions?": {
        record: {
          resource: "Function",
        },
      },
      "streamConsumers?": {
        record: {
          resource: "Function",
        },
      },
      "queues?": {
        record: {
          resource: "Queue",
        },
      },
      "apis?": {
        record: {
          resource: "Api",
        },
      },
      "webSocketApis?": {
        record: {
          resource: "WebSocketApi",
        },
      },
      "databases?": {
        record: {
          resource: "Database",
        },
      },
    },
  },
  DataLakeArgs: {
    fields: {
      tables: {
        record: {
          ref: "LakeTable",
        },
      },
      "queries?": {
        record: "string",
      },
      "tenants?": {
        list: "string",
      },
      "scanLimitGib?": "number",
      "resultDays?": "number",
      "dataDays?": "number",
      "firstDay?": "string",
      "lakeName?": "string",
      "kmsKeyArn?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  DataSetArgs: {
    fields: {
      sql: "string",
      columns: {
        record: {
          oneOf: ["STRING", "INTEGER", "DECIMAL", "DATETIME", "BOOLEAN"],
        },
      },
      "importMode?": {
        oneOf: ["DIRECT_QUERY", "SPICE"],
      },
      "tenantColumn?": "string",
    },
  },
  DatabaseArgs: {
    fields: {
      "network?": {
        resource: "Network",
      },
      "existing?": {
        ref: "ExistingDatabaseArgs",
      },
      "clusterName?": "string",
      "databaseName?": "string",
      "engineVersion?": "string",
      "minAcu?": "number",
      "maxAcu?": "number",
      "pauseAfterSeconds?": "number",
      "readers?": "number",
      "restoreFrom?": {
        ref: "RestoreArgs",
      },
      "parameters?": {
        record: "string",
      },
      "iamAuthentication?": "boolean",
      "insights?": {
        oneOf: ["standard", "advanced"],
      },
      "logRetentionDays?": "number",
      "backupRetentionDays?": "number",
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  DeadLetterQueueArgs: {
    fields: {
      "queueName?": "string",
      "service?": "string",
      "sourceArn?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  DeliveryArgs: {
    fields: {
      lake: {
        resource: "DataLake",
      },
      table: "string",
      "source?": {
        resource: "Stream",
      },
      "tenantField?": "string",
      "bufferMb?": "number",
      "bufferSeconds?": "number",
      "compression?": {
        oneOf: ["GZIP", "UNCOMPRESSED"],
      },
      "retrySeconds?": "number",
      "deliveryName?": "string",
      "logRetentionDays?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  Destination: {
    fields: {
      targetArn: {
        input: "any",
      },
      triggerGrants: {
        list: {
          ref: "Grant",
        },
      },
      "fifo?": "boolean",
    },
  },
  DomainApiArgs: {
    fields: {
      id: {
        input: "string",
      },
      stage: {
        input: "string",
      },
      "type?": {
        oneOf: ["rest", "http", "websocket"],
      },
    },
  },
  DomainArgs: {
    fields: {
      host: "string",
      zone: "string",
      "zoneId?": {
        input: "string",
      },
      api: {
        ref: "DomainApiArgs",
      },
      "basePath?": "string",
      "mutualTls?": {
        ref: "MutualTlsArgs",
      },
      "healthCheck?": {
        ref: "HealthCheckArgs",
      },
      "redirectFrom?": {
        list: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  DurableArgs: {
    fields: {
      executionTimeoutSeconds: "number",
      "retentionDays?": "number",
    },
  },
  EndpointArgs: {
    fields: {
      image: "string",
      "modelDataUrl?": "string",
      "memoryMb?": "number",
      "maximumConcurrency?": "number",
      "environment?": {
        record: {
          input: "string",
        },
      },
      "logRetentionDays?": "number",
    },
  },
  EventBusArgs: {
    fields: {
      "busName?": "string",
      "description?": "string",
      "archive?": {
        any: [
          {
            oneOf: [false],
          },
          {
            ref: "ArchiveArgs",
          },
        ],
      },
      "publishers?": {
        list: {
          ref: "PublisherArgs",
        },
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  ExistingDatabaseArgs: {
    fields: {
      clusterIdentifier: {
        input: "string",
      },
      "adminSecretArn?": {
        input: "string",
      },
    },
  },
  ExistingNetworkArgs: {
    fields: {
      vpcId: {
        input: "string",
      },
      isolatedSubnetIds: {
        input: {
          list: {
            input: "string",
          },
        },
      },
      "privateSubnetIds?": {
        input: {
          list: {
            input: "string",
          },
        },
      },
      "publicSubnetIds?": {
        input: {
          list: {
            input: "string",
          },
        },
      },
    },
  },
  ExistingQueueArgs: {
    fields: {
      queueName: {
        input: "string",
      },
      deadLetterName: {
        input: "string",
      },
      "fifo?": "boolean",
      "visibilityTimeoutSeconds?": "number",
    },
  },
  ExistingTableArgs: {
    fields: {
      tableName: {
        input: "string",
      },
      "stream?": "boolean",
    },
  },
  ExistingTopicArgs: {
    fields: {
      arn: {
        input: "string",
      },
      "fifo?": "boolean",
    },
  },
  ExistingUserPoolArgs: {
    fields: {
      userPoolId: {
        input: "string",
      },
      clientId: {
        input: "string",
      },
    },
  },
  FanOutArgs: {
    fields: {
      "topicName?": "string",
      "topic?": {
        fields: {
          "existing?": {
            ref: "ExistingTopicArgs",
          },
          "fifo?": "boolean",
          "kmsKeyId?": {
            input: "string",
          },
          "publishers?": {
            list: {
              ref: "ServicePublisher",
            },
          },
          "archiveDays?": "number",
          "deliveryLogs?": "number",
        },
      },
      consumers: {
        record: {
          ref: "FanOutConsumer",
        },
      },
      "tags?": {
        record: "string",
      },
    },
  },
  FanOutConsumer: {
    fields: {
      function: "function",
      "queue?": {
        ref: "QueueArgs",
      },
      "filter?": "object",
      "filterScope?": {
        oneOf: ["MessageAttributes", "MessageBody"],
      },
      "replayFrom?": "string",
      "batchSize?": "number",
      "batchWindowSeconds?": "number",
      "filters?": {
        list: "object",
      },
      "maximumConcurrency?": "number",
    },
  },
  FirewallArgs: {
    fields: {
      "scope?": {
        oneOf: ["regional", "cloudfront"],
      },
      "mode?": {
        oneOf: ["block", "count"],
      },
      "requestsPerFiveMinutes?": "number",
      "managedRules?": {
        record: {
          ref: "ManagedRulesArgs",
        },
      },
      "blockedNetworks?": {
        list: "string",
      },
      "allowedNetworks?": {
        list: "string",
      },
      "blockedCountries?": {
        list: "string",
      },
      "logRetentionDays?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  FunctionArgs: {
    fields: {
      entry: "string",
      "functionName?": "string",
      "description?": "string",
      "memoryMb?": "number",
      "timeoutSeconds?": "number",
      "ephemeralStorageMb?": "number",
      "environment?": {
        record: {
          input: "string",
        },
      },
      "grants?": {
        list: {
          ref: "Grant",
        },
      },
      "link?": {
        record: {
          any: [
            {
              ref: "Link",
            },
            {
              list: {
                ref: "Link",
              },
            },
          ],
        },
      },
      "nativeModules?": {
        list: "string",
      },
      "logRetentionDays?": "number",
      "reservedConcurrency?": "number",
      "architecture?": {
        oneOf: ["arm64", "x64"],
      },
      "tracing?": "boolean",
      "tenantIsolation?": "boolean",
      "durable?": {
        ref: "DurableArgs",
      },
      "vpc?": {
        ref: "FunctionVpcArgs",
      },
      "layers?": {
        list: {
          input: "string",
        },
      },
      "signing?": {
        ref: "SigningArgs",
      },
      "url?": {
        ref: "FunctionUrlArgs",
      },
      "asynchronous?": {
        ref: "AsynchronousArgs",
      },
      "deadLetterArn?": {
        input: "string",
      },
      "recursion?": {
        oneOf: ["terminate", "allow"],
      },
      "provisionedConcurrency?": "number",
      "release?": {
        ref: "ReleaseArgs",
      },
      "previous?": {
        ref: "PreviousFunctionVersion",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  FunctionUrlArgs: {
    fields: {
      "authorization?": {
        oneOf: ["iam", "none"],
      },
      "response?": {
        oneOf: ["buffer", "stream"],
      },
      "allowedOrigins?": {
        list: "string",
      },
    },
  },
  FunctionVpcArgs: {
    fields: {
      network: {
        resource: "Network",
      },
      "tier?": {
        oneOf: ["private", "isolated"],
      },
      "securityGroupIds?": {
        list: {
          input: "string",
        },
      },
    },
  },
  Grant: {
    fields: {
      "sid?": "string",
      actions: {
        list: "string",
      },
      resources: {
        input: {
          list: {
            input: "string",
          },
        },
      },
      "conditions?": {
        record: {
          record: {
            input: {
              any: [
                "string",
                {
                  list: {
                    input: "string",
                  },
                },
              ],
            },
          },
        },
      },
    },
  },
  GroupArgs: {
    fields: {
      "description?": "string",
      "precedence?": "number",
    },
  },
  HealthCheckArgs: {
    fields: {
      "path?": "string",
      "failures?": "number",
    },
  },
  HostedZoneArgs: {
    fields: {
      zone: "string",
      "existing?": "boolean",
      "dnssec?": "boolean",
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  IdentityPoolArgs: {
    fields: {
      grants: {
        list: {
          ref: "Grant",
        },
      },
    },
  },
  InferenceArgs: {
    fields: {
      "model?": "string",
      "endpoint?": {
        ref: "EndpointArgs",
      },
      monthlyBudgetUsd: "number",
      "topicArn?": {
        input: "string",
      },
      "emails?": {
        list: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  InsightArgs: {
    fields: {
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "alarms?": "boolean",
      "dashboard?": "boolean",
      "thresholds?": {
        ref: "AlarmThresholds",
      },
      "topicArn?": {
        input: "string",
      },
      "emails?": {
        list: "string",
      },
      "monthlyBudgetUsd?": "number",
      "costTag?": {
        ref: "CostTag",
      },
      "metricsNamespace?": "string",
      "tags?": {
        record: "string",
      },
      "functions?": {
        record: {
          resource: "Function",
        },
      },
      "streamConsumers?": {
        record: {
          resource: "Function",
        },
      },
      "queues?": {
        record: {
          resource: "Queue",
        },
      },
      "apis?": {
        record: {
          resource: "Api",
        },
      },
      "webSocketApis?": {
        record: {
          resource: "WebSocketApi",
        },
      },
      "databases?": {
        record: {
          resource: "Database",
        },
      },
    },
  },
  JwtArgs: {
    fields: {
      issuer: {
        input: "string",
      },
      audiences: {
        list: {
          input: "string",
        },
      },
    },
  },
  LakeTable: {
    fields: {
      columns: {
        record: "string",
      },
      "format?": {
        oneOf: ["json", "parquet"],
      },
      "description?": "string",
    },
  },
  LifecycleArgs: {
    fields: {
      "prefix?": "string",
      "expireAfterDays?": "number",
      "coldAfterDays?": "number",
      "coldClass?": {
        oneOf: ["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
      },
    },
  },
  Link: {
    fields: {
      values: {
        record: {
          input: "string",
        },
      },
      grants: {
        list: {
          ref: "Grant",
        },
      },
    },
  },
  LocalIndex: {
    fields: {
      rangeKey: "string",
      "projection?": {
        any: [
          {
            oneOf: ["keys"],
          },
          {
            list: "string",
          },
        ],
      },
    },
  },
  MailArgs: {
    fields: {
      from: "string",
      sesIdentityArn: {
        input: "string",
      },
    },
  },
  ManagedRulesArgs: {
    fields: {
      "count?": {
        list: "string",
      },
    },
  },
  MigrationArgs: {
    fields: {
      database: {
        resource: "Database",
      },
      function: {
        resource: "Function",
      },
      folder: "string",
      "databases?": {
        list: "string",
      },
    },
  },
  MutualTlsArgs: {
    fields: {
      truststoreUri: "string",
      "truststoreVersion?": "string",
    },
  },
  NetworkArgs: {
    fields: {
      "cidr?": "string",
      "existing?": {
        ref: "ExistingNetworkArgs",
      },
      "zones?": "number",
      "nat?": {
        oneOf: ["none", "single", "perZone"],
      },
      "ipv6?": "boolean",
      "endpoints?": {
        list: "string",
      },
      "flowLogDays?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  ObjectLockArgs: {
    fields: {
      mode: {
        oneOf: ["governance", "compliance"],
      },
      days: "number",
    },
  },
  ParametersArgs: {
    fields: {
      path: "string",
      values: {
        record: {
          input: "string",
        },
      },
      "secrets?": {
        record: {
          input: "string",
        },
      },
      "secureStrings?": {
        list: "string",
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  PipelineArgs: {
    fields: {
      repository: "string",
      "branch?": "string",
      "filePaths?": {
        list: "string",
      },
      "connectionArn?": {
        input: "string",
      },
      "provider?": {
        oneOf: ["GitHub", "GitLab", "Bitbucket", "CodeCommit"],
      },
      stack: "string",
      state: {
        ref: "StateArgs",
      },
      deployPolicyArns: {
        list: {
          input: "string",
        },
      },
      "previewPolicyArns?": {
        list: {
          input: "string",
        },
      },
      "approval?": {
        oneOf: ["none", "manual"],
      },
      "approvalTopicArn?": {
        input: "string",
      },
      "installCommands?": {
        list: "string",
      },
      "nodeVersion?": "string",
      "pulumiVersion?": "string",
      "timeoutMinutes?": "number",
      "kmsKeyArn?": {
        input: "string",
      },
      "logRetentionDays?": "number",
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  PreviousFunctionVersion: {
    fields: {
      version: "string",
      weight: "number",
    },
  },
  PreviousVersion: {
    fields: {
      versionArn: {
        input: "string",
      },
      weight: "number",
    },
  },
  ProviderArgs: {
    fields: {
      type: {
        oneOf: ["SAML", "OIDC", "Google", "Facebook", "LoginWithAmazon", "SignInWithApple"],
      },
      details: {
        record: {
          input: "string",
        },
      },
      "attributes?": {
        record: "string",
      },
      "identifiers?": {
        list: "string",
      },
    },
  },
  PublisherArgs: {
    fields: {
      account: "string",
      sources: {
        list: "string",
      },
    },
  },
  QueueArgs: {
    fields: {
      "existing?": {
        ref: "ExistingQueueArgs",
      },
      "queueName?": "string",
      "fifo?": "boolean",
      "visibilityTimeoutSeconds?": "number",
      "retentionSeconds?": "number",
      "maxReceiveCount?": "number",
      "delaySeconds?": "number",
      "maxMessageBytes?": "number",
      "kmsKeyId?": {
        input: "string",
      },
      "contentBasedDeduplication?": "boolean",
      "perMessageGroup?": "boolean",
      "tags?": {
        record: "string",
      },
    },
  },
  RedirectArgs: {
    fields: {
      from: {
        list: "string",
      },
      to: "string",
      zone: "string",
      "zoneId?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  ReleaseArgs: {
    fields: {
      "strategy?": "string",
      "alarmNames?": {
        list: {
          input: "string",
        },
      },
      "errors?": "number",
    },
  },
  ReplicaArgs: {
    fields: {
      "kmsKeyArn?": {
        input: "string",
      },
    },
  },
  ReplicationArgs: {
    fields: {
      destinationArn: {
        input: "string",
      },
      "destinationKmsKeyArn?": {
        input: "string",
      },
      "prefix?": "string",
    },
  },
  RestoreArgs: {
    fields: {
      "snapshotArn?": {
        input: "string",
      },
      "clusterIdentifier?": {
        input: "string",
      },
      "time?": "string",
    },
  },
  RouteLimitArgs: {
    fields: {
      rate: "number",
      burst: "number",
    },
  },
  RuleArgs: {
    fields: {
      pattern: "object",
      target: {
        any: [
          {
            fields: {
              function: {
                resource: "Function",
              },
            },
          },
          {
            fields: {
              workflow: {
                resource: "Workflow",
              },
            },
          },
          {
            fields: {
              topic: {
                resource: "Topic",
              },
            },
          },
          {
            fields: {
              stream: {
                resource: "Stream",
              },
              "partitionKeyPath?": "string",
            },
          },
          {
            fields: {
              delivery: {
                resource: "Delivery",
              },
            },
          },
          {
            fields: {
              queue: {
                resource: "Queue",
              },
              "messageGroupId?": "string",
            },
          },
        ],
      },
      "description?": "string",
      "input?": {
        any: [
          {
            fields: {
              constant: "object",
            },
          },
          {
            fields: {
              path: "string",
            },
          },
          {
            fields: {
              paths: {
                record: "string",
              },
              template: "string",
            },
          },
        ],
      },
      "maximumRetries?": "number",
      "maximumEventAgeSeconds?": "number",
      "deadLetterArn?": {
        input: "string",
      },
      "disabled?": "boolean",
    },
  },
  SavedQueriesArgs: {
    fields: {
      logGroupNames: {
        list: {
          input: "string",
        },
      },
      "queries?": {
        record: "string",
      },
    },
  },
  ScheduleArgs: {
    fields: {
      expression: "string",
      "timezone?": "string",
      target: {
        ref: "ScheduleTarget",
      },
      "input?": "object",
      "scheduleName?": "string",
      "description?": "string",
      "retries?": "number",
      "maximumAgeSeconds?": "number",
      "deadLetterArn?": {
        input: "string",
      },
      "windowMinutes?": "number",
      "startDate?": "string",
      "endDate?": "string",
      "disabled?": "boolean",
      "kmsKeyArn?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  ScheduleTarget: {
    fields: {
      targetArn: {
        input: "any",
      },
      triggerGrants: {
        list: {
          ref: "Grant",
        },
      },
      "fifo?": "boolean",
      "checkTrigger?": "function",
    },
  },
  ServicePublisher: {
    fields: {
      service: "string",
      sourceArn: {
        input: "string",
      },
    },
  },
  Settings: {
    fields: {
      environment: "string",
      protection: {
        oneOf: ["disposable", "protected"],
      },
      zones: "number",
      logRetentionDays: "number",
      flowLogDays: "number",
      database: {
        fields: {
          minAcu: "number",
          maxAcu: "number",
          pauseAfterSeconds: "number",
          readers: "number",
        },
      },
      webhookNetworks: {
        list: "string",
      },
      insight: {
        fields: {
          "emails?": {
            list: "string",
          },
          "topicArn?": "string",
          "monthlyBudgetUsd?": "number",
        },
      },
      "zone?": "string",
      tiers: {
        record: {
          ref: "TierSettings",
        },
      },
      cells: {
        list: {
          ref: "CellSettings",
        },
      },
      tenants: {
        list: {
          ref: "TenantSettings",
        },
      },
    },
  },
  SignInPageArgs: {
    fields: {
      "prefix?": "string",
      "host?": "string",
      "certificateArn?": {
        input: "string",
      },
    },
  },
  SigningArgs: {
    fields: {
      profileName: {
        input: "string",
      },
      configArn: {
        input: "string",
      },
      bucket: {
        resource: "Bucket",
      },
    },
  },
  StateArgs: {
    fields: {
      "accessTokenSecretArn?": {
        input: "string",
      },
      "bucketName?": "string",
      "passphraseSecretArn?": {
        input: "string",
      },
      "secretsKeyArn?": {
        input: "string",
      },
    },
  },
  StreamArgs: {
    fields: {
      "streamName?": "string",
      "shards?": "number",
      "retentionHours?": "number",
      "kmsKeyArn?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  StreamConsumerArgs: {
    fields: {
      "batchSize?": "number",
      "batchWindowSeconds?": "number",
      "filters?": {
        list: "object",
      },
      "parallelizationFactor?": "number",
      "maximumRetries?": "number",
      "maximumRecordAgeSeconds?": "number",
      "startingPosition?": {
        oneOf: ["TRIM_HORIZON", "LATEST"],
      },
      "onFailure?": {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  SubscriptionArgs: {
    fields: {
      "filter?": "object",
      "filterScope?": {
        oneOf: ["MessageAttributes", "MessageBody"],
      },
      "replayFrom?": "string",
    },
  },
  TableArgs: {
    fields: {
      "existing?": {
        ref: "ExistingTableArgs",
      },
      "tableName?": "string",
      attributes: {
        record: {
          oneOf: ["S", "N", "B"],
        },
      },
      hashKey: "string",
      "rangeKey?": "string",
      "indexes?": {
        record: {
          ref: "TableIndex",
        },
      },
      "localIndexes?": {
        record: {
          ref: "LocalIndex",
        },
      },
      "ttlAttribute?": "string",
      "stream?": {
        oneOf: ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"],
      },
      "replicas?": {
        record: {
          ref: "ReplicaArgs",
        },
      },
      "recoveryDays?": "number",
      "maximumThroughput?": {
        fields: {
          "read?": "number",
          "write?": "number",
        },
      },
      "tableClass?": {
        oneOf: ["standard", "infrequent"],
      },
      "kmsKeyArn?": {
        input: "string",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  TableIndex: {
    fields: {
      hashKey: "string",
      "rangeKey?": "string",
      "projection?": {
        any: [
          {
            oneOf: ["keys"],
          },
          {
            list: "string",
          },
        ],
      },
    },
  },
  TenantArgs: {
    fields: {
      tenant: {
        ref: "TenantSettings",
      },
      cell: {
        resource: "Cell",
      },
    },
  },
  TenantSettings: {
    fields: {
      id: "string",
      displayName: "string",
      tier: "string",
      placement: {
        oneOf: ["silo", "pool", "bridge"],
      },
      cell: "string",
      host: "string",
      adminEmail: "string",
      wave: "number",
      statementTimeoutMs: "number",
    },
  },
  TierSettings: {
    fields: {
      placement: {
        oneOf: ["silo", "pool", "bridge"],
      },
      rate: "number",
      burst: "number",
      "quotaPerDay?": "number",
      statementTimeoutMs: "number",
    },
  },
  TopicArgs: {
    fields: {
      "existing?": {
        ref: "ExistingTopicArgs",
      },
      "topicName?": "string",
      "fifo?": "boolean",
      "kmsKeyId?": {
        input: "string",
      },
      "publishers?": {
        list: {
          ref: "ServicePublisher",
        },
      },
      "archiveDays?": "number",
      "deliveryLogs?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  TraceGroupArgs: {
    fields: {
      "groupName?": "string",
      filter: {
        input: "string",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  TriggersArgs: {
    fields: {
      "preTokenGeneration?": {
        resource: "Function",
      },
      "preSignUp?": {
        resource: "Function",
      },
      "preAuthentication?": {
        resource: "Function",
      },
      "postAuthentication?": {
        resource: "Function",
      },
      "postConfirmation?": {
        resource: "Function",
      },
      "customMessage?": {
        resource: "Function",
      },
      "userMigration?": {
        resource: "Function",
      },
    },
  },
  UsagePlanArgs: {
    fields: {
      rate: "number",
      burst: "number",
      "quotaPerDay?": "number",
    },
  },
  UserPoolArgs: {
    fields: {
      "existing?": {
        ref: "ExistingUserPoolArgs",
      },
      "poolName?": "string",
      "mfa?": {
        oneOf: ["off", "optional", "required"],
      },
      "minimumPasswordLength?": "number",
      "tokenMinutes?": "number",
      "groups?": {
        record: {
          ref: "GroupArgs",
        },
      },
      "triggers?": {
        ref: "TriggersArgs",
      },
      "providers?": {
        record: {
          ref: "ProviderArgs",
        },
      },
      "signInPage?": {
        ref: "SignInPageArgs",
      },
      "applications?": {
        record: {
          ref: "ApplicationArgs",
        },
      },
      "identityPool?": {
        ref: "IdentityPoolArgs",
      },
      "mail?": {
        ref: "MailArgs",
      },
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  WebSocketApiArgs: {
    fields: {
      routes: {
        record: {
          resource: "Function",
        },
      },
      authorizer: {
        resource: "Function",
      },
      "identitySource?": "string",
      "routeSelection?": "string",
      "answering?": {
        list: "string",
      },
      "apiName?": "string",
      "stage?": "string",
      "rate?": "number",
      "burst?": "number",
      "routeLimits?": {
        record: {
          ref: "RouteLimitArgs",
        },
      },
      "logRetentionDays?": "number",
      "tags?": {
        record: "string",
      },
    },
  },
  WebsiteArgs: {
    fields: {
      "directory?": "string",
      "index?": "string",
      "pages?": {
        oneOf: ["single", "many"],
      },
      "notFoundPage?": "string",
      "hashedFolders?": {
        list: "string",
      },
      "domain?": {
        ref: "WebsiteDomainArgs",
      },
      "connectTo?": {
        list: "string",
      },
      "contentSecurityPolicy?": "string",
      "priceClass?": {
        oneOf: ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
      },
      "firewall?": {
        resource: "Firewall",
      },
      "logRetentionDays?": "number",
      "protection?": {
        oneOf: ["disposable", "protected"],
      },
      "tags?": {
        record: "string",
      },
    },
  },
  WebsiteDomainArgs: {
    fields: {
      host: "string",
      zone: "string",
      "zoneId?": {
        input: "string",
      },
      "redirectFrom?": {
        list: "string",
      },
    },
  },
  WorkflowArgs: {
    fields: {
      definition: "object",
      "type?": {
        oneOf: ["standard", "express"],
      },
      "queryLanguage?": {
        oneOf: ["JSONata", "JSONPath"],
      },
      "timeoutSeconds?": "number",
      "workflowName?": "string",
      "comment?": "string",
      "grants?": {
        list: {
          ref: "Grant",
        },
      },
      "logs?": {
        ref: "WorkflowLogs",
      },
      "tracing?": "boolean",
      "kmsKeyArn?": {
        input: "string",
      },
      "alias?": "string",
      "previous?": {
        ref: "PreviousVersion",
      },
      "tags?": {
        record: "string",
      },
    },
  },
  WorkflowLogs: {
    fields: {
      "level?": {
        oneOf: ["ALL", "ERROR", "FATAL", "OFF"],
      },
      "includeExecutionData?": "boolean",
      "retentionDays?": "number",
    },
  },
};
