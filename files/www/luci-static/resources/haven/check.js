// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require uci';
'require rpc';
'require haven.api as api';

const getSaved = rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true });

function quoted(value) {
	return "'%s'".format(String(value).replace(/'/g, "'\\''"));
}

function line(name, value) {
	if (Array.isArray(value))
		return value.map((item) => '\tlist %s %s'.format(name, quoted(item)));
	return [ '\toption %s %s'.format(name, quoted(value)) ];
}

function sectionText(section) {
	const options = Object.keys(section).filter((name) => name[0] !== '.' && section[name] != null);
	return [ 'config %s %s'.format(section['.type'], quoted(section['.name'])),
		...options.flatMap((name) => line(name, section[name])) ].join('\n');
}

function fieldId(problem) {
	const name = /'([^']*)'/.exec(problem.section || '');
	return name && 'cbi-haven-' + name[1] + (problem.option ? '-' + problem.option : '');
}

function mark(root, problem) {
	const id = fieldId(problem);
	const place = id && root.querySelector('#' + CSS.escape(id));
	const told = E('div', { 'class': 'haven-refused', 'data-refused': id || '' }, [ String(problem.message) ]);
	if (place)
		(place.querySelector('.cbi-value-field') || place).appendChild(told);
	return { problem: problem, place: place, told: told };
}

return baseclass.extend({
	/* Sections of LuCI's uci module as a file of /etc/config. */
	text(sections) {
		return sections.map(sectionText).join('\n\n') + '\n';
	},

	configText() {
		return this.text(uci.sections('haven'));
	},

	/* What is saved on the router now, to notice that another window has saved meanwhile. */
	fingerprint() {
		return getSaved('haven').then((values) => JSON.stringify(values));
	},

	validate() {
		return api.validate(this.configText()).then((answer) => answer.problems);
	},

	clear(root) {
		root.querySelectorAll('.haven-refused').forEach((each) => each.remove());
	},

	/* Write each problem at its field; returns those that have no field on the page. */
	show(root, problems) {
		this.clear(root);
		const marked = problems.map((problem) => mark(root, problem));
		const first = marked.find((each) => each.place);
		if (first)
			first.told.scrollIntoView({ block: 'center' });
		return marked.filter((each) => !each.place).map((each) => each.problem);
	}
});
