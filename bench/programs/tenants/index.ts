import * as pulumi from "@pulumi/pulumi";
import { declareTenants } from "./tenants.ts";

declareTenants(new pulumi.Config().requireNumber("tenants"));
