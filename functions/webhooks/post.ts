/** Sends one delivery to an address that was checked. No redirect is followed and no answer's body is read. */

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Target } from "./target.ts";

const TIMEOUT_MS = 10_000;

/** @returns the status of the answer. @throws where there is none within ten seconds. */
export function post({ url, address, family }: Target, body: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const pinned: LookupFunction = (_host, { all }, callback) =>
    all ? callback(null, [{ address, family }]) : callback(null, address, family);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    method: "POST",
    lookup: pinned,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    // No agent: a kept connection would outlive the check of its address.
    agent: false,
    headers: {
      ...headers,
      "content-type": "application/cloudevents+json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "Terrace-Webhooks/1",
    },
  });
  request.on("response", (response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  request.on("error", reject);
  request.end(body);
  return promise;
}
