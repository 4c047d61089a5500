// Merges the cases on standard input with trimerge (nodes by name) and git-json-merge; NODE_PATH names their folder.
const fs = require("fs");
const trimerge = require("trimerge");
const gitJsonMerge = require("git-json-merge/lib/git-json-merge.js");

const byName = trimerge.trimergeArrayCreator((item) => (item && item.name) || JSON.stringify(item));
const merger = trimerge.combineMergers(trimerge.trimergeJsonDeepEqual, trimerge.trimergeJsonObject, byName);
const peers = {
  trimerge: (data) => merger(data.base, data.local, data.remote),
  "git-json-merge": (data) =>
    JSON.parse(gitJsonMerge.mergeJson(JSON.stringify(data.local), JSON.stringify(data.base), JSON.stringify(data.remote))),
};

const results = {};
const cases = JSON.parse(fs.readFileSync(0, "utf8"));
for (const [name, merge] of Object.entries(peers)) {
  results[name] = cases.map((one) => {
    try {
      return { merged: merge(one.data) };
    } catch (error) {
      return error instanceof trimerge.CannotMergeError ? { conflict: true } : { failed: String(error) };
    }
  });
}
process.stdout.write(JSON.stringify(results));
