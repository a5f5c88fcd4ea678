/** What a message or an event has to be like, as AWS writes it: {"type": ["order.placed", {"prefix": "invoice."}]}. */
// biome-ignore lint/suspicious/noExplicitAny: a pattern is of any depth, and Pulumi's analyzer takes no type that names itself
export type Pattern = Record<string, any>;
