/** The bootstrap's stack through the real SDK client, against a CloudFormation of a few lines that keeps what it was asked. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { apply } from "../../../reports/bootstrap/apply.ts";
import type { Template } from "../../../reports/bootstrap/template.ts";

type Answer = string | { code: string; message: string };

let server: Server;
let asked: URLSearchParams[];
let answers: Record<string, Answer[]>;
let client: CloudFormationClient;
let said: string[];
let paused: number;

beforeEach(async () => {
  [asked, answers, said, paused] = [[], {}, [], 0];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const input = new URLSearchParams(body);
      asked.push(input);
      const action = input.get("Action")!;
      const queue = answers[action] ?? [];
      // The last answer stands.
      const answer = queue.length > 1 ? queue.shift()! : queue[0]!;
      response.setHeader("content-type", "text/xml");
      if (typeof answer === "string") {
        return response.end(`<${action}Response><${action}Result>${answer}</${action}Result></${action}Response>`);
      }
      response.statusCode = 400;
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${answer.code}</Code><Message>${answer.message}</Message></Error></ErrorResponse>`,
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  client = new CloudFormationClient({ region: "eu-west-1", endpoint, credentials, maxAttempts: 1 });
});

afterEach(() => {
  client.destroy();
  server.close();
});

const template = { AWSTemplateFormatVersion: "2010-09-09", Description: "", Resources: {}, Outputs: {} } as Template;
const run = (made = template) =>
  apply({
    client,
    stackName: "terrace-bootstrap",
    template: made,
    say: (line) => said.push(line),
    pause: async () => {
      paused++;
    },
  });

const stack = (status: string, outputs = "") =>
  `<Stacks><member><StackName>terrace-bootstrap</StackName><StackStatus>${status}</StackStatus><Outputs>${outputs}</Outputs></member></Stacks>`;
const ROLE = "<member><OutputKey>DeployRole</OutputKey><OutputValue>arn:aws:iam::1:role/deploy</OutputValue></member>";
const MISSING = { code: "ValidationError", message: "Stack with id terrace-bootstrap does not exist" };
const CHANGES =
  "<Status>CREATE_COMPLETE</Status><Changes><member><ResourceChange><Action>Add</Action><LogicalResourceId>DeployRole</LogicalResourceId><ResourceType>AWS::IAM::Role</ResourceType></ResourceChange></member></Changes>";
const actions = () => asked.map((input) => input.get("Action"));

it("makes the stack, says what it will make first, and gives its outputs", async () => {
  answers = {
    DescribeStacks: [MISSING, stack("CREATE_IN_PROGRESS"), stack("CREATE_COMPLETE", ROLE)],
    CreateChangeSet: ["<Id>set-1</Id>"],
    DescribeChangeSet: ["<Status>CREATE_IN_PROGRESS</Status>", CHANGES],
    ExecuteChangeSet: [""],
  };
  expect(await run()).toEqual({ DeployRole: "arn:aws:iam::1:role/deploy" });
  expect(said).toEqual(["add DeployRole AWS::IAM::Role"]);
  expect(paused).toBe(2);
  const create = asked.find((input) => input.get("Action") === "CreateChangeSet")!;
  expect(create.get("ChangeSetType")).toBe("CREATE");
  expect(create.get("Capabilities.member.1")).toBe("CAPABILITY_NAMED_IAM");
  expect(JSON.parse(create.get("TemplateBody")!)).toEqual(template);
});

it("updates one that is there", async () => {
  answers = {
    DescribeStacks: [stack("CREATE_COMPLETE"), stack("UPDATE_COMPLETE", ROLE)],
    CreateChangeSet: ["<Id>set-1</Id>"],
    DescribeChangeSet: [CHANGES],
    ExecuteChangeSet: [""],
  };
  await run();
  expect(asked.find((input) => input.get("Action") === "CreateChangeSet")!.get("ChangeSetType")).toBe("UPDATE");
});

it("changes nothing the second time, and leaves no change set behind", async () => {
  answers = {
    DescribeStacks: [stack("CREATE_COMPLETE", ROLE)],
    CreateChangeSet: ["<Id>set-1</Id>"],
    DescribeChangeSet: [
      "<Status>FAILED</Status><StatusReason>The submitted information didn't contain changes.</StatusReason>",
    ],
    DeleteChangeSet: [""],
  };
  expect(await run()).toEqual({ DeployRole: "arn:aws:iam::1:role/deploy" });
  expect(said).toEqual(["nothing to change"]);
  expect(actions()).toContain("DeleteChangeSet");
  expect(actions()).not.toContain("ExecuteChangeSet");
});

it("says why CloudFormation refuses a template", async () => {
  answers = {
    DescribeStacks: [MISSING],
    CreateChangeSet: ["<Id>set-1</Id>"],
    DescribeChangeSet: ["<Status>FAILED</Status><StatusReason>Template error: no such thing</StatusReason>"],
    DeleteChangeSet: [""],
  };
  await expect(run()).rejects.toThrow("CloudFormation refuses the template: Template error: no such thing");
});

it("says which resource failed, and why", async () => {
  answers = {
    DescribeStacks: [MISSING, stack("ROLLBACK_COMPLETE")],
    CreateChangeSet: ["<Id>set-1</Id>"],
    DescribeChangeSet: [CHANGES],
    ExecuteChangeSet: [""],
    DescribeStackEvents: [
      "<StackEvents><member><LogicalResourceId>GitHubProvider</LogicalResourceId><ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>EntityAlreadyExists</ResourceStatusReason></member></StackEvents>",
    ],
  };
  await expect(run()).rejects.toThrow(
    "terrace-bootstrap ended as ROLLBACK_COMPLETE: GitHubProvider: EntityAlreadyExists",
  );
});

it("hands on AWS's refusal of the caller", async () => {
  answers = {
    DescribeStacks: [{ code: "AccessDenied", message: "not authorized to perform: cloudformation:DescribeStacks" }],
  };
  await expect(run()).rejects.toThrow("not authorized to perform: cloudformation:DescribeStacks");
});

it("refuses a template that CloudFormation would not take, before it asks for anything", async () => {
  await expect(run({ ...template, Description: "x".repeat(52_000) })).rejects.toThrow(/give fewer stacks at once/);
  expect(asked).toEqual([]);
});
