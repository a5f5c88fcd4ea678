/** What keeps a preview from being made, in one line for people. */
export class PreviewError extends Error {
  override readonly name = "PreviewError";
}
