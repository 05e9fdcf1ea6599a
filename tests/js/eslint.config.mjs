// What may not stand in the page's scripts. No line is longer than 140 characters: prettier wraps code at 120, and
// leaves long strings and comments as they are.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.sharedWorker, ...globals.node } },
    rules: {
      "max-len": ["error", { code: 140 }],
      eqeqeq: "error",
      "no-restricted-properties": ["error", { property: "innerHTML" }, { property: "outerHTML" }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
