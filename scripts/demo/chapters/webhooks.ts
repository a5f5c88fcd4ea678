/** A tenant asks for webhooks: a receiver listens, and its address is the tenant's setting. */

import { clientConfig } from "../cloud.ts";
import { webhookReceiver } from "../webhook-receiver.ts";
import { type Chapter, SILO } from "./scene.ts";

/** Points the silo tenant's webhook at a receiver of ours, with the secret that the lifecycle function made. */
export const webhooksChapter: Chapter = async (scene) => {
  const { platform, story } = scene;
  const { outputs } = platform;
  const { GetParameterCommand, PutParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  const ssm = new SSMClient(clientConfig(outputs));
  const path = (name: string) => `/terrace/${outputs.stack}/tenants/${SILO}/${name}`;
  story.heading(`${SILO} wants webhooks`);
  scene.webhooks = await story.step(
    "A receiver listens, and its address is the tenant's setting",
    async () => {
      const secret = await ssm.send(new GetParameterCommand({ Name: path("webhook-secret"), WithDecryption: true }));
      const receiver = await webhookReceiver(secret.Parameter!.Value!, Number(new URL(outputs.aws.endpoint).port) + 1);
      const setting = { Name: path("webhook-url"), Value: receiver.url, Type: "String", Overwrite: true } as const;
      await ssm.send(new PutParameterCommand(setting));
      return receiver;
    },
    ({ url }) => url,
  );
};
