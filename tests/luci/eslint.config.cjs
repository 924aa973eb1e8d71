// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LuCI's rules (eslint.config.mjs of its repository), made stricter: what is undefined or unused is an error.
 * Run from the root of the repository; NODE_PATH says where eslint is.
 */
'use strict';

const fs = require('node:fs');
const js = require('@eslint/js');
const globals = require('globals');

const FOLDERS = [ 'files/www', 'tests/luci/runtime' ];
const REQUIRED = /^'require ([a-z0-9_.-]+)(?: as (\w+))?';$/gmi;

const LUCI = { _: 'readonly', N_: 'readonly', L: 'writable', E: 'readonly' };

function scripts(folder) {
	return fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => folder + '/' + name);
}

// LuCI's loader gives a script what its 'require' lines name.
function given(path) {
	const names = [ ...fs.readFileSync(path, 'utf8').matchAll(REQUIRED) ].map((found) => found[2] || found[1].replace(/[^a-z0-9_]/gi, '_'));
	return { files: [ path ], languageOptions: { globals: Object.fromEntries(names.map((name) => [ name, 'readonly' ])) } };
}

module.exports = [
	{
		files: [ '**/*.js' ],
		linterOptions: { reportUnusedDisableDirectives: 'error' },
		languageOptions: {
			sourceType: 'script',
			ecmaVersion: 2026,
			globals: { ...globals.browser, ...LUCI },
			parserOptions: { ecmaFeatures: { globalReturn: true } }
		},
		rules: {
			...js.configs.recommended.rules,
			'no-prototype-builtins': 'off',
			'no-empty': 'off',
			'no-regex-spaces': 'off',
			'no-control-regex': 'off',
			'no-undef': 'error',
			'no-unused-vars': [ 'error', { caughtErrors: 'none', args: 'after-used' } ],
			'prefer-const': 'error',
			'eqeqeq': [ 'error', 'always', { 'null': 'ignore' } ]
		}
	},
	...FOLDERS.flatMap(scripts).map(given)
];
