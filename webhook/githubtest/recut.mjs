// recut.mjs DESCRIPTION SOURCE: prints the slice of GitHub's OpenAPI description that the fake speaks.
import { readFileSync } from "node:fs";

const paths = {
  "/app": ["get"],
  "/app/installations/{installation_id}/access_tokens": ["post"],
  "/app/hook/deliveries": ["get"],
  "/app/hook/deliveries/{delivery_id}/attempts": ["post"],
  "/repos/{owner}/{repo}/installation": ["get"],
  "/repos/{owner}/{repo}/check-runs": ["post"],
  "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["get", "patch"],
  "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
};
const webhooks = ["push", "ping"];

const [file, source] = process.argv.slice(2);
const whole = JSON.parse(readFileSync(file, "utf8"));

// Prose and examples are left out, unless "description" is the name of a property or has to be there.
function bare(node, parent, inResponses) {
  if (Array.isArray(node)) return node.map((n) => bare(n, "", false));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    const named = parent === "properties" || parent === "responses" || parent === "parameters";
    if (!named && (key === "examples" || key === "example" || key === "externalDocs" || key === "summary" || key === "tags" || key.startsWith("x-"))) continue;
    if (!named && key === "description") {
      if (inResponses) out.description = "";
      continue;
    }
    out[key] = bare(value, key, parent === "responses");
  }
  return out;
}

const slice = {
  openapi: whole.openapi,
  info: { title: "Slice of GitHub's REST API, cut by recut.sh", version: source, license: { name: "MIT" } },
  paths: {},
  components: {},
};
for (const [path, methods] of Object.entries(paths)) {
  slice.paths[path] = {};
  for (const method of methods) slice.paths[path][method] = bare(whole.paths[path][method], "", false);
}
for (const name of webhooks) {
  slice.paths[`/webhooks/${name}`] = { post: bare(whole["x-webhooks"][name].post, "", false) };
}

// What the slice refers to comes along, until nothing is missing.
const waiting = [slice.paths];
while (waiting.length > 0) {
  const node = waiting.pop();
  if (node === null || typeof node !== "object") continue;
  if (typeof node.$ref === "string") {
    const [, kind, name] = node.$ref.match(/^#\/components\/([^/]+)\/(.+)$/);
    slice.components[kind] ??= {};
    if (!(name in slice.components[kind])) {
      const part = bare(whole.components[kind][name], "", kind === "responses");
      slice.components[kind][name] = part;
      waiting.push(part);
    }
    if (kind === "responses") slice.components[kind][name].description ??= "";
  }
  waiting.push(...Object.values(node));
}
process.stdout.write(JSON.stringify(slice, null, 1) + "\n");
