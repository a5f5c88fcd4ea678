/**
 * Where a webhook may go. The URL comes from a tenant, so it must not become a way into networks that only the platform
 * reaches: every address its host resolves to has to be public, and the delivery connects to the address that was checked,
 * not to what a second look-up says.
 */

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

export interface Target {
  url: URL;
  address: string;
  family: 4 | 6;
}

export interface TargetOptions {
  /** Networks (CIDR) that are allowed although they are not public, over plain http too: `127.0.0.0/8` on one machine. */
  allowedNetworks?: string[];
  /** `address:port` that no configuration opens: the function's own Runtime API, where a POST could answer invocations. */
  forbidden?: string[];
  resolve?: (host: string) => Promise<{ address: string; family: number }[]>;
}

/** The URL is the tenant's mistake; trying again changes nothing until it is corrected. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

/** Everything that is not public unicast (IANA's special-purpose registry). */
const SPECIAL_IPV4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
];
/** Of IPv6 only 2000::/3 is public, without tunnels (they carry IPv4 addresses inside) and documentation. */
const PUBLIC_IPV6 = ["2000::/3"];
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
/** Instance metadata and the execution environment's own credentials live here: no configuration opens it. */
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10", "fd00:ec2::/32"];

const specialIpv4 = networks(SPECIAL_IPV4);
const publicIpv6 = networks(PUBLIC_IPV6);
const specialIpv6 = networks(SPECIAL_IPV6);
const linkLocal = networks(LINK_LOCAL);

/** @throws TargetRefused with the reason, or what the resolver throws. */
export async function webhookTarget(text: string, options: TargetOptions = {}): Promise<Target> {
  const { allowedNetworks = [], forbidden = [], resolve = (host) => lookup(host, { all: true }) } = options;
  const url = URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new TargetRefused("It is not an https URL");
  if (url.username || url.password) throw new TargetRefused("It holds a user name or a password");

  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host);
  const allowed = networks(allowedNetworks);
  for (const { address } of addresses) {
    if (forbidden.includes(`${address}:${portOf(url)}`)) throw new TargetRefused(`${url.host} is the platform's own`);
    if (contains(linkLocal, address)) throw new TargetRefused(`${host} is a link-local address`);
    const local = contains(allowed, address);
    if (!local && !isPublic(address)) throw new TargetRefused(`${host} is not a public address`);
    if (!local && url.protocol !== "https:") throw new TargetRefused("It is not an https URL");
  }
  const [first] = addresses;
  if (!first) throw new TargetRefused(`${host} has no address`);
  return { url, address: first.address, family: first.family === 6 ? 6 : 4 };
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === "https:" ? "443" : "80");

const isPublic = (address: string): boolean =>
  isIP(address) === 4
    ? !contains(specialIpv4, address)
    : contains(publicIpv6, address) && !contains(specialIpv6, address);

const contains = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

function networks(cidrs: string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network, prefix] = cidr.split("/") as [string, string];
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
