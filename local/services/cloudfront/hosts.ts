/** The hosts that a distribution is known by, on AWS and on this machine. */
import type { Answer } from "./edge/message.ts";
import type { Kept, Store } from "./kept.ts";
import { itemsOf } from "./shapes.ts";

/** Its own and its aliases, as AWS's DNS would have them, and `<name>.localhost`. */
export function hostsOf({ config, more }: Kept): string[] {
  const aliases: string[] = itemsOf(config.Aliases);
  return [`${more.label}.localhost`, more.domainName, ...aliases].map((host) => host.toLowerCase());
}

/** A redirect to a host that a distribution on this machine has stays on this machine. */
export function localLocation(answer: Answer, store: Store, port: string): Answer {
  const [, host, rest = ""] = /^https?:\/\/([^/:?#]+)(.*)$/s.exec(answer.headers.location?.[0] ?? "") ?? [];
  const target = host && store.all("Distribution").find((other) => hostsOf(other).includes(host.toLowerCase()));
  if (!target) return answer;
  const location = `http://${target.more.label}.localhost${port ? `:${port}` : ""}${rest}`;
  return { ...answer, headers: Object.assign(Object.create(null), answer.headers, { location: [location] }) };
}
