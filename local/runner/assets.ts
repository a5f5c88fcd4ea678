/** Objects that a program reads from files: their names stay in the graph when their contents change. */
import { dirname, sep } from "node:path";
import type { Graph, Resource, Value } from "../../engine/graph.ts";

const OBJECTS = /^aws:s3\/bucketObject(v2)?:/;

const fileOf = ({ inputs }: Resource): string | undefined => {
  const source = inputs.source as { [key: string]: Value } | undefined;
  return source?.$asset === "file" ? String(source.path) : undefined;
};

/** What an edit of a site's file may have changed. */
export function objectsOf({ resources }: Graph): string[] {
  return resources.filter(({ type }) => OBJECTS.test(type)).map(({ urn }) => urn);
}

/** The folders that hold such files, without those inside of another. */
export function assetFolders({ resources }: Graph): string[] {
  const files = resources.filter(({ type }) => OBJECTS.test(type)).map(fileOf);
  const folders = [...new Set(files.flatMap((file) => (file ? [dirname(file)] : [])))];
  return folders.filter((folder) => !folders.some((other) => folder.startsWith(other + sep)));
}
