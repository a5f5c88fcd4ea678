/** WAF: web ACLs, IP sets, what they stand before. */
import { arn, type Context, hex, keyed, physicalName, type Registered, type Row, type Table } from "./row.ts";

const scoped =
  (kind: string): Row =>
  (resource: Registered, context: Context) => {
    const id = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const name = physicalName(resource);
    const place = resource.inputs.scope === "CLOUDFRONT" ? "global" : "regional";
    const region = resource.inputs.region ?? context.region;
    return { id, name, arn: arn(context, "wafv2", `${place}/${kind}/${name}/${id}`, { region }) };
  };

export const wafv2: Table = {
  "aws:wafv2/webAcl:WebAcl": scoped("webacl"),
  "aws:wafv2/ipSet:IpSet": scoped("ipset"),
  "aws:wafv2/webAclAssociation:WebAclAssociation": ({ inputs }) => ({
    id: `${inputs.webAclArn},${inputs.resourceArn}`,
  }),
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": keyed("resourceArn"),
};
