// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.panels as panels';
'require haven.setup_sections as sections';
'require haven.steps as steps';
'require haven.uci_text as text';

const SERVICES = { haven: '/etc/init.d/haven reload', firewall: '/etc/init.d/firewall reload' };

function configs(changes) {
	return [ 'firewall', 'haven' ].filter((config) => changes.some((change) => change.config === config));
}

function batch(changes) {
	return [ ...changes.flatMap((change) => text.commands(change)), ...configs(changes).map((config) => 'commit ' + config) ];
}

/* The same in a shell, to its end. */
function shell(changes) {
	return [ ...batch(changes).map((line) => 'uci ' + line), ...configs(changes).map((config) => SERVICES[config]) ].join('\n');
}

function copy(area) {
	area.select();
	// Without TLS, as on most routers, there is no navigator.clipboard.
	document.execCommand('copy');
}

function part(title, says, children, name) {
	return E('div', { 'class': 'haven-card', 'data-part': name }, [ E('h4', {}, [ title ]), E('p', {}, [ says ]), ...children ]);
}

function place(answers, part) {
	return _('%s on %s, VRID %s').format(answers[part + '_address'], answers[part], answers[part + '_vrid']);
}

function wan(answers) {
	return answers.wan_address ? place(answers, 'wan') : _('%s is watched, and has no virtual address').format(answers.wan);
}

function router(name, priority) {
	return _('%s, priority %s').format(name, priority);
}

return baseclass.extend({
	/* The answers in short. */
	summary(answers) {
		return E('div', { 'class': 'haven-card', 'data-part': 'summary' }, [ panels.facts([
			[ _('Gateway'), place(answers, 'lan') ],
			[ _('WAN'), answers.wan ? wan(answers) : '' ],
			[ _('This router'), router(answers.node, answers.priority) ],
			[ _('Other router'), router(answers.peer_node, answers.peer_priority) ],
			[ _('Connections'), answers.sync ? _('copied over %s to %s').format(answers.sync, answers.sync_peer) : _('not copied') ]
		]) ]);
	},

	/* Everything that is wrong, each with a way to its question. */
	wrong(refused, titleOf, goTo) {
		return part(_('Something has to be put right first'), _('Nothing has been changed. What you have typed stays.'),
			refused.map((each) => E('div', { 'class': 'haven-problem haven-severe', 'data-refused': each.field || '' }, [
				each.message, each.field ? E('p', { 'class': 'haven-advice' }, [ E('button', { 'class': 'btn cbi-button',
					'click': () => goTo(each.field) }, [ _('Go to %s').format(titleOf(each.field)) ]) ]) : ''
			])), 'wrong');
	},

	changes(changes) {
		if (!changes.length)
			return part(_('What will be changed'), _('Nothing is left to save: this router is set up like this.'), [
				E('a', { 'class': 'btn cbi-button', href: L.url('admin/services/haven/overview') }, [ _('See the overview') ]) ], 'changes');
		return part(_('What will be changed'), _('These are the commands that do the same in a shell. Save & Apply carries them out.'), [
			E('pre', {}, [ shell(changes) ]) ], 'changes');
	},

	/* What was set by hand and is not touched. */
	untouched(kept) {
		return kept.length ? E('p', {}, [ _('This stays as it is: %s.').format(kept.map((each) =>
			'%s %s'.format(each['.type'], each['.name'])).join(', ')) ]) : '';
	},

	plan(plan) {
		return part(_('What this router will do'), _('The router has checked all of it, and would act like this when it takes over and when it hands over.'),
			[ E('details', {}, [ E('summary', {}, [ _('Step by step') ]), steps.body(plan) ]),
				...steps.warnings(plan) ], 'plan');
	},

	/* The whole text for the other router. */
	peerText(changes, answers) {
		return [ '# haven: the second half of a pair, made for %s'.format(answers.peer_node), 'uci -q batch <<\'EOF\'',
			...batch(changes), 'EOF', ...configs(changes).map((config) => SERVICES[config]), '' ].join('\n');
	},

	peer(written, answers) {
		const area = E('textarea', { 'class': 'cbi-input-textarea haven-peer-text', readonly: 'readonly', rows: 12, spellcheck: 'false',
			'aria-label': _('Text for the other router') }, [ written ]);
		return part(_('The other router'),
			_('Install haven on %s, and paste this text into Set-up there, or into its shell. It is the same set-up seen from the other side.').format(answers.peer_node),
			[ area, E('div', { 'class': 'haven-bar-of-tools' }, [
				E('button', { 'class': 'btn cbi-button', 'data-action': 'copy', 'click': () => copy(area) }, [ _('Copy') ]) ]) ], 'peer');
	},

	/* Which of the server's problems belong to a question. */
	placed(problems, after, answers) {
		return problems.map((problem) => {
			const field = sections.fieldOf(problem, after, answers);
			// At its question nobody has to be told where it stands in the configuration.
			return { field: field, message: field ? message.diagnostic(problem) : message.located(problem) };
		});
	}
});
