/** The table of outputs beside what the local cloud provisions: a type that one of the two has, and the other lacks, comes up nowhere. */
import * as aws from "@pulumi/aws";
import { outputsTable } from "../../engine/outputs/index.ts";
import { deploy } from "../../engine/testing.ts";
import { startCloud } from "../../local/cloud.ts";
import { ownerOf, services } from "../../local/services/index.ts";
import { inert } from "../../local/services/inert.ts";

/** What an evaluation knows and one machine does not play, by how the types begin, and why that is so. */
const ELSEWHERE: Record<string, string> = {
  "aws:bedrock/": "no model is on this machine",
  "aws:sagemaker/": "no model is on this machine",
  "aws:elasticache/": "a cache has no API of its own: programs speak to it inside a VPC",
  "aws:signer/": "packages for this machine are not signed, so that no program asks for it",
};

const known = Object.keys(outputsTable).filter((type) => type.startsWith("aws:"));
/** By service. */
const provisioned: [service: string, type: string][] = [];

beforeAll(async () => {
  const cloud = await startCloud({ services, inert });
  for (const name of Object.keys(services)) {
    for (const type of Object.keys((await cloud.service(name)).resources)) provisioned.push([name, type]);
  }
  await cloud.stop();
}, 60_000);

it("has outputs of every type that the local cloud provisions", () => {
  expect(provisioned.length).toBeGreaterThan(100);
  expect(provisioned.map(([, type]) => type).filter((type) => !known.includes(type))).toEqual([]);
});

it("is provisioned, or asks for nothing, type by type, but for what is said to be elsewhere", () => {
  const here = new Set(provisioned.map(([, type]) => type));
  const missing = known.filter((type) => !here.has(type) && !inert(type));
  const isElsewhere = (type: string) => Object.keys(ELSEWHERE).some((start) => type.startsWith(start));
  expect(missing.filter((type) => !isElsewhere(type))).toEqual([]);
  for (const start of Object.keys(ELSEWHERE)) expect(missing.filter((type) => type.startsWith(start))).not.toEqual([]);
});

it("is handed to the one service that provisions it, where it is not left out", () => {
  expect(provisioned.filter(([service, type]) => ownerOf(type) !== service)).toEqual([]);
});

it("comes up with a secret that a function rotates", async () => {
  const stack = await deploy(() => {
    const secret = new aws.secretsmanager.Secret("db");
    const rules = { rotationLambdaArn: "arn:aws:lambda:eu-west-1:000000000000:function:rotate" };
    new aws.secretsmanager.SecretRotation("db", {
      ...{ secretId: secret.id, ...rules, rotationRules: { automaticallyAfterDays: 30 } },
    });
  });
  const { id, outputs } = stack.resource("SecretRotation");
  expect([id, outputs.rotationEnabled]).toEqual([stack.resource("aws:secretsmanager/secret:Secret").id, true]);
});
