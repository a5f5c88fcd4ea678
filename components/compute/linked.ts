/**
 * What a function reads of what it is linked to, when it runs. `npm run link:types` writes a `link.ts` beside the handler that
 * calls this with the function's own type:
 *
 * ```ts
 * import { link } from "./link.ts";
 *
 * await s3.send(new GetObjectCommand({ Bucket: link.photos.bucketName, Key: key }));
 * ```
 *
 * Values are read at their first use: a handler's tests can say what they are (`process.env.TERRACE_LINK`) after the import.
 *
 * @throws Error naming the link, where the function has none of that name
 */
export function linked<T extends Record<string, Record<string, string>>>(): T {
  let given: Record<string, Record<string, string>> | undefined;
  return new Proxy({} as T, {
    get(_target, name) {
      if (typeof name === "symbol") return undefined;
      given ??= JSON.parse(process.env.TERRACE_LINK ?? "{}") as Record<string, Record<string, string>>;
      const values = Object.hasOwn(given, name) ? given[name] : undefined;
      if (values) return values;
      throw new Error(`This function is not linked to "${name}": add it to the Function's link, and deploy`);
    },
  });
}
