/** The file itself is at fault: trying again can not help. The photo becomes `failed` with this message as its reason. */
export class PhotoRejected extends Error {
  override readonly name = "PhotoRejected";
}
