/**
 * SES, both of its APIs: identities, templates, sending. What is sent is kept to be read at `/_mail`; nothing leaves
 * this machine.
 *
 * Not emulated: verification (an identity is verified once it is made), DKIM, event destinations and publishing, bulk
 * sending, receiving, contact lists, dedicated addresses, identity policies, tenants.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { mailPage } from "./mail-page.ts";
import { type Sending, sending } from "./sending.ts";
import { v1Operations } from "./v1.ts";
import { v2Operations } from "./v2.ts";

export function ses(cloud: Cloud): Service {
  const service = sending(cloud);
  return {
    name: "ses",
    client: () => import("@aws-sdk/client-ses"),
    requiresMembers: "ValidationError",
    resources: {
      "aws:ses/emailIdentity:EmailIdentity": declareIdentity(service, "email"),
      "aws:ses/domainIdentity:DomainIdentity": declareIdentity(service, "domain"),
      "aws:ses/template:Template": ({ inputs, name }) => {
        const text = (key: string) => (inputs[key] === undefined ? undefined : String(inputs[key]));
        service.known.templates.save({
          name: text("name") ?? name,
          subject: text("subject"),
          text: text("text"),
          html: text("html"),
          createdAt: cloud.clock.now(),
        });
      },
    },
    operations: v1Operations(service, cloud.clock),
    handle: async (request) => mailPage(service.mails, request),
  };
}

/** Signed as `ses` too; its paths begin with `/v2/`. */
export function sesv2(cloud: Cloud): Service {
  const service = sending(cloud);
  return {
    name: "sesv2",
    client: () => import("@aws-sdk/client-sesv2"),
    requiresMembers: "BadRequestException",
    resources: {
      "aws:sesv2/emailIdentity:EmailIdentity": declareIdentity(service, "emailIdentity"),
      "aws:sesv2/configurationSet:ConfigurationSet": ({ inputs }) => {
        const options = inputs.sendingOptions as { sendingEnabled?: boolean } | undefined;
        service.known.configurationSets.save({
          name: String(inputs.configurationSetName),
          sendingEnabled: options?.sendingEnabled !== false,
          tags: (inputs.tags ?? {}) as Record<string, string>,
        });
      },
    },
    operations: v2Operations(service, cloud.clock),
  };
}

function declareIdentity({ known }: Sending, key: string) {
  return ({ inputs }: Resource): void => {
    const name = String(inputs[key]);
    known.identities.save({ tags: (inputs.tags ?? {}) as Record<string, string>, name });
  };
}
