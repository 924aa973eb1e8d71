// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';

const YES_OR_NO = { '1': _('yes'), '0': _('no') };
// How a WAN gets its address.
const WAYS = {
	dhcp: _('DHCP, a common lease'), pppoe: _('PPPoE, a common session'),
	'static': _('a fixed address'), own: _('each router its own')
};
// An answer that leaves a question open.
const NONE = 'none';

function isFlag(question) {
	return [ 'common', 'dhcp', 'leases', 'nat', 'preempt', 'ra' ].includes(question.name);
}

/* One of a few, each with its words. */
function select(question, words, changed) {
	return E('select', { 'class': 'cbi-input-select', 'data-question': question.name, 'change': changed }, Object.keys(words)
		.map((value) => E('option', { value: value, selected: value === question.answer ? 'selected' : null }, [ words[value] ])));
}

function flagWords(question) {
	return question.answer === NONE ? Object.assign({ [NONE]: _('none', 'haven') }, YES_OR_NO) : YES_OR_NO;
}

/* What is offered can be chosen; a port of a switch, say, is not offered and can be typed. */
function widget(question, changed) {
	if (isFlag(question))
		return select(question, flagWords(question), changed);
	if (question.name === 'wan_proto')
		return select(question, WAYS, changed);
	const id = 'haven-choices-' + question.name;
	return E('span', {}, [
		E('input', { 'class': 'cbi-input-text', type: question.name === 'wan_password' ? 'password' : 'text', 'data-question': question.name, value: question.answer, list: id, 'change': changed }),
		E('datalist', { id: id }, question.choices.map((each) => E('option', { value: each })))
	]);
}

function row(question, refusal, answer) {
	const refused = refusal && refusal.facts.question === question.name;
	return E('div', { 'class': 'cbi-value' }, [
		// What the command says of its answers, a page has in its list.
		E('label', { 'class': 'cbi-value-title' }, [ message.question(question.name).replace(/ \([^)]*\)$/, '') ]),
		E('div', { 'class': 'cbi-value-field' }, [
			widget(question, (event) => answer(question.name, event.target.value.trim())),
			E('div', { 'class': 'cbi-value-description' }, [ message.why(question.why) ]),
			refused ? E('div', { 'class': 'haven-refused', 'data-refused': question.name }, [ message.refusal(refusal) ]) : ''
		])
	]);
}

/* What nobody but a person can know, before there is anything to propose. */
function unknown(name) {
	return { name: name, answer: '', choices: [], why: { code: '', facts: {}, message: '' }, asked: true };
}

function line(change) {
	const name = [ change.package, change.section, change.option ].filter(Boolean).join('.');
	return E('span', { 'class': change.sign === '+' ? 'haven-added' : 'haven-removed' }, [ '%s %s=%s\n'.format(change.sign, name, change.value) ]);
}

return baseclass.extend({
	/* The questions with their answers; what was given stays typed. `answer` is called with a name and a new one. */
	questions(proposal, refusal, given, answer) {
		const known = proposal ? proposal.questions : [], wanted = refusal && refusal.facts.question;
		// The proposal is older than a refusal, and may not have come to what was asked since.
		const shown = known.filter((each) => each.asked || wanted && (each.name === wanted || each.name in given))
			.map((each) => Object.assign({}, each.asked ? each : unknown(each.name), { answer: given[each.name] || (each.asked ? each.answer : '') }));
		if (wanted && !shown.some((each) => each.name === wanted))
			shown.push(unknown(wanted));
		return E('div', { 'data-part': 'questions' }, shown.map((each) => row(each, refusal, answer)));
	},

	/* What would be changed, option by option. */
	changes(proposal) {
		return E('pre', { 'data-part': 'changes' }, proposal.changes.map(line));
	}
});
