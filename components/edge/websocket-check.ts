/** What a WebSocketApi holds its arguments to, beyond their types. */
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { WebSocketApiArgs } from "./websocket-api.ts";

/** @throws InvalidArgumentError in one line */
export function checkWebSocketApi(component: string, args: WebSocketApiArgs): void {
  const keys = Object.keys(args.routes);
  if (!keys.includes("$connect")) {
    const remedy = "the authorizer stands before it, and without it everybody could connect; give it a function";
    throw new InvalidArgumentError(component, "routes.$connect", undefined, remedy);
  }
  for (const key of keys) {
    checkForm(
      component,
      "routes",
      key,
      /^(?:\$connect|\$disconnect|\$default|[\w-][\w./:-]{0,127})$/,
      "$connect, $disconnect, $default or a name of letters, digits and - . / : _",
    );
  }
  for (const key of args.answering ?? []) known(component, "answering", key, keys);
  for (const [key, { rate, burst }] of Object.entries(args.routeLimits ?? {})) {
    known(component, "routeLimits", key, keys);
    checkRange(component, `routeLimits.${key}.rate`, rate, 0, 10_000);
    checkRange(component, `routeLimits.${key}.burst`, burst, 0, 5000);
  }
  if (args.answering?.some((key) => key === "$connect" || key === "$disconnect")) {
    throw new InvalidArgumentError(component, "answering", args.answering, "only messages are answered");
  }
  checkForm(
    component,
    "identitySource",
    args.identitySource,
    /^route\.request\.(?:querystring|header)\.[\w-]+$/,
    "route.request.querystring.<name> or route.request.header.<name>",
  );
  checkForm(
    component,
    "routeSelection",
    args.routeSelection,
    /^\$request\.body\.[\w.]+$/,
    "a member of the message: $request.body.action",
  );
  checkForm(component, "stage", args.stage, /^\w{1,128}$/, "letters, digits and _");
  checkRange(component, "rate", args.rate, 1, 10_000);
  checkRange(component, "burst", args.burst, 1, 5000);
}

function known(component: string, argument: string, key: string, keys: string[]): void {
  if (keys.includes(key)) return;
  throw new InvalidArgumentError(component, argument, key, `there is no such route; there are ${keys.join(", ")}`);
}
