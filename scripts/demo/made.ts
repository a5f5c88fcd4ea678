/** What the demonstration makes through AWS's own APIs, and takes away again: a bucket, roles, functions. */
import { randomBytes } from "node:crypto";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { build } from "esbuild";
import { strToU8, zipSync } from "fflate";
import { clientConfig } from "./cloud.ts";
import type { Outputs } from "./platform.ts";

export interface Statement {
  Action: string | string[];
  Resource: string | string[];
}

export interface Made {
  /** Of everything that is made. */
  prefix: string;
  objects: S3Client;
  /** Name of the demonstration's own bucket: made when it is first asked for. */
  bucket(): Promise<string>;
  /** @returns its ARN */
  role(name: string, service: string, statements: Statement[]): Promise<string>;
  /** A function made of TypeScript or JavaScript. @returns its name */
  lambda(name: string, source: string, more: Partial<CreateFunctionCommandInput> & { Role: string }): Promise<string>;
  /** What has to be undone at the end: the last thing first. */
  undo(task: () => Promise<unknown>): void;
  clear(): Promise<void>;
}

export function made(outputs: Outputs): Made {
  const config = clientConfig(outputs);
  const prefix = `demo-${randomBytes(4).toString("hex")}`;
  const objects = new S3Client({ ...config, forcePathStyle: true });
  const iam = new IAMClient(config);
  const functions = new LambdaClient(config);
  const tasks: (() => Promise<unknown>)[] = [];
  let bucket: Promise<string> | undefined;

  async function makeBucket(): Promise<string> {
    await objects.send(new CreateBucketCommand({ Bucket: prefix }));
    tasks.push(async () => {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: objects }, { Bucket: prefix })) {
        const Objects = Contents.map(({ Key }) => ({ Key }));
        if (Objects.length > 0) await objects.send(new DeleteObjectsCommand({ Bucket: prefix, Delete: { Objects } }));
      }
      await objects.send(new DeleteBucketCommand({ Bucket: prefix }));
    });
    return prefix;
  }

  return {
    ...{ prefix, objects },
    bucket() {
      bucket ??= makeBucket();
      return bucket;
    },
    async role(name, service, statements) {
      const RoleName = `${prefix}-${name}`;
      const trust = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
      const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
      const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policy(trust) }));
      const PolicyDocument = policy(...statements.map((statement) => ({ Effect: "Allow", ...statement })));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
      tasks.push(async () => {
        await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "own" }));
        await iam.send(new DeleteRoleCommand({ RoleName }));
      });
      return Role!.Arn!;
    },
    async lambda(name, source, more) {
      const FunctionName = `${prefix}-${name}`;
      const ZipFile = zipSync({ "index.mjs": strToU8(await bundled(source)) });
      await functions.send(
        new CreateFunctionCommand({
          ...{ FunctionName, Runtime: "nodejs24.x", Handler: "index.handler", Timeout: 30, MemorySize: 256 },
          Code: { ZipFile },
          ...more,
        }),
      );
      tasks.push(() => functions.send(new DeleteFunctionCommand({ FunctionName })));
      return FunctionName;
    },
    undo: (task) => void tasks.push(task),
    async clear() {
      // One that fails holds up no other: what is left is the demonstration's own.
      for (const task of tasks.splice(0).reverse()) await task().catch(() => {});
    },
  };
}

/** With the packages that it names: those of this project. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    ...{ bundle: true, write: false, platform: "node", format: "esm", target: "node24", logLevel: "silent" },
    external: ["@aws-sdk/*"],
    // CommonJS packages ask for Node's own modules so.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
  return outputFiles[0]!.text;
}
