import * as pulumi from "@pulumi/pulumi";
import { declareTenants } from "./tenants.ts";

await declareTenants(new pulumi.Config().requireNumber("tenants"));
