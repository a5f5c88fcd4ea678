/** Where people sign in with an e-mail address or a phone number, the name they are given is that. */
import { AwsError } from "../../../service.ts";
import type { Attributes, Pool } from "../pools/pool.ts";

export function signInAttribute(pool: Pool, name: string): Attributes {
  if (pool.usernameAttributes.length === 0) return {};
  if (pool.usernameAttributes.includes("email") && /^[^@\s]+@[^@\s]+$/.test(name)) return { email: name };
  if (pool.usernameAttributes.includes("phone_number") && /^\+\d+$/.test(name)) return { phone_number: name };
  const wanted = pool.usernameAttributes.map((each) => (each === "email" ? "an email" : "a phone number"));
  throw new AwsError("InvalidParameterException", `Username should be ${wanted.join(" or ")}.`);
}
