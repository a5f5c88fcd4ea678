/** What the program declares, by Pulumi type. */
import type { Resource } from "../../../../engine/graph.ts";
import type { Service } from "../../../service.ts";
import type { Properties } from "./pool.ts";
import type { Settings } from "./settings.ts";

export function declaredResources(settings: Settings): Service["resources"] {
  const propertiesOf = ({ inputs, outputs, name }: Resource): Properties => ({ name, ...inputs, ...outputs });
  return {
    "aws:cognito/userPool:UserPool": (resource) => void settings.pool(resource.id!, propertiesOf(resource)),
    "aws:cognito/userPoolClient:UserPoolClient": (resource) =>
      void settings.client(resource.id!, propertiesOf(resource)),
    "aws:cognito/userGroup:UserGroup": (resource) => void settings.group(propertiesOf(resource)),
    "aws:cognito/userPoolDomain:UserPoolDomain": (resource) => settings.domain(propertiesOf(resource)),
    "aws:cognito/resourceServer:ResourceServer": (resource) => void settings.resourceServer(propertiesOf(resource)),
    // Accepted: users of another directory can not sign in here, and the pages do not offer it.
    "aws:cognito/identityProvider:IdentityProvider": () => {},
  };
}
