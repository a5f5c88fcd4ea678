import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const topicArn = "arn:aws:sns:eu-west-1:000000000000:told";
const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/captions:1.4";
const model = "amazon.nova-lite-v1:0";
const told = { monthlyBudgetUsd: 50, topicArn };

interface Statement {
  Sid?: string;
  Action: string[];
  Resource: string[];
  Condition?: object;
}

async function make(
  args: terrace.InferenceArgs,
): Promise<{ stack: Deployment; granted: Statement[]; modelId: string }> {
  let granted: Statement[] = [];
  let modelId = "";
  const stack = await deploy(() => {
    const inference = new terrace.Inference("captions", args);
    terrace.policyOf(inference.grants).apply((json) => {
      granted = JSON.parse(json).Statement;
    });
    inference.modelId.apply((id) => {
      modelId = id;
    });
  });
  return { stack, granted, modelId };
}

describe("Inference on Bedrock", () => {
  it("is one profile of its own, and one grant for it: the model behind it only through it", async () => {
    const { stack, granted, modelId } = await make({ model, ...told });
    const profile = stack.resource("aws:bedrock/inferenceProfile:InferenceProfile");
    const foundation = `arn:aws:bedrock:eu-west-1::foundation-model/${model}`;
    expect(profile.inputs.modelSource).toEqual({ copyFrom: foundation });
    expect(modelId).toBe(profile.outputs.arn);
    const actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
    expect(granted).toEqual([
      { Effect: "Allow", Action: actions, Resource: [profile.outputs.arn] },
      {
        Effect: "Allow",
        Action: actions,
        Resource: [foundation],
        Condition: { StringEquals: { "bedrock:InferenceProfileArn": profile.outputs.arn } },
      },
    ]);
  });

  it("over several regions, is granted in those that Bedrock says and in no other", async () => {
    const { stack, granted } = await make({ model: `eu.${model}`, ...told });
    expect(stack.resource("InferenceProfile").inputs.modelSource).toEqual({
      copyFrom: `arn:aws:bedrock:eu-west-1:000000000000:inference-profile/eu.${model}`,
    });
    expect(granted[1]!.Resource).toEqual([
      `arn:aws:bedrock:eu-west-1:000000000000:inference-profile/eu.${model}`,
      `arn:aws:bedrock:eu-west-1::foundation-model/${model}`,
      `arn:aws:bedrock:eu-central-1::foundation-model/${model}`,
    ]);
    expect(JSON.stringify(granted)).not.toContain("*");
  });

  it("has a budget of what it alone costs, by a tag", async () => {
    const { stack } = await make({ model, ...told });
    const { tags } = stack.resource("InferenceProfile").inputs as { tags: Record<string, string> };
    expect(stack.resource("aws:budgets/budget:Budget").inputs).toMatchObject({
      limitAmount: "50",
      costFilters: [{ name: "TagKeyValue", values: [`user:Inference$${tags.Inference}`] }],
      notifications: [{ subscriberSnsTopicArns: [topicArn] }, {}, {}, {}],
    });
  });
});

describe("Inference on SageMaker", () => {
  const endpoint = { image, modelDataUrl: "s3://models/captions/model.tar.gz" };

  it("is a serverless endpoint whose container reaches nothing", async () => {
    const { stack, granted, modelId } = await make({ endpoint: { ...endpoint, maximumConcurrency: 9 }, ...told });
    expect(stack.resource("aws:sagemaker/model:Model").inputs).toMatchObject({
      enableNetworkIsolation: true,
      primaryContainer: { image, modelDataUrl: "s3://models/captions/model.tar.gz" },
    });
    expect(stack.resource("EndpointConfiguration").inputs.productionVariants).toMatchObject([
      { serverlessConfig: { memorySizeInMb: 2048, maxConcurrency: 9 } },
    ]);
    const { id, outputs } = stack.resource("aws:sagemaker/endpoint:Endpoint");
    expect(modelId).toBe(id);
    expect(granted.map(({ Resource }) => Resource)).toEqual([[outputs.arn]]);
  });

  it("fetches its image and its model's files and writes its logs; a star only where ECR has no ARN", async () => {
    const { stack } = await make({ endpoint, ...told });
    const statements: Statement[] = JSON.parse(
      String(stack.resource("aws:iam/rolePolicy:RolePolicy").inputs.policy),
    ).Statement;
    expect(statements.map(({ Resource }) => Resource)).toEqual([
      ["arn:aws:ecr:eu-west-1:123456789012:repository/captions"],
      ["*"],
      [`${stack.resource("LogGroup").outputs.arn}:*`],
      ["arn:aws:s3:::models/captions/model.tar.gz"],
    ]);
    expect(statements[1]).toMatchObject({ Sid: "RegistryToken", Action: ["ecr:GetAuthorizationToken"] });
    expect(stack.resource("LogGroup").inputs).toMatchObject({
      name: `/aws/sagemaker/Endpoints/${stack.resource("aws:sagemaker/endpoint:Endpoint").id}`,
      retentionInDays: 30,
    });
  });

  it.each(
    byMessage<Partial<terrace.EndpointArgs>>([
      [{ image: "captions:1.4" }, 'endpoint.image is "captions:1.4"; it has to be an image of ECR'],
      [{ modelDataUrl: "https://x" }, 'endpoint.modelDataUrl is "https://x"'],
      [{ memoryMb: 512 }, "endpoint.memoryMb is 512; it has to be a number from 1024 to 6144"],
      [{ memoryMb: 1500 }, "endpoint.memoryMb is 1500; it comes in steps of 1024"],
      [{ maximumConcurrency: 201 }, "endpoint.maximumConcurrency is 201"],
      [{ logRetentionDays: 0 }, "endpoint.logRetentionDays is 0"],
    ]),
  )("refuses: %s", async (message, args) => {
    const all = { endpoint: { ...endpoint, ...args }, ...told };
    expect(await refused(() => new terrace.Inference("captions", all))).toContain(`Inference "captions": ${message}`);
  });
});

it.each(
  byMessage<Partial<terrace.InferenceArgs>>([
    [{ model: undefined }, "model is missing; give either a model of Bedrock's or an endpoint"],
    [{ endpoint: { image } }, `model is "${model}"; give either`],
    [{ model: "Nova" }, 'model is "Nova"; it has to be an id'],
    [{ monthlyBudgetUsd: undefined as never }, "monthlyBudgetUsd is missing; say what a month may cost"],
    [{ monthlyBudgetUsd: 0 }, "monthlyBudgetUsd is 0"],
    [{ topicArn: undefined }, "topicArn is missing; nobody would be told of the cost"],
  ]),
)("Inference refuses: %s", async (message, args) => {
  expect(await refused(() => new terrace.Inference("captions", { model, ...told, ...args }))).toContain(
    `Inference "captions": ${message}`,
  );
});

it("Inference refuses a topic that is none, also when it is known late", async () => {
  const args = { model, monthlyBudgetUsd: 1, topicArn: pulumi.output("told") };
  expect(await refused(() => new terrace.Inference("captions", args))).toContain('topicArn is "told"');
});
