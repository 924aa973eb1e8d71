// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require uci';
'require rpc';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.message as message';
'require haven.reveal as reveal';
'require haven.uci_text as text';

const getSaved = rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ], expect: { values: {} }, reject: true });

function find(root, id) {
	return root.querySelector('#' + CSS.escape(id));
}

/* The field; of a dialog that is not open, the row of its section. */
function mark(root, problem) {
	const row = problem.section_name && 'cbi-haven-' + problem.section_name;
	const field = row && problem.option ? find(root, row + '-' + problem.option) : null;
	const place = field || row && find(root, row);
	const named = problem.option && !field ? problem.option + ': ' : '';
	const told = E('div', { 'class': 'haven-refused' }, [ named, message.diagnostic(problem) ]);
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
	mayOverwrite(seen, place) {
		return this.fingerprint().then((now) => now === seen || confirm.ask(_('Changed elsewhere'), [
			_('Somebody has saved other settings of haven since this page was opened.'),
			_('“Save mine” replaces what was changed there where both differ; “Cancel” leaves everything as it is, and what you typed stays here.')
		], _('Save mine'), place));
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
			reveal.show(first.told);
		return marked.filter((each) => !each.place).map((each) => each.problem);
	}
});
