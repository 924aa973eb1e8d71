// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.live as live';
'require haven.message as message';
'require haven.panels as panels';
'require haven.timeline as timeline';
'require haven.words as words';

const SPANS = { 1: _('the last day'), 7: _('the last week'), 30: _('the last month'), 365: _('the last year') };
const KINDS = { switchover: _('planned switchover'), hard: _('power cut') };
const SHARES = [ [ 'day', _('Last day') ], [ 'month', _('Last 30 days') ], [ 'year', _('Last 365 days') ] ];
const STATES = [ 'active', 'backup', 'fault', 'maintenance', 'initialize' ];
const DAMAGE = { cut: _('%d entries were cut short or overwritten'), newer: _('%d entries are of a newer haven'),
	future: _('%d entries are from the future: the clock was ahead, or is behind') };
const REFRESH_S = 30;

function table(part, titles, rows) {
	return E('table', { 'class': 'table', 'data-part': part }, [
		E('tr', { 'class': 'tr table-titles' }, titles.map((title) => E('th', { 'class': 'th' }, [ title ]))),
		...rows.map((row) => E('tr', { 'class': 'tr' }, row.map((cell, column) => E('td', { 'class': 'td', 'data-title': titles[column] }, [ cell ]))))
	]);
}

function section(title, children) {
	return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]), ...children ]);
}

function legend() {
	return E('p', { 'class': 'haven-legend' }, [
		...STATES.map((state) => E('span', {}, [ E('i', { 'class': 'haven-key haven-key-' + state }), message.state(state) ])),
		E('span', {}, [ E('i', { 'class': 'haven-key haven-key-out' }), _('Outage') ]),
		E('span', {}, [ E('i', { 'class': 'haven-key haven-key-drill' }), _('Drill') ])
	]);
}

function availability(spans) {
	return table('availability', [ '', _('With a gateway'), _('Outages'), _('Without a gateway'), _('Known') ], SHARES.map(([ name, title ]) => {
		const each = spans[name];
		return [ title, each.share === null ? '-' : '%.5f %%'.format(100 * each.share), String(each.count), _('%.2f s').format(each.outage_ms / 1000),
			words.duration(each.known_s) ];
	}));
}

function outages(rows) {
	if (!rows.length)
		return E('p', {}, [ _('No outage is known in this time.') ]);
	return table('outages', [ _('When'), _('Length'), _('Who took over'), _('Why') ], rows.slice(-20).reverse().map((each) =>
		[ words.clock(each.at), _('%d ms').format(each.outage_ms), each.node, message.reasonName(each.reason) ]));
}

function legs(drill) {
	return drill.legs.map((leg) => leg.outage_ms === null ? _('%s to %s: not measured').format(leg.from, leg.to)
		: _('%s to %s: %s ms').format(leg.from, leg.to, leg.outage_ms)).join('; ');
}

function drills(rows) {
	if (!rows.length)
		return E('p', {}, [ _('None was made in this time.') ]);
	return table('drills', [ _('When'), _('Kind'), _('Outage'), _('Outcome'), _('Connections') ], rows.slice(-10).reverse().map((each) =>
		[ words.clock(each.at), KINDS[each.drill] || each.drill, legs(each), message.drillOutcome(each),
			each.before === null ? '-' : _('%d before, %d after').format(each.before, each.after) ]));
}

function links(told) {
	const rows = Object.keys(told).flatMap((node) => told[node].map((each) => {
		const share = 100 * each.lost / Math.max(1, each.lost + each.heard);
		return [ node, '%s (IPv%d)'.format(each.device, each.family), String(each.heard), '%d (%.2f %%)'.format(each.lost, share),
			_('%s ms').format(each.jitter_ms), _('%s ms').format(each.worst_ms) ];
	}));
	return rows.length ? table('links', [ _('Heard by'), _('Link'), _('Heard'), _('Missing'), _('Jitter'), _('At most') ], rows)
		: E('p', {}, [ _('No standby has heard an Active yet.') ]);
}

function damage(nodes) {
	return nodes.flatMap((node) => Object.keys(node.damage).map((code) =>
		E('p', { 'class': 'haven-problem', 'data-damage': code }, [ '%s: %s'.format(node.node, (DAMAGE[code] || code + ': %s').format(node.damage[code])) ])));
}

return view.extend({
	days: 1,

	load() {
		return live.settle(api.history(this.days));
	},

	render(answer) {
		this.trouble = E('div', { 'aria-live': 'polite' });
		this.outcome = E('div', { 'aria-live': 'polite', 'data-part': 'outcome' });
		this.body = E('div', {});
		const page = panels.page(_('History'), _('Who was Active when, for how long there was no gateway, and how rehearsed failovers went.'),
			[ this.trouble, this.tools(), this.outcome, this.body ]);
		this.show(answer);
		timeline.onTurn(() => this.draw());
		live.every(REFRESH_S, () => this.renew());
		return page;
	},

	tools() {
		const choice = E('select', { 'class': 'cbi-input-select', 'aria-label': _('Time'), 'change': (event) => {
			this.days = Number(event.target.value);
			return this.renew();
		} }, Object.keys(SPANS).map((days) => E('option', { value: days }, [ SPANS[days] ])));
		return E('div', { 'class': 'haven-bar-of-tools' }, [ choice, this.button('switchover', _('Rehearse a switchover')), this.button('hard', _('Rehearse a power cut')) ]);
	},

	button(kind, title) {
		return E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-drill': kind, 'disabled': L.hasViewPermission() ? null : 'disabled',
			'click': ui.createHandlerFn(this, 'rehearse', kind) }, [ title ]);
	},

	renew() {
		return this.load().then((answer) => this.show(answer));
	},

	/* The Active makes it, whichever of the routers that is. */
	rehearse(kind) {
		const says = [ kind === 'hard' ? _('The Active falls silent as if its power were cut: clients are without a gateway until the other one takes over.')
			: _('The Active hands over to the other router; nobody should notice.'),
		_('Then it goes back. It takes about a minute, and is refused while anything is the matter.') ];
		return confirm.ask(_('Rehearse a failover?'), says, _('Rehearse')).then((yes) => yes ? this.begin(kind) : null);
	},

	begin(kind) {
		return api.status().then((status) => {
			const active = (status.channel ? status.channel.peers : []).find((peer) => peer.state === 'active');
			const node = status.groups.some((group) => group.state === 'active') || !active ? status.node : active.node;
			return api.drill(node, kind);
		}).then(() => dom.content(this.outcome, [ E('p', { 'class': 'haven-noted' }, [ _('The drill has begun; its result will stand below.') ]) ]),
			(error) => dom.content(this.outcome, [ panels.trouble(error) ]));
	},

	show(answer) {
		dom.content(this.trouble, answer.error ? [ panels.trouble(answer.error) ] : []);
		if (answer.error)
			return;
		this.past = answer.value;
		this.draw();
	},

	draw() {
		const past = this.past;
		if (!past)
			return;
		dom.content(this.body, [ ...damage(past.nodes), section(_('Timeline'), [ timeline.draw(past), legend() ]),
			section(_('Availability'), [ availability(past.availability) ]), section(_('Outages'), [ outages(past.outages) ]),
			section(_('Drills'), [ drills(past.drills) ]), section(_('ADVERTISEMENTs of the last hour'), [ links(past.links || {}) ]) ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
