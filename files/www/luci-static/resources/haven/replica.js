// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.words as words';

// Who did what, by what the history calls it.
const KINDS = { edit: _('changed by %s'), received: _('received from %s'), taken: _('decided for %s'), undone: _('undone by %s'), joined: _('taken over from %s') };
// A change of a whole package would fill the page.
const MOST_ROWS = 20;

function shown(value) {
	if (value == null)
		return E('em', {}, [ _('not there') ]);
	return E('code', {}, [ Array.isArray(value) ? value.join('\n') : String(value) ]);
}

function section(title, parts) {
	return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]), ...parts ]);
}

function version(conflict, each, take) {
	const [ node ] = each.nodes;
	return E('div', { 'class': 'haven-card', 'data-version': node }, [
		E('strong', {}, [ each.nodes.join(', ') ]), each.here ? ' %s'.format(_('(as it is here now)')) : '',
		E('p', { 'class': 'haven-value' }, [ shown(each.value) ]),
		L.hasViewPermission() ? E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-take': node, 'click': () => take(node, conflict.path) },
			[ _('Take that of %s').format(node) ]) : ''
	]);
}

function conflict(each, take) {
	return E('div', { 'class': 'haven-problem haven-severe', 'data-conflict': each.path }, [
		E('h4', {}, [ each.path ]), E('div', { 'class': 'haven-columns' }, each.values.map((one) => version(each, one, take))) ]);
}

function row(each) {
	return E('li', {}, [ E('code', {}, [ each.path ]), ': ', shown(each.was), ' → ', shown(each.now) ]);
}

function change(each, now, undo) {
	const rest = each.count - MOST_ROWS;
	return E('div', { 'class': 'haven-card', 'data-change': each.number }, [
		E('strong', {}, [ '%d. %s'.format(each.number, (KINDS[each.kind] || each.kind).format(each.node)) ]), ' ', words.moment(each.at, now),
		E('details', {}, [ E('summary', {}, [ _('Values: %d').format(each.count) ]),
			E('ul', {}, each.rows.slice(0, MOST_ROWS).map(row)), rest > 0 ? E('p', {}, [ _('and %d more').format(rest) ]) : '' ]),
		L.hasViewPermission() ? E('button', { 'class': 'btn cbi-button', 'data-undo': each.number, 'click': () => undo(each) }, [ _('Undo') ]) : ''
	]);
}

return baseclass.extend({
	standing(told, button) {
		const count = told.conflicts.length;
		return section(_('Now'), [
			told.in_sync ? E('p', { 'class': 'haven-calm', 'data-in-sync': '1' }, [ _('All routers have one configuration.') ])
				: E('p', { 'data-in-sync': '0' }, [ count ? _('Not in sync: what was changed differently on both waits for a decision (%d).').format(count)
					: _('Not in sync yet: the other router is not reached, or has not taken everything.') ]),
			told.on_trial ? E('p', {}, [ _('A change that came just now is on trial: it is taken back here if this router does not work with it.') ]) : '',
			...told.problems.map((each) => E('div', { 'class': 'haven-problem' }, [ message.replication(each) ])),
			E('div', { 'class': 'haven-bar-of-tools' }, [ button ])
		]);
	},

	/* The page of a router that has its configuration for itself. */
	off(button) {
		return section(_('Now'), [ E('p', { 'data-in-sync': 'off' }, [
			_('This router keeps its configuration for itself. With one configuration a port forward that is added here is there on the other router, too. It has to be switched on here and on the other one; what differs then is shown, and nobody’s is written over.') ]),
		E('div', { 'class': 'haven-bar-of-tools' }, [ button ]) ]);
	},

	alone() {
		return section(_('Now'), [ E('p', { 'data-in-sync': 'alone' }, [
			_('One configuration is switched on, and begins as soon as another router is paired with this one: Set-up shows a code.') ]) ]);
	},

	/* Each conflict with the values side by side, and a button for each. */
	conflicts(found, take) {
		return found.length ? section(_('To be decided'), found.map((each) => conflict(each, take))) : E('div', {});
	},

	history(changes, now, undo) {
		return section(_('History'), changes.length ? changes.map((each) => change(each, now, undo)) : [ E('p', {}, [ _('Nothing has changed yet.') ]) ]);
	}
});
