/** A state machine that calls AWS's APIs and no function of ours: it exports a tenant's photos. */
import { GetObjectCommand } from "@aws-sdk/client-s3";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { clientConfig } from "../cloud.ts";
import { until } from "../story.ts";
import { type Chapter, type Scene, SILO } from "./scene.ts";

export const exportChapter: Chapter = async (scene) => {
  const { story } = scene;
  story.heading("A state machine exports photos");
  const key = await story.step(
    `It reads ${SILO}'s photos through the Data API and writes them to a bucket, in a role of its own`,
    () => exported(scene),
    (found) => found,
  );
  await story.step(
    "The export has every photo that was uploaded, and no other tenant's",
    () => complete(scene, key),
    (count) => `${count} photos`,
  );
};

async function exported({ platform, made }: Scene): Promise<string> {
  const { outputs } = platform;
  const { database } = outputs.tenants[SILO]!;
  const bucket = await made.bucket();
  const client = new SFNClient(clientConfig(outputs));
  const roleArn = await made.role("export", "states.amazonaws.com", [
    { Action: "rds-data:ExecuteStatement", Resource: database.resourceArn },
    { Action: "secretsmanager:GetSecretValue", Resource: database.secretArn },
    { Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/exports/*` },
  ]);
  const definition = {
    QueryLanguage: "JSONata",
    StartAt: "Read",
    States: {
      Read: {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:rdsdata:executeStatement",
        Arguments: {
          ResourceArn: database.resourceArn,
          SecretArn: database.secretArn,
          Database: database.database,
          Sql: "select photo_id, status, format from photos order by photo_id",
          FormatRecordsAs: "JSON",
        },
        Output: "{% $parse($states.result.FormattedRecords) %}",
        // A database that has paused resumes meanwhile.
        Retry: [{ ErrorEquals: ["States.TaskFailed"], IntervalSeconds: 1, MaxAttempts: 10, BackoffRate: 1 }],
        Next: "Describe",
      },
      Describe: {
        Type: "Map",
        Items: "{% $states.input %}",
        ItemProcessor: {
          StartAt: "Line",
          States: {
            Line: {
              Type: "Pass",
              Output: { id: "{% $states.input.photo_id %}", is: "{% $states.input.status %}" },
              End: true,
            },
          },
        },
        Next: "Write",
      },
      Write: {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:s3:putObject",
        Arguments: {
          Bucket: bucket,
          Key: "{% 'exports/' & $states.context.Execution.Name & '.json' %}",
          Body: "{% $string($states.input) %}",
        },
        Output: "{% 'exports/' & $states.context.Execution.Name & '.json' %}",
        End: true,
      },
    },
  };
  const { stateMachineArn } = await client.send(
    new CreateStateMachineCommand({ name: `${made.prefix}-export`, roleArn, definition: JSON.stringify(definition) }),
  );
  made.undo(() => client.send(new DeleteStateMachineCommand({ stateMachineArn })));
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
  const { status, output, error, cause } = await until("The end of the export", async () => {
    const found = await client.send(new DescribeExecutionCommand({ executionArn }));
    return found.status === "RUNNING" ? undefined : found;
  });
  if (status !== "SUCCEEDED") throw new Error(`the execution ended ${status}: ${error} ${cause}`);
  return JSON.parse(output!);
}

async function complete({ made, uploads }: Scene, Key: string): Promise<number> {
  const { Body } = await made.objects.send(new GetObjectCommand({ Bucket: await made.bucket(), Key }));
  const ids = (JSON.parse(await Body!.transformToString()) as { id: string }[]).map(({ id }) => id);
  const idsOf = (tenant: string) => uploads.get(tenant)!.map(({ photo }) => photo.photoId);
  const missing = idsOf(SILO).filter((id) => !ids.includes(id));
  if (missing.length > 0) throw new Error(`${missing.length} photos are not in it: ${missing[0]}`);
  const foreign = [...uploads.keys()].filter((tenant) => tenant !== SILO).flatMap(idsOf);
  if (foreign.some((id) => ids.includes(id))) throw new Error("a photo of another tenant is in it");
  return ids.length;
}
