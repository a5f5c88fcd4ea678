/** A role and a function, both made through their services' own APIs: the one runs as the other. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { answering, create } from "../lambda/api-fixture.ts";
import { type LambdaCloud, startLambda } from "../lambda/fixture.ts";
import { functionArn } from "../lambda/resources.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

const messageOf = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error: Error) => error.message,
  );

describe("a role that the API made", () => {
  it("is what a function that the API made runs as, under the policies it has by then", async () => {
    const iam = new IAMClient({ ...cloud.running.client(), maxAttempts: 1 });
    const trusting = (Service: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" },
      });
    const made = await iam.send(
      new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: trusting("events.amazonaws.com") }),
    );
    const Role = made.Role!.Arn!;
    expect(await messageOf(create(cloud, "work", answering("1"), { Role }))).toBe(
      "The role defined for the function cannot be assumed by Lambda.",
    );
    await iam.send(
      new UpdateAssumeRolePolicyCommand({ RoleName: "worker", PolicyDocument: trusting("lambda.amazonaws.com") }),
    );
    const source = `import { LambdaClient, InvokeCommand } from "${import.meta.resolve("@aws-sdk/client-lambda")}";
      export const handler = () => new LambdaClient({ maxAttempts: 1 }).send(new InvokeCommand({ FunctionName: "other" }))
        .then(({ StatusCode }) => StatusCode, ({ message }) => message);`;
    await create(cloud, "other", answering('"done"'));
    await create(cloud, "work", source, { Role, Timeout: 20 });
    expect((await cloud.invoke("work")).payload).toContain("assumed-role/worker/work is not authorized");
    const policy = { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArn("other") };
    await iam.send(
      new PutRolePolicyCommand({
        ...{ RoleName: "worker", PolicyName: "call" },
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: policy }),
      }),
    );
    expect((await cloud.invoke("work")).payload).toBe(200);
    iam.destroy();
  });
});
