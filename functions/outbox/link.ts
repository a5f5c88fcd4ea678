/** Written by `npm run link:types` from what the function is linked to: do not edit. */
import { linked } from "terrace/link";

export type Link = {
  events: { readonly topicArn: string };
};

export const link = linked<Link>();
