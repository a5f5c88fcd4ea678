import { createHmac } from "node:crypto";
import {
  DeletePublicAccessBlockCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketCorsCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "photos";
type Condition = Record<string, string> | [string, string | number, string | number];

describe("uploads by a browser's form", () => {
  let cloud: MessagingCloud;
  let objects: ObjectClient;
  beforeEach(async () => {
    cloud = await startMessaging();
    objects = objectClient(cloud.running.client());
    await objects.create(Bucket);
  });
  afterEach(async () => {
    objects.sdk.destroy();
    await cloud.stop();
  });

  interface Form {
    conditions?: Condition[];
    fields?: Record<string, string>;
    seconds?: number;
    credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
    file?: string | null;
    name?: string;
  }

  /** The fields that a server hands to a page, as S3's guide has them signed. */
  function signed({
    conditions = [],
    fields = {},
    seconds = 600,
    credentials = cloud.running.client().credentials,
  }: Form) {
    const date = new Date(cloud.clock.now()).toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
    const own: Record<string, string> = {
      key: "uploads/$" + "{filename}",
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-credential": `${credentials.accessKeyId}/${scope}`,
      "x-amz-date": date,
      ...(credentials.sessionToken && { "x-amz-security-token": credentials.sessionToken }),
    };
    const { key: _, ...exact } = own;
    const policy = {
      expiration: new Date(cloud.clock.now() + seconds * 1000).toISOString(),
      conditions: [
        { bucket: Bucket },
        ["starts-with", "$key", "uploads/"],
        ...conditions,
        ...Object.entries(exact).map(([name, value]) => ({ [name]: value })),
      ],
    };
    const text = Buffer.from(JSON.stringify(policy)).toString("base64");
    const key = scope
      .split("/")
      .reduce<string | Buffer>(
        (secret, part) => createHmac("sha256", secret).update(part).digest(),
        `AWS4${credentials.secretAccessKey}`,
      );
    return { ...own, ...fields, policy: text, "x-amz-signature": createHmac("sha256", key).update(text).digest("hex") };
  }

  async function post(fields: Record<string, string>, { file = "a photo", name = "cat.jpg" }: Form = {}, headers = {}) {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    if (file !== null) form.append("file", new File([file], name, { type: "image/jpeg" }));
    const answer = await fetch(`${cloud.running.endpoint}/${Bucket}`, {
      method: "POST",
      body: form,
      headers,
      redirect: "manual",
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, code: /<Code>(\w+)/.exec(text)?.[1] };
  }

  it("puts the file under the key that the form names, with its type, its metadata and its tags", async () => {
    const fields = {
      "Content-Type": "image/jpeg",
      "x-amz-meta-album": "holiday",
      tagging: "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>",
    };
    const conditions: Condition[] = [
      ["starts-with", "$Content-Type", "image/"],
      ["eq", "$x-amz-meta-album", "holiday"],
      ["starts-with", "$tagging", ""],
    ];
    const { status, text, headers } = await post(signed({ fields, conditions }));
    expect([status, text, headers.get("location")]).toEqual([
      204,
      "",
      `${cloud.running.endpoint}/${Bucket}/uploads/cat.jpg`,
    ]);
    expect(await objects.text(Bucket, "uploads/cat.jpg")).toBe("a photo");
    const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "uploads/cat.jpg" }));
    expect(head).toMatchObject({
      ContentType: "image/jpeg",
      Metadata: { album: "holiday" },
      ETag: headers.get("etag"),
    });
    const { TagSet } = await objects.sdk.send(new GetObjectTaggingCommand({ Bucket, Key: "uploads/cat.jpg" }));
    expect(TagSet).toEqual([{ Key: "a", Value: "1" }]);
  });

  it("answers as the form asks: with a document, with nothing, or by sending the browser on", async () => {
    const ask = (name: string, value: string) =>
      post(signed({ fields: { [name]: value }, conditions: [["starts-with", `$${name}`, ""]] }));
    const made = await ask("success_action_status", "201");
    expect([made.status, made.text]).toEqual([
      201,
      expect.stringMatching(/<PostResponse><Location>.*<Bucket>photos<\/Bucket><Key>uploads\/cat.jpg<\/Key><ETag>/),
    ]);
    expect((await ask("success_action_status", "200")).status).toBe(200);
    expect((await ask("success_action_status", "418")).status).toBe(204);
    const sent = await ask("success_action_redirect", "https://app.example/done?a=1");
    expect(sent.status).toBe(303);
    expect(sent.headers.get("location")).toMatch(
      /^https:\/\/app\.example\/done\?a=1&bucket=photos&key=uploads%2Fcat\.jpg&etag=%22\w+%22$/,
    );
  });

  it.each<[string, string, Form, ((fields: Record<string, string>) => Record<string, string>)?]>([
    ["a file that is too large", "EntityTooLarge", { conditions: [["content-length-range", 1, 6]] }],
    ["a file that is too small", "EntityTooSmall", { conditions: [["content-length-range", 8, 100]] }],
    [
      "a condition that does not hold",
      "AccessDenied",
      { conditions: [["eq", "$x-amz-meta-a", "1"]], fields: { "x-amz-meta-a": "2" } },
    ],
    [
      "a type of another kind",
      "AccessDenied",
      { conditions: [["starts-with", "$Content-Type", "image/"]], fields: { "Content-Type": "text/html" } },
    ],
    ["a field that no condition names", "AccessDenied", { fields: { "x-amz-meta-extra": "1" } }],
    ["a policy that is over", "AccessDenied", { seconds: -1 }],
    ["a key outside of what was signed", "AccessDenied", {}, (fields) => ({ ...fields, key: "elsewhere/x" })],
    [
      "another policy than was signed",
      "SignatureDoesNotMatch",
      {},
      (fields) => ({ ...fields, policy: Buffer.from("{}").toString("base64") }),
    ],
    ["no key", "InvalidArgument", {}, ({ key: _, ...fields }) => fields],
    ["no signature", "InvalidArgument", {}, ({ "x-amz-signature": _, ...fields }) => fields],
    ["no file", "InvalidArgument", { file: null }],
    ["signature version 2", "InvalidRequest", {}, (fields) => ({ ...fields, AWSAccessKeyId: "AKIA" })],
    [
      "an unknown key id",
      "InvalidAccessKeyId",
      {},
      (fields) => ({ ...fields, "x-amz-credential": fields["x-amz-credential"]!.replace(/^[^/]+/, "AKIANOBODY") }),
    ],
    ["a condition that is none", "InvalidPolicyDocument", { conditions: [["less-than", "$key", "a"]] }],
  ])("refuses %s with %s, and keeps nothing", async (_case, code, form, change = (fields) => fields) => {
    const answer = await post(change(signed(form)), form);
    expect([answer.status >= 400, answer.code]).toEqual([true, code]);
    await expect(objects.text(Bucket, "uploads/cat.jpg")).rejects.toThrow();
  });

  it("is good for no more than the one who signed it may do", async () => {
    const statement = { Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/uploads/acme/*` };
    const { credentials } = cloud.running.client(await roleWith(cloud.running, "uploader", statement));
    const to = async (name: string) => (await post(signed({ credentials }), { name })).code;
    expect(await to("cat.jpg")).toBe("AccessDenied");
    const own = signed({ credentials });
    expect((await post({ ...own, key: "uploads/acme/cat.jpg" })).status).toBe(204);
  });

  it("needs no policy where the bucket lets everybody put", async () => {
    expect((await post({ key: "open/x" })).code).toBe("AccessDenied");
    await objects.sdk.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const Statement = [
      { Effect: "Allow", Principal: "*", Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/open/*` },
    ];
    await objects.sdk.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
    expect((await post({ key: "open/x" })).status).toBe(204);
  });

  it("a page of an origin that the bucket knows may read the answer; the event says that it was a form", async () => {
    const CORSRules = [{ AllowedMethods: ["POST"], AllowedOrigins: ["https://app.example"] }];
    await objects.sdk.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
    const sqs = new SQSClient({ ...cloud.running.client(), maxAttempts: 1 });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "uploads" }));
    const QueueArn = "arn:aws:sqs:eu-west-1:000000000000:uploads";
    const Policy = queuePolicy(QueueArn, "s3.amazonaws.com", `arn:aws:s3:::${Bucket}`);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const QueueConfigurations = [{ QueueArn, Events: ["s3:ObjectCreated:Post" as const] }];
    await objects.sdk.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { QueueConfigurations },
        SkipDestinationValidation: true,
      }),
    );
    const { headers } = await post(signed({}), {}, { origin: "https://app.example" });
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(JSON.parse(Messages![0]!.Body!).Records[0]).toMatchObject({
      eventName: "ObjectCreated:Post",
      s3: { object: { key: "uploads/cat.jpg" } },
    });
    sqs.destroy();
  });
});
