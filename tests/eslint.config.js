/** What the linter asks of the pages and of the tests beside this file. Run it with `npm run lint` in this folder. */
import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['www/pkg*/**', 'www/assets/vendor/**', '**/node_modules/**'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'curly': ['error', 'multi-line'],
      'eqeqeq': 'error',
      'max-len': ['error', { code: 120, ignoreUrls: true }],
      'no-unused-vars': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['www/assets/**', 'www/embed/**'], languageOptions: { globals: globals.browser } },
  { files: ['www/assets/engine-*.js'], languageOptions: { globals: globals.worker } },
  { files: ['www/sw.js'], languageOptions: { globals: globals.serviceworker } },
  { files: ['tests/**', 'examples/**'], languageOptions: { globals: globals.node } },
  // Parts of these run in the page.
  { files: ['tests/browser/**'], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
];
