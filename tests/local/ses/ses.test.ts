import { request } from "node:http";
import * as one from "@aws-sdk/client-ses";
import * as two from "@aws-sdk/client-sesv2";
import { failure } from "../dynamodb/fixture.ts";
import { resource } from "../resource.ts";
import { roleWith } from "../role-with.ts";
import { type MailCloud, startMail } from "./fixture.ts";

let mail: MailCloud;
beforeEach(async () => {
  mail = await startMail();
  await mail.v2.send(new two.CreateEmailIdentityCommand({ EmailIdentity: "acme.example" }));
});
afterEach(() => mail.stop());

const from = "Acme <no-reply@acme.example>";
const Destination = { ToAddresses: ["ann@home.example"], CcAddresses: ["Bob <bob@home.example>"] };
const Simple = { Subject: { Data: "Hello" }, Body: { Text: { Data: "Plain" }, Html: { Data: "<b>Rich</b>" } } };
const simple = (more: Partial<two.SendEmailCommandInput> = {}) =>
  new two.SendEmailCommand({ FromEmailAddress: from, Destination, Content: { Simple }, ...more });

describe("a message that is sent", () => {
  it("is kept to be read, with all that was said of it", async () => {
    const { MessageId } = await mail.v2.send(simple({ EmailTags: [{ Name: "kind", Value: "welcome" }] }));
    expect(await mail.mails()).toMatchObject([
      {
        id: MessageId,
        from,
        to: ["ann@home.example"],
        cc: ["Bob <bob@home.example>"],
        subject: "Hello",
        text: "Plain",
        html: "<b>Rich</b>",
        tags: { kind: "welcome" },
        outcome: "Delivered",
      },
    ]);
  });

  it("may be sent through the first API", async () => {
    const Message = { Subject: { Data: "First" }, Body: { Text: { Data: "Text" } } };
    const { MessageId } = await mail.v1.send(new one.SendEmailCommand({ Source: from, Destination, Message }));
    expect(await mail.mails()).toMatchObject([{ id: MessageId, subject: "First", text: "Text" }]);
  });

  it("may come as MIME, whose parts are told apart", async () => {
    const lines = [
      `From: ${from}`,
      'To: ann@home.example, "Doe, John" <john@home.example>',
      "Subject: =?utf-8?B?R3LDvMOfZQ==?=",
      'Content-Type: multipart/mixed; boundary="b"',
      "",
      "--b",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "Sch=C3=B6n,=",
      " dass du da bist",
      "--b",
      'Content-Type: application/pdf; name="a.pdf"',
      "Content-Disposition: attachment; filename=invoice.pdf",
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from("twelve bytes").toString("base64"),
      "--b--",
    ];
    const Data = new Uint8Array(Buffer.from(lines.join("\r\n")));
    await mail.v1.send(new one.SendRawEmailCommand({ RawMessage: { Data } }));
    await mail.v2.send(new two.SendEmailCommand({ Content: { Raw: { Data } } }));
    const expected = {
      to: ["ann@home.example", '"Doe, John" <john@home.example>'],
      subject: "Grüße",
      text: "Schön, dass du da bist",
      attachments: [{ name: "invoice.pdf", contentType: "application/pdf", bytes: 12 }],
    };
    expect(await mail.mails()).toMatchObject([expected, expected]);
  });

  it("to the simulator or the suppression list has the outcome that it would have on AWS", async () => {
    const to = (address: string) => mail.v2.send(simple({ Destination: { ToAddresses: [address] } }));
    await mail.v2.send(
      new two.PutSuppressedDestinationCommand({ EmailAddress: "gone@home.example", Reason: "BOUNCE" }),
    );
    await to("bounce@simulator.amazonses.com");
    await to("complaint@simulator.amazonses.com");
    await to("gone@home.example");
    await to("ann@home.example");
    const outcomes = (await mail.mails()).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["Delivered", "Suppressed", "Complaint", "Bounced"]);
  });
});

describe("a template", () => {
  const TemplateContent = {
    Subject: "Order {{order.id}}",
    Html: "<p>{{name}}</p>{{#each items}}<li>{{this}}</li>{{else}}none{{/each}}",
    Text: "{{#if gift}}A gift for {{name}}{{else}}For {{name}}{{/if}}",
  };
  beforeEach(() => mail.v2.send(new two.CreateEmailTemplateCommand({ TemplateName: "order", TemplateContent })));
  const data = JSON.stringify({ order: { id: 7 }, name: "Ann & Bob", items: ["a", "b"], gift: true });

  it("is rendered by either API, escaped in HTML only", async () => {
    const Template = { TemplateName: "order", TemplateData: data };
    await mail.v2.send(simple({ Content: { Template } }));
    await mail.v1.send(
      new one.SendTemplatedEmailCommand({ Source: from, Destination, Template: "order", TemplateData: data }),
    );
    const expected = {
      subject: "Order 7",
      text: "A gift for Ann & Bob",
      html: "<p>Ann &amp; Bob</p><li>a</li><li>b</li>",
    };
    expect(await mail.mails()).toMatchObject([expected, expected]);
  });

  it("whose data lacks an attribute is taken and does not arrive; a test of it says what is missing", async () => {
    await mail.v2.send(simple({ Content: { Template: { TemplateName: "order", TemplateData: "{}" } } }));
    expect(await mail.mails()).toMatchObject([{ outcome: "RenderingFailure" }]);
    const test = new two.TestRenderEmailTemplateCommand({ TemplateName: "order", TemplateData: "{}" });
    expect(await failure(mail.v2.send(test))).toEqual([
      "BadRequestException",
      "Attribute 'order.id' is not present in the rendering data.",
    ]);
  });
});

describe("what SES would refuse is refused in its words:", () => {
  const rejected = (who: string) =>
    `Email address is not verified. The following identities failed the check in region EU-WEST-1: ${who}`;
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      "a sender nobody verified",
      () => mail.v2.send(simple({ FromEmailAddress: "a@other.example" })),
      "MessageRejected",
      rejected("a@other.example"),
    ],
    [
      "the same through the first API",
      () =>
        mail.v1.send(
          new one.SendEmailCommand({
            Source: "a@other.example",
            Destination,
            Message: { Subject: { Data: "x" }, Body: { Text: { Data: "x" } } },
          }),
        ),
      "MessageRejected",
      rejected("a@other.example"),
    ],
    [
      "recipients nobody verified, in the sandbox",
      async () => {
        await mail.v2.send(
          new two.PutAccountDetailsCommand({
            ProductionAccessEnabled: false,
            MailType: "TRANSACTIONAL",
            WebsiteURL: "https://acme.example",
          }),
        );
        await mail.v2.send(simple());
      },
      "MessageRejected",
      rejected("ann@home.example, bob@home.example"),
    ],
    [
      "no recipients",
      () => mail.v2.send(simple({ Destination: {} })),
      "BadRequestException",
      "Destination has no recipients.",
    ],
    [
      "more than fifty recipients",
      () => mail.v2.send(simple({ Destination: { ToAddresses: Array(51).fill("a@home.example") } })),
      "BadRequestException",
      "Recipient count exceeds 50.",
    ],
    [
      "what is no address",
      () => mail.v2.send(simple({ Destination: { ToAddresses: ["ann"] } })),
      "BadRequestException",
      "Missing final '@domain'",
    ],
    [
      "an unknown configuration set",
      () => mail.v2.send(simple({ ConfigurationSetName: "none" })),
      "NotFoundException",
      "Configuration set <none> does not exist.",
    ],
    [
      "an unknown template",
      () => mail.v1.send(new one.GetTemplateCommand({ TemplateName: "none" })),
      "TemplateDoesNotExistException",
      "Template none does not exist.",
    ],
  ])("%s", async (_, act, code, message) => {
    expect(await failure(act())).toEqual([code, message]);
    expect(await mail.mails()).toEqual([]);
  });
});

describe("who may send", () => {
  it("is decided by the identity, the address and the recipients", async () => {
    const Resource = "arn:aws:ses:eu-west-1:000000000000:identity/acme.example";
    const Condition = {
      StringEquals: { "ses:FromAddress": "no-reply@acme.example" },
      "ForAllValues:StringLike": { "ses:Recipients": ["*@home.example"] },
    };
    const role = await roleWith(mail.cloud, "sender", {
      Effect: "Allow",
      Action: "ses:SendEmail",
      Resource,
      Condition,
    });
    const client = new two.SESv2Client(mail.cloud.client(role));
    await client.send(simple());
    const refused = async (more: Partial<two.SendEmailCommandInput>) => (await failure(client.send(simple(more))))[0];
    expect(await refused({ FromEmailAddress: "boss@acme.example" })).toBe("AccessDeniedException");
    expect(await refused({ Destination: { ToAddresses: ["x@elsewhere.example"] } })).toBe("AccessDeniedException");
    expect(await refused({ Content: { Raw: { Data: new Uint8Array(Buffer.from(`From: ${from}\r\n\r\n`)) } } })).toBe(
      "AccessDeniedException",
    );
  });
});

describe("what the program declares", () => {
  it("can be sent from, through either API's resources", async () => {
    const resources = [
      resource("aws:ses/emailIdentity:EmailIdentity", "a", { email: "a@one.example" }),
      resource("aws:sesv2/emailIdentity:EmailIdentity", "b", { emailIdentity: "two.example" }),
    ];
    await mail.cloud.provision({ resources } as never);
    await mail.v2.send(simple({ FromEmailAddress: "a@one.example" }));
    await mail.v2.send(simple({ FromEmailAddress: "any@sub.two.example" }));
    expect(await mail.mails()).toHaveLength(2);
    expect((await failure(mail.v2.send(simple({ FromEmailAddress: "b@one.example" }))))[0]).toBe("MessageRejected");
  });
});

describe("the page", () => {
  const html = { headers: { accept: "text/html" } };
  it("shows what was sent, and runs nothing of it", async () => {
    const Html = { Data: "<script>alert(1)</script>" };
    const Content = { Simple: { Subject: { Data: "<img onerror=x>" }, Body: { Html } } };
    const { MessageId } = await mail.v2.send(simple({ Content }));
    const list = await (await fetch(`${mail.cloud.endpoint}/_mail`, html)).text();
    expect(list).toContain("&#60;img onerror=x&#62;");
    expect(list).not.toContain("<img");
    const answer = await fetch(`${mail.cloud.endpoint}/_mail/${MessageId}`, html);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const text = await answer.text();
    expect(text).toContain("<iframe sandbox ");
    expect(text).not.toContain("<script>");
  });

  it("finds mail by its recipient", async () => {
    await mail.v2.send(simple());
    const found = async (to: string) => {
      const answer = await fetch(`${mail.cloud.endpoint}/_mail?to=${to}`);
      return ((await answer.json()) as { messages: unknown[] }).messages.length;
    };
    expect([await found("bob@home.example"), await found("nobody")]).toEqual([1, 0]);
  });

  it("is not shown under a name that somebody else's site could have", async () => {
    const { port } = new URL(mail.cloud.endpoint);
    const status = await new Promise((done, failed) => {
      request({ host: "127.0.0.1", port, path: "/_mail", headers: { host: "evil.example" } })
        .on("response", (answer) => done(answer.resume().statusCode))
        .on("error", failed)
        .end();
    });
    expect(status).toBe(403);
  });
});
