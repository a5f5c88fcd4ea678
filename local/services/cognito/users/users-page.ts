/** ListUsers: Cognito's filter language, pages of up to 60 users. */

import type { ListUsersCommandInput, UserType } from "@aws-sdk/client-cognito-identity-provider";
import { AwsError } from "../../../service.ts";
import { describeUser } from "../pools/description.ts";
import type { User } from "../pools/directory.ts";

const MAX_PAGE = 60;
const SEARCHABLE = ["email", "phone_number", "name", "given_name", "family_name", "preferred_username", "sub"];

/** @param users in the order of their names */
export function usersPage(
  users: User[],
  input: ListUsersCommandInput,
): { Users: UserType[]; PaginationToken?: string } {
  const limit = input.Limit ?? MAX_PAGE;
  if (limit < 0 || limit > MAX_PAGE)
    throw new AwsError(
      "InvalidParameterException",
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${MAX_PAGE}`,
    );
  const after = Buffer.from(input.PaginationToken ?? "", "base64url").toString();
  const found = users.filter((user) => user.username > after).filter(filter(input.Filter));
  const page = found.slice(0, limit || MAX_PAGE);
  const wanted = input.AttributesToGet;
  return {
    Users: page.map((user) => {
      const described = describeUser(user);
      return wanted === undefined
        ? described
        : { ...described, Attributes: described.Attributes!.filter(({ Name }) => wanted.includes(Name!)) };
    }),
    ...(found.length > page.length && {
      PaginationToken: Buffer.from(page.at(-1)!.username).toString("base64url"),
    }),
  };
}

/** `email = "x"`, `email ^= "x"` (begins with). */
function filter(text: string | undefined): (user: User) => boolean {
  if (!text?.trim()) return () => true;
  const match = /^\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(text);
  if (match === null) throw new AwsError("InvalidParameterException", `Error while parsing filter.`);
  const [, name, operator, quoted] = match;
  const wanted = quoted!.replaceAll(/\\(.)/g, "$1");
  const read = reader(name!);
  return (user) => {
    const value = read(user);
    return value !== undefined && (operator === "=" ? value === wanted : value.startsWith(wanted));
  };
}

function reader(name: string): (user: User) => string | undefined {
  if (name === "username") return ({ username }) => username;
  if (name === "cognito:user_status") return ({ status }) => status;
  if (name === "status") return ({ enabled }) => (enabled ? "Enabled" : "Disabled");
  if (!SEARCHABLE.includes(name)) throw new AwsError("InvalidParameterException", `Invalid search attribute: ${name}`);
  return ({ attributes }) => attributes[name];
}
