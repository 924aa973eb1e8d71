// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require uci';
'require rpc';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.message as message';
'require haven.uci_text as text';

const getSaved = rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true });

function fieldId(problem) {
	const name = problem.section_name;
	return name && 'cbi-haven-' + name + (problem.option ? '-' + problem.option : '');
}

function mark(root, problem) {
	const id = fieldId(problem);
	const place = id && root.querySelector('#' + CSS.escape(id));
	const told = E('div', { 'class': 'haven-refused', 'data-refused': id || '' }, [ message.diagnostic(problem) ]);
	if (place)
		(place.querySelector('.cbi-value-field') || place).appendChild(told);
	return { problem: problem, place: place, told: told };
}

return baseclass.extend({
	configText() {
		return text.file(uci.sections('haven'));
	},

	/* What is saved on the router now, to notice that another window has saved meanwhile. */
	fingerprint() {
		return getSaved('haven').then((values) => JSON.stringify(values));
	},

	/* Another window may have saved meanwhile: the user decides whose values count. */
	mayOverwrite(seen) {
		return this.fingerprint().then((now) => now === seen || confirm.ask(_('Changed elsewhere'), [
			_('Somebody has saved other settings of haven since this page was opened.'),
			_('“Save mine” replaces what was changed there where both differ; “Cancel” leaves everything as it is, and what you typed stays here.')
		], _('Save mine')));
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
