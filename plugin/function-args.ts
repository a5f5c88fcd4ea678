import type * as pulumi from "@pulumi/pulumi";

/** Actions that are allowed on resources. */
export interface GrantArgs {
  /** Why, where the statement alone does not say it. */
  sid?: string;
  /** "sqs:SendMessage" */
  actions: string[];
  /** ARNs; a bare star is refused. */
  resources: pulumi.Input<string>[];
  /** By operator and key: {"StringEquals": {"events:source": ["shop"]}}. */
  conditions?: Record<string, Record<string, pulumi.Input<string>[]>>;
}

/** What a schedule starts, and where a function's outcomes go: a queue, a topic, a function, a state machine. */
export interface TargetArgs {
  targetArn: pulumi.Input<string>;
  /** What sending there takes: sqs:SendMessage on the queue, and the like. */
  triggerGrants: GrantArgs[];
  /** Of a FIFO queue or topic, which is refused. */
  fifo?: boolean;
}

/** Survives restarts and waits for up to a year by checkpoints. */
export interface DurableArgs {
  /** Seconds that an execution may last in all, 1 to 31622400. */
  executionTimeoutSeconds: number;
  /** Days that the history of a finished execution is kept, 1 to 90; 14 by default. */
  retentionDays?: number;
}

/** Inside a VPC, named by what it is made of. */
export interface FunctionVpcArgs {
  vpcId: pulumi.Input<string>;
  isolatedSubnetIds: pulumi.Input<string[]>;
  privateSubnetIds?: pulumi.Input<string[]>;
  /** "isolated" (by default), or "private", which reaches out through NAT. */
  tier?: string;
  /** Security groups besides the function's own, at most 4. */
  securityGroupIds?: pulumi.Input<string>[];
}

/** Packages are signed, and unsigned ones refused. */
export interface SigningArgs {
  /** Signing profile of AWS Signer, of platform AWSLambda-SHA384-ECDSA. */
  profileName: pulumi.Input<string>;
  /** Code signing configuration of Lambda that trusts the profile. */
  configArn: pulumi.Input<string>;
  /** Bucket for the packages, versioned. */
  bucketName: pulumi.Input<string>;
}

/** An HTTPS address of its own. */
export interface FunctionUrlArgs {
  /** "iam" (by default) or "none". */
  authorization?: string;
  /** "buffer" (by default) or "stream". */
  response?: string;
  /** Origins that browsers may call from. */
  allowedOrigins?: string[];
}

/** Events that nobody waits for: retries, and where they go in the end. */
export interface AsynchronousArgs {
  /** Of an event whose function failed, 0 to 2; 2 by default. */
  retries?: number;
  /** Seconds after which an event is given up, 60 to 21600 (the default). */
  maximumAgeSeconds?: number;
  /** Receives what was given up, with the error. */
  onFailure?: TargetArgs;
  /** Receives what was done, with the answer. */
  onSuccess?: TargetArgs;
}

/** New versions take over by CodeDeploy, a part of the calls first, and go back when an alarm says so. */
export interface ReleaseArgs {
  /** "Canary10Percent5Minutes" by default, "Linear10PercentEvery1Minute", "AllAtOnce" and the others that CodeDeploy has. */
  strategy?: string;
  /** Names of alarms that turn a release back, besides its own on errors; at most 9. */
  alarmNames?: pulumi.Input<string>[];
  /** Failed invocations within a minute that turn it back; 1 by default. */
  errors?: number;
}

/** Calls that stay with an earlier version. */
export interface PreviousVersionArgs {
  /** A published version: "41". */
  version: string;
  /** Percent of the calls, 1 to 99. */
  weight: number;
}

export interface FunctionArgs {
  /** Folder with the handler.ts to bundle. */
  entry: string;
  /** Physical name. Pulumi's autonaming by default. */
  functionName?: string;
  description?: string;
  /** MB, which also set the CPU share; 512 by default. */
  memoryMb?: number;
  /** Seconds; 10 by default. */
  timeoutSeconds?: number;
  /** MB of /tmp; 512 by default. */
  ephemeralStorageMb?: number;
  /** Values by reference; secrets belong in Secrets Manager or SSM. */
  environment?: Record<string, pulumi.Input<string>>;
  /** What the function may do; nothing but its own logs and traces by default. */
  grants?: GrantArgs[];
  /** Packages with compiled parts. */
  nativeModules?: string[];
  /** Days to keep logs; 30 by default. */
  logRetentionDays?: number;
  /** Upper bound of parallel executions; 0 stops the function. */
  reservedConcurrency?: number;
  /** "arm64" (by default) or "x64". */
  architecture?: string;
  /** X-Ray active tracing; true by default. */
  tracing?: boolean;
  /** An execution environment per tenant; every call has to say whose it is. Fixed at creation. */
  tenantIsolation?: boolean;
  /** Fixed at creation. An ordinary function by default. */
  durable?: DurableArgs;
  /** Outside a VPC by default, where the internet and AWS's services are in reach. */
  vpc?: FunctionVpcArgs;
  /** ARNs of layers' versions, at most 5. */
  layers?: pulumi.Input<string>[];
  /** No package is signed by default. */
  signing?: SigningArgs;
  url?: FunctionUrlArgs;
  /** Two retries within 6 hours by default, then the event is lost. */
  asynchronous?: AsynchronousArgs;
  /** Queue or topic for events that were given up, without the error: asynchronous.onFailure says more. */
  deadLetterArn?: pulumi.Input<string>;
  /** "terminate" (by default), or "allow" for a function that wakes itself through a queue, a topic or a bucket. */
  recursion?: string;
  /** Environments kept warm, paid by the hour. */
  provisionedConcurrency?: number;
  /** At once by default. */
  release?: ReleaseArgs;
  previous?: PreviousVersionArgs;
  tags?: Record<string, string>;
}
